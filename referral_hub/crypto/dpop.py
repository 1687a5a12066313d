"""Proof of possession at the application layer (RFC 9449): a token that is useless when stolen.

The proof carries its public key, which proves nothing about who somebody is; it only shows that
whoever calls now holds the key that the access token was bound to. So the key in the header is
right here and nowhere else, and its thumbprint has to equal the token's.

Limit: no nonce is asked for; a proof is fresh for a minute and its `jti` is spent at once.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from referral_hub.crypto.jwks import SigningKey, signing_keys
from referral_hub.crypto.strict_jwt import signed_by, unverified_parts, whole_seconds
from referral_hub.errors import CryptoError

FRESH_FOR = timedelta(seconds=60)
LEEWAY = timedelta(seconds=30)
SHORTEST_ID, LONGEST_ID = 16, 128
_TYPE = "dpop+jwt"
_MEMBERS = {"kty", "crv", "x", "y", "kid", "use", "alg"}


class ProofRefused(CryptoError):
    """The proof does not belong to this request, or not to this key. `code` is for the log."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"DPoP proof: {code}")


@dataclass(frozen=True, slots=True)
class ProofExpectation:
    """The request that a proof must be for; `token` is the access token, where one is sent."""

    method: str
    url: str
    at: datetime
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Proven:
    """Whose key it was (RFC 7638 thumbprint), and an id to spend until `expires_at`."""

    thumbprint: str
    proof_id: str
    expires_at: datetime


def verify_proof(proof: str, expected: ProofExpectation) -> Proven:
    """Verify a DPoP proof for one request (RFC 9449 section 4.3). Raises ProofRefused."""
    try:
        header, claims = unverified_parts(proof)
    except ValueError:
        raise ProofRefused("malformed") from None
    key = _key(header)
    if not signed_by(proof, key):
        raise ProofRefused("signature")
    if claims.get("htm") != expected.method:
        raise ProofRefused("htm")
    if claims.get("htu") != expected.url:
        raise ProofRefused("htu")
    _check_time(claims, expected.at)
    if expected.token is not None and claims.get("ath") != _hash(expected.token):
        raise ProofRefused("ath")
    proof_id = claims.get("jti")
    if not isinstance(proof_id, str) or not SHORTEST_ID <= len(proof_id) <= LONGEST_ID:
        raise ProofRefused("jti")
    return Proven(key.key.thumbprint(), proof_id, expected.at + FRESH_FOR + 2 * LEEWAY)


def _key(header: Mapping[str, object]) -> SigningKey:
    jwk = header.get("jwk")
    if set(header) != {"typ", "alg", "jwk"} or header["typ"] != _TYPE:
        raise ProofRefused("header")
    if not isinstance(jwk, dict) or not set(jwk) <= _MEMBERS or jwk.get("use", "sig") != "sig":
        raise ProofRefused("jwk")
    try:
        key = signing_keys({"keys": [jwk | {"kid": "proof"}]})["proof"]
    except (CryptoError, KeyError):
        raise ProofRefused("jwk") from None
    if header["alg"] not in key.algorithms:
        raise ProofRefused("alg")
    return key


def _check_time(claims: Mapping[str, object], at: datetime) -> None:
    try:
        issued = whole_seconds(claims, "iat")
    except ValueError:
        issued = None
    now, leeway = at.timestamp(), LEEWAY.total_seconds()
    if issued is None or not now - FRESH_FOR.total_seconds() - leeway <= issued <= now + leeway:
        raise ProofRefused("iat")


def _hash(token: str) -> str:
    digest = hashlib.sha256(token.encode("ascii", "replace")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
