"""Documents from partners: a JWS inside a JWE that is sealed to the hub's published key.

The form is that of the messages that the hub sends (`crypto.partner`), so a partner has one way of
doing it in both directions: issuer, audience, message id and time are protected header parameters
of the signature, and the payload is the document itself. One algorithm for wrapping and one for
the content; no `zip`, no `p2c`, no `crit`, no key from a header but the ephemeral one.

Opening comes before verifying, because the signature is inside: what `open_sealed` returns is
unverified by its name, and nothing may be decided on it before `verify_document` has returned.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey
from joserfc.registry import HeaderParameter
from joserfc.util import urlsafe_b64decode

from referral_hub.crypto import keyfiles
from referral_hub.crypto.jwks import SigningKey, signing_keys
from referral_hub.crypto.partner import CLOCK_LEEWAY, SEALED_TYPE, SIGNED_TYPE
from referral_hub.crypto.strict_jwt import AllowlistRegistry, json_object
from referral_hub.errors import CryptoError

LARGEST_SEALED = 64 * 1024
LARGEST_DOCUMENT = 32 * 1024
OLDEST = timedelta(hours=1)
SHORTEST_ID, LONGEST_ID = 16, 128
_MEMBERS = ("kty", "crv", "x", "y")
_WRAP, _CONTENT = "ECDH-ES+A256KW", "A256GCM"
_SEALED_HEADER = {"alg", "enc", "kid", "typ", "cty", "epk"}
_SIGNED_HEADER = {"alg", "kid", "typ", "cty", "iss", "aud", "jti", "iat"}
_HEAD_PARAMETERS = {
    "iss": HeaderParameter("Issuer", "str", required=True),
    "aud": HeaderParameter("Audience", "str", required=True),
    "jti": HeaderParameter("Message id", "str", required=True),
    "iat": HeaderParameter("Issued at", "int", required=True),
}


class SealedRefused(CryptoError):
    """The body cannot be taken; the words say which part to put right, and repeat none of it."""


@dataclass(frozen=True, slots=True, repr=False)
class UnverifiedDocument:
    """What was in a sealed body. `claimed` is its signature's header, which nothing vouches for."""

    payload: bytes
    claimed: Mapping[str, object]
    signed: str

    def __repr__(self) -> str:
        return "<UnverifiedDocument>"


@dataclass(frozen=True, slots=True)
class DocumentExpectation:
    """Who must have signed, for which address, by which keys, and now."""

    issuer: str
    audience: str
    jwks: Mapping[str, object]
    at: datetime


@dataclass(frozen=True, slots=True)
class Vouched:
    """A verified document's message id, to spend until `expires_at`."""

    message_id: str
    expires_at: datetime


class HubBox:
    """The hub's decryption keys, X25519 and P-256: two files 0600, created on first use.

    Key ids are RFC 7638 thumbprints, so that a partner can compute them from the public keys.
    """

    def __init__(self, directory: Path) -> None:
        first = keyfiles.read_or_create(directory / "hub-box.key", os.urandom(32))
        second = keyfiles.read_or_create(directory / "hub-box-p256.key", _scalar())
        pair = ec.derive_private_key(int.from_bytes(second, "big"), ec.SECP256R1())
        keys = (
            OKPKey.import_key(X25519PrivateKey.from_private_bytes(first)),
            ECKey.import_key(pair),
        )
        self._keys = {key.thumbprint(): key for key in keys}

    def __repr__(self) -> str:
        return f"<HubBox {', '.join(self._keys)}>"

    def public_jwks(self) -> list[dict[str, str]]:
        """The public keys with id, use and algorithm."""
        return [_published(key, kid) for kid, key in self._keys.items()]

    def open(self, sealed: str) -> bytes:
        """Return the content of a compact JWE. Raises SealedRefused."""
        key = self._keys.get(str(_sealed_header(sealed)["kid"]))
        if key is None:
            raise SealedRefused("kid: seal to a key of this hub's published JWK Set")
        try:
            return jwe.decrypt_compact(sealed, key, algorithms=[_WRAP, _CONTENT]).plaintext or b""
        except (JoseError, ValueError, TypeError, KeyError):  # the last: a curve of its own
            raise SealedRefused("the body does not open: seal it again") from None


