"""A public key as somebody pastes it: a JWK, or PEM as OpenSSL writes it.

What is kept is the public JWK alone. A private key is refused in words that say what to do about
it, because by then it has been on a clipboard and in a browser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.jwk import ECKey, OKPKey

from referral_hub.crypto.jwks import WeakKey, encryption_key, signing_keys
from referral_hub.crypto.strict_jwt import strict_object
from referral_hub.errors import CryptoError

LONGEST_PASTE = 4_000
_KID = re.compile(r"[A-Za-z0-9_.:+/=-]{1,128}", re.ASCII)
_MEMBERS = ("kty", "crv", "x", "y")
_PRIVATE_MEMBERS = {"d", "k", "p", "q", "dp", "dq", "qi", "oth"}
PRIVATE = (
    "This is a private key. It must never leave your system: delete that pair of keys, make a new"
    " one, and paste its public half here."
)
WEAK = (
    "Anybody can use this key without its private half (it is a point of low order). Make a new"
    " pair of keys, and paste its public half here."
)
KINDS = "Use an Ed25519, P-256 or P-384 key"
NO_KEY = f"Paste one public key, as a JWK or as PEM (BEGIN PUBLIC KEY). {KINDS}."

NO_ENCRYPTION_KEY = (
    "Paste one public key for encryption, as a JWK or as PEM (BEGIN PUBLIC KEY): X25519 or P-256."
)


def public_jwk(pasted: str) -> dict[str, str]:
    """Return the key as a public JWK with `kid`, `use` and `alg`; its thumbprint if it has no kid.

    Raises CryptoError, whose words are for whoever pasted.
    """
    text = pasted.strip()
    if "PRIVATE KEY" in text:
        raise CryptoError(PRIVATE)
    if len(text) > LONGEST_PASTE:
        raise CryptoError(NO_KEY)
    given = _from_json(text) if text.startswith("{") else _from_pem(text)
    members = _public_members(given)
    try:
        key = signing_keys({"keys": [{**members, "kid": "pasted"}]})["pasted"]
    except WeakKey:
        raise CryptoError(WEAK) from None
    except CryptoError:
        raise CryptoError(NO_KEY) from None
    kid = given.get("kid", key.key.thumbprint())
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise CryptoError("The key's kid must be 1 to 128 letters, digits or . _ : + / = -")
    if given.get("use", "sig") != "sig":
        raise CryptoError("This key is for encryption; paste the one that you sign with.")
    public = key.key.as_dict(private=False)
    named: dict[str, str] = {name: str(public[name]) for name in _MEMBERS if name in public}
    return named | {"kid": kid, "use": "sig", "alg": key.algorithms[0]}


def public_encryption_jwk(pasted: str) -> dict[str, str]:
    """Return the key that documents are sealed to, as a public JWK with `kid` and `use`.

    Raises CryptoError, whose words are for whoever pasted.
    """
    text = pasted.strip()
    if "PRIVATE KEY" in text:
        raise CryptoError(PRIVATE)
    if len(text) > LONGEST_PASTE:
        raise CryptoError(NO_ENCRYPTION_KEY)
    try:
        given = _from_json(text) if text.startswith("{") else _from_pem(text)
        members = {name: str(value) for name, value in _public_members(given).items()}
        key = encryption_key(members)
    except WeakKey:
        raise CryptoError(WEAK) from None
    except CryptoError as wrong:
        raise CryptoError(PRIVATE if str(wrong) == PRIVATE else NO_ENCRYPTION_KEY) from None
    kid = given.get("kid", key.thumbprint)
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise CryptoError("The key's kid must be 1 to 128 letters, digits or . _ : + / = -")
    if given.get("use", "enc") != "enc":
        raise CryptoError("This key is for signing; paste the one that you decrypt with.")
    return members | {"kid": kid, "use": "enc"}


def _public_members(given: Mapping[str, object]) -> dict[str, object]:
    """Return what makes the key; only a point on an EC curve has a `y`, which is then checked."""
    names = _MEMBERS if given.get("kty") == "EC" else _MEMBERS[:3]
    return {name: given[name] for name in names if name in given}


def _from_json(text: str) -> dict[str, object]:
    try:
        given = strict_object(text)
    except ValueError:
        raise CryptoError(NO_KEY) from None
    keys = given.get("keys")
    if isinstance(keys, list) and len(keys) == 1 and isinstance(keys[0], dict):
        given = keys[0]
    if _PRIVATE_MEMBERS & set(given):
        raise CryptoError(PRIVATE)
    return given


def _from_pem(text: str) -> dict[str, object]:
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise CryptoError(NO_KEY) from None
    try:
        return _members_of(key)
    except (KeyError, ValueError):  # a curve that a JWK has no name for
        raise CryptoError(NO_KEY) from None


def _members_of(key: object) -> dict[str, object]:
    if isinstance(key, (Ed25519PublicKey, X25519PublicKey)):
        return dict(OKPKey.import_key(key).as_dict(private=False))
    if isinstance(key, EllipticCurvePublicKey):
        return dict(ECKey.import_key(key).as_dict(private=False))
    raise CryptoError(f"This kind of key cannot be used. {KINDS}.")
