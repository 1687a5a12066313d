"""Keys in JWK form (RFC 7517): the hub's own signing key, and the ones partners register.

What a key may do follows from its registered type and from nothing that a message says.
Encryption to a partner: X25519 or P-256. Signatures of a partner: Ed25519, P-256 or P-384.
Anything else is refused when it is registered: symmetric and RSA keys, private keys sent by
mistake, points that are not on their curve or of low order (RFC 7748 section 6.1, `edwards`), two
keys with one id.
"""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from referral_hub.crypto import keyfiles
from referral_hub.crypto.edwards import is_canonical, is_low_order
from referral_hub.errors import CryptoError

SEED_BYTES = 32
MOST_KEYS = 16
_SIGNING = {
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),  # RFC 8037 and RFC 9864 name the same algorithm
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
}
_ENCRYPTION = {("OKP", "X25519"), ("EC", "P-256")}
_MEMBERS = ("kty", "crv", "x", "y")
_NOT_ON_CURVE = "jwk: not a public key on its curve; send it again"

Jwk = Mapping[str, object]


class WeakKey(CryptoError):
    """A point of low order: no private half is needed to use it."""

    def __init__(self) -> None:
        super().__init__("jwk x: a point of low order; make a new key pair")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A partner's registered public key and the names of the one algorithm it verifies."""

    kid: str
    algorithms: tuple[str, ...]
    key: ECKey | OKPKey

    @property
    def thumbprint(self) -> str:
        """The RFC 7638 thumbprint in hexadecimal, a code of the log (see `EncryptionKey`)."""
        return urlsafe_b64decode(f"{self.key.thumbprint()}=").hex()


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A partner's registered public key to which messages are sealed."""

    kid: str
    key: ECKey | OKPKey

    @property
    def thumbprint(self) -> str:
        """The RFC 7638 thumbprint in hexadecimal: a code of the log, whatever the key id is.

        A base64url one may begin with a hyphen, which no code does.
        """
        return urlsafe_b64decode(f"{self.key.thumbprint()}=").hex()


class HubSigner:
    """The hub's Ed25519 message key: one file 0600, created on first use.

    Its key id is the RFC 7638 thumbprint, so that a partner can compute it from the public key.
    """

    def __init__(self, path: Path) -> None:
        seed = keyfiles.read_or_create(path, os.urandom(SEED_BYTES))
        self._key = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(seed))
        self.kid = self._key.thumbprint()

    def __repr__(self) -> str:
        return f"<HubSigner {self.kid}>"

    def public_jwk(self) -> dict[str, str]:
        """The public key with its id, use and algorithm, for partners to pin."""
        public = self._key.as_dict(private=False)
        named = {name: str(public[name]) for name in ("kty", "crv", "x")}
        return {**named, "kid": self.kid, "use": "sig", "alg": "EdDSA"}

    def public_jwks(self) -> dict[str, list[dict[str, str]]]:
        """The JWK Set that is published."""
        return {"keys": [self.public_jwk()]}

    def sign(self, header: Mapping[str, object], payload: bytes, registry: jws.JWSRegistry) -> str:
        """A compact JWS. For `partner.seal_for_partner`, which fixes header and registry."""
        protected = {"alg": "EdDSA", "kid": self.kid, **header}
        return jws.serialize_compact(protected, payload, self._key, registry=registry)


def signing_keys(jwks: Mapping[str, object]) -> dict[str, SigningKey]:
    """A partner's registered JWK Set as key id → signing key; encryption keys are passed over.

    Raises CryptoError, naming the key, if any key is not acceptable or if no signing key is there.
    """
    found: dict[str, SigningKey] = {}
    for jwk in _key_list(jwks):
        if jwk.get("use") == "enc":
            encryption_key(jwk)
            continue
        kid = jwk.get("kid")
        if not isinstance(kid, str) or not kid:
            raise CryptoError("jwk kid: every signing key needs a key id of its own")
        if kid in found:
            raise CryptoError("jwk kid: two keys have the same id; give each its own")
        kind = _kind(jwk)
        if kind is None or kind not in _SIGNING:
            raise CryptoError("jwk: sign with an Ed25519, P-256 or P-384 key")
        found[kid] = SigningKey(kid, _SIGNING[kind], _import(_public_members(jwk)))
    if not found:
        raise CryptoError("jwks: register at least one signing key")
    return found


def encryption_key(jwk: Jwk) -> EncryptionKey:
    """A partner's registered encryption key. Raises CryptoError if it is not acceptable."""
    if _kind(jwk) not in _ENCRYPTION or jwk.get("use", "enc") != "enc":
        raise CryptoError("jwk: receive with an X25519 or P-256 key whose use is enc")
    members = _public_members(jwk)
    kid = jwk.get("kid")
    return _encryption_key(members, kid if isinstance(kid, str) else None)


@lru_cache(maxsize=1024)
def _encryption_key(members: str, kid: str | None) -> EncryptionKey:
    key = _import(members)
    public = key.public_key
    if isinstance(public, X25519PublicKey):
        try:
            X25519PrivateKey.generate().exchange(public)
        except ValueError:
            raise WeakKey from None
    return EncryptionKey(kid or key.thumbprint(), key)


@lru_cache(maxsize=1024)
def _import(members: str) -> ECKey | OKPKey:
    jwk = json.loads(members)
    try:
        key = OKPKey.import_key(jwk) if jwk["kty"] == "OKP" else ECKey.import_key(jwk)
        public = key.public_key
    except (JoseError, ValueError, KeyError, TypeError):
        raise CryptoError(_NOT_ON_CURVE) from None
    if isinstance(public, Ed25519PublicKey):
        point = public.public_bytes_raw()
        if is_low_order(point):
            raise WeakKey
        if not is_canonical(point):
            raise CryptoError(_NOT_ON_CURVE)
    return key


def _key_list(jwks: Mapping[str, object]) -> list[Jwk]:
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not all(isinstance(jwk, Mapping) for jwk in keys):
        raise CryptoError("jwks keys: must be a list of keys (RFC 7517 section 5)")
    if len(keys) > MOST_KEYS:
        raise CryptoError(f"jwks keys: at most {MOST_KEYS} keys")
    return keys


def _kind(jwk: Jwk) -> tuple[str, str] | None:
    """Return type and curve; None where either is no text, and so of no kind that is known."""
    if "d" in jwk or "k" in jwk:
        raise CryptoError("jwk: a private key was sent; replace it and register the public one")
    kty, crv = jwk.get("kty"), jwk.get("crv")
    return (kty, crv) if isinstance(kty, str) and isinstance(crv, str) else None


def _public_members(jwk: Jwk) -> str:
    return json.dumps({name: jwk[name] for name in _MEMBERS if name in jwk}, sort_keys=True)