def open_sealed(box: HubBox, body: bytes) -> UnverifiedDocument:
    """Return what is in a sealed body, unverified. Raises SealedRefused."""
    if len(body) > LARGEST_SEALED:
        raise SealedRefused(f"send at most {LARGEST_SEALED} bytes")
    try:
        signed = box.open(body.decode("ascii")).decode("ascii")
        head, payload, _ = signed.split(".")
        claimed, document = json_object(head), urlsafe_b64decode(payload.encode("ascii"))
    except ValueError:
        raise SealedRefused("send a compact JWS inside a compact JWE") from None
    if set(claimed) != _SIGNED_HEADER or claimed["typ"] != SIGNED_TYPE:
        raise SealedRefused(f"the JWS header needs {', '.join(sorted(_SIGNED_HEADER))}, no more")
    if claimed["cty"] != "application/json":
        raise SealedRefused("cty: sign a document of type application/json")
    if len(document) > LARGEST_DOCUMENT:
        raise SealedRefused(f"the document may have at most {LARGEST_DOCUMENT} bytes")
    return UnverifiedDocument(document, claimed, signed)


def verify_document(document: UnverifiedDocument, expected: DocumentExpectation) -> Vouched:
    """Verify who signed a document, and for whom and when. Raises SealedRefused."""
    claimed = document.claimed
    key = _signer(claimed, expected.jwks)
    try:
        jws.deserialize_compact(document.signed, key.key, registry=_registry(key.algorithms))
    except (JoseError, ValueError, TypeError):
        raise SealedRefused("signature: sign with your client's registered key") from None
    if claimed["iss"] != expected.issuer:
        raise SealedRefused("iss must be your client id")
    if claimed["aud"] != expected.audience:
        raise SealedRefused("aud must be the exact URL called")
    issued, now = claimed["iat"], expected.at.timestamp()
    if type(issued) is not int or not (
        now - OLDEST.total_seconds() <= issued <= now + CLOCK_LEEWAY.total_seconds()
    ):
        raise SealedRefused("iat must be whole seconds, not in the future and within an hour")
    message_id = claimed["jti"]
    if not isinstance(message_id, str) or not SHORTEST_ID <= len(message_id) <= LONGEST_ID:
        raise SealedRefused("jti must be 16 to 128 characters")
    return Vouched(message_id, datetime.fromtimestamp(issued, UTC) + OLDEST + CLOCK_LEEWAY)


def _registry(algorithms: tuple[str, ...]) -> AllowlistRegistry:
    return AllowlistRegistry(header_registry=_HEAD_PARAMETERS, algorithms=list(algorithms))


def _sealed_header(sealed: str) -> Mapping[str, object]:
    try:
        header = json_object(sealed.partition(".")[0])
    except ValueError:
        raise SealedRefused("send a compact JWS inside a compact JWE") from None
    if set(header) != _SEALED_HEADER:
        raise SealedRefused(f"the JWE header needs {', '.join(sorted(_SEALED_HEADER))}, no more")
    if (header["alg"], header["enc"]) != (_WRAP, _CONTENT):
        raise SealedRefused(f"alg and enc must be {_WRAP} and {_CONTENT}")
    if (header["typ"], header["cty"]) != (SEALED_TYPE, SIGNED_TYPE):
        raise SealedRefused(f"typ and cty must be {SEALED_TYPE} and {SIGNED_TYPE}")
    return header


def _signer(claimed: Mapping[str, object], jwks: Mapping[str, object]) -> SigningKey:
    kid = claimed["kid"]
    try:
        key = signing_keys(jwks).get(kid) if isinstance(kid, str) else None
    except CryptoError:
        key = None
    if key is None:
        raise SealedRefused("kid is not among your client's registered keys")
    if claimed["alg"] not in key.algorithms:
        raise SealedRefused(f"alg: this key signs with {key.algorithms[0]}")
    return key


def _published(key: ECKey | OKPKey, kid: str) -> dict[str, str]:
    public = key.as_dict(private=False)
    named: dict[str, str] = {name: str(public[name]) for name in _MEMBERS if name in public}
    return named | {"kid": kid, "use": "enc", "alg": _WRAP}


def _scalar() -> bytes:
    """The private number of a fresh P-256 key, as 32 bytes."""
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    return numbers.private_value.to_bytes(32, "big")
