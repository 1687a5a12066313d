"""Messages to partners, and the bearer tokens by which partners answer.

Out: a JWS inside a JWE. The signature is inside because the signer's name is nobody's business
but the recipient's, and it covers issuer, audience, message id and time, so that a recipient who
forwards what it received cannot pass it off as sent to another. Those four are protected JWS
header parameters rather than claims: the payload stays the document itself, byte for byte and of
any media type.

In: a JWT that the partner signs for one request: one URL, one body, at most five minutes. Its
algorithm is the one its registered key has; what the token's header says is only compared with it
(RFC 8725 section 3.1). Nothing is fetched, and keys in the header are refused.

Limits: a replayed token is the caller's to refuse, by keeping `token_id` until `expires_at`; a
document may have 64 KiB, which a recipient that uses `joserfc` can open only with a raised size
limit.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.registry import HeaderParameter

from referral_hub.crypto.jwks import HubSigner, Jwk, SigningKey, encryption_key, signing_keys
from referral_hub.crypto.strict_jwt import AllowlistRegistry, signed_by, unverified_parts
from referral_hub.errors import CryptoError

__all__ = [
    "HubSigner",
    "MessageHead",
    "PartnerClaims",
    "PartnerTokenRefused",
    "TokenExpectation",
    "TokenFault",
    "seal_for_partner",
    "unverified_issuer",
    "verify_partner_token",
]

LARGEST_DOCUMENT = 65_536
LONGEST_LIFE = timedelta(minutes=5)
CLOCK_LEEWAY = timedelta(seconds=30)
SIGNED_TYPE = "referral-hub+jws"
SEALED_TYPE = "referral-hub+jwe"
_SEALING = ("ECDH-ES+A256KW", "A256GCM")


@dataclass(frozen=True, slots=True)
class MessageHead:
    """What the signature says about a message: from whom, to whom, which, when, and of what type.

    `message_id` is the effect id, the same at every attempt, by which the recipient recognises a
    repetition. `content_type` is the document's media type.
    """

    issuer: str
    audience: str
    message_id: str
    issued_at: datetime
    content_type: str


@dataclass(frozen=True, slots=True, repr=False)
class TokenExpectation:
    """What a token must have been signed for. `audience` is the exact URL of the request."""

    issuer: str
    audience: str
    body: bytes
    at: datetime
    max_age: timedelta = LONGEST_LIFE

    def __repr__(self) -> str:
        return f"<TokenExpectation of {self.issuer}>"


@dataclass(frozen=True, slots=True)
class PartnerClaims:
    """What a verified token says. Refuse a `token_id` already seen from this issuer."""

    issuer: str
    token_id: str
    issued_at: datetime
    expires_at: datetime
    kid: str


class TokenFault(Enum):
    """Why a token was refused; safe to log and to count."""

    MALFORMED = "malformed"
    HEADER = "header"
    UNKNOWN_KEY = "unknown_key"
    ALGORITHM = "algorithm"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    LIFETIME = "lifetime"
    EXPIRED = "expired"
    FUTURE = "future"
    TOKEN_ID = "token_id"  # noqa: S105 - the name of a claim, not a secret
    BODY = "body"


class PartnerTokenRefused(CryptoError):
    """The token does not speak for this partner and this request."""

    def __init__(self, fault: TokenFault, how_to_fix: str) -> None:
        self.fault = fault
        super().__init__(f"token {fault.value}: {how_to_fix}")


_HEAD_PARAMETERS = {
    "iss": HeaderParameter("Issuer", "str", required=True),
    "aud": HeaderParameter("Audience", "str", required=True),
    "jti": HeaderParameter("Message id", "str", required=True),
    "iat": HeaderParameter("Issued at", "int", required=True),
}


def seal_for_partner(
    document: bytes, *, recipient_jwk: Jwk, hub_signer: HubSigner, head: MessageHead
) -> bytes:
    """Sign a document as the hub and seal it to one partner's key: an `application/jose` body.

    Raises CryptoError for a document over 64 KiB or an unacceptable key.
    """
    if len(document) > LARGEST_DOCUMENT:
        raise CryptoError(f"document is larger than {LARGEST_DOCUMENT} bytes: send less")
    recipient = encryption_key(recipient_jwk)
    signed_head = {
        "typ": SIGNED_TYPE,
        "cty": head.content_type,
        "iss": head.issuer,
        "aud": head.audience,
        "jti": head.message_id,
        "iat": int(head.issued_at.timestamp()),
    }
    sealed_head = {
        "alg": "ECDH-ES+A256KW",
        "enc": "A256GCM",
        "kid": recipient.kid,
        "typ": SEALED_TYPE,
        "cty": SIGNED_TYPE,
    }
    signing = AllowlistRegistry(header_registry=_HEAD_PARAMETERS, algorithms=["EdDSA"])
    try:
        signed = hub_signer.sign(signed_head, document, signing)
        sealed = jwe.encrypt_compact(sealed_head, signed, recipient.key, algorithms=_SEALING)
    except (JoseError, ValueError):
        raise CryptoError("document could not be sealed to the partner's registered key") from None
    return sealed.encode()


def unverified_issuer(token: str) -> str:
    """Who the token claims to be from: only to look up whose keys to verify it with."""
    _, claims = _parse(token)
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not 0 < len(issuer) <= 200:
        raise PartnerTokenRefused(TokenFault.ISSUER, "iss must be your agency id")
    return issuer


def verify_partner_token(
    token: str, *, jwks: Mapping[str, object], expected: TokenExpectation
) -> PartnerClaims:
    """Verify a partner's bearer token against its registered keys and the request at hand.

    Raises PartnerTokenRefused, whose `fault` says which step failed.
    """
    # 1. Form: three parts, one reading of each.
    header, claims = _parse(token)
    # 2. Key: registered, found by id alone; algorithm: the key's own.
    key = _registered_key(header, jwks)
    # 3. Signature.
    _verify_signature(token, key)
    # 4. Names: of this partner, for this URL.
    if claims.get("iss") != expected.issuer or claims.get("sub") != expected.issuer:
        raise PartnerTokenRefused(TokenFault.ISSUER, "iss and sub must both be your agency id")
    if claims.get("aud") != expected.audience:
        raise PartnerTokenRefused(TokenFault.AUDIENCE, "aud must be the exact URL called")
    # 5. Time.
    issued_at, expires_at = _check_times(claims, expected)
    # 6. Once: an id to remember.
    token_id = claims.get("jti")
    if not isinstance(token_id, str) or not 16 <= len(token_id) <= 128:
        raise PartnerTokenRefused(TokenFault.TOKEN_ID, "jti must be 16 to 128 characters")
    # 7. For this body.
    body_hash = claims.get("body_sha256")
    wanted = hashlib.sha256(expected.body).hexdigest()
    if not isinstance(body_hash, str) or not hmac.compare_digest(
        body_hash.encode("utf-8", "surrogatepass"), wanted.encode()
    ):
        raise PartnerTokenRefused(TokenFault.BODY, "body_sha256 must be the body's SHA-256 in hex")
    return PartnerClaims(expected.issuer, token_id, issued_at, expires_at, key.kid)


def _parse(token: str) -> tuple[dict[str, object], dict[str, object]]:
    try:
        return unverified_parts(token)
    except ValueError:
        raise PartnerTokenRefused(TokenFault.MALFORMED, "send a signed compact JWT") from None


def _registered_key(header: Mapping[str, object], jwks: Mapping[str, object]) -> SigningKey:
    if set(header) != {"alg", "kid", "typ"} or header["typ"] != "JWT":
        raise PartnerTokenRefused(TokenFault.HEADER, 'send alg, kid and "typ": "JWT", no more')
    kid = header["kid"]
    key = signing_keys(jwks).get(kid) if isinstance(kid, str) else None
    if key is None:
        raise PartnerTokenRefused(TokenFault.UNKNOWN_KEY, "kid is not among your registered keys")
    if header["alg"] not in key.algorithms:
        raise PartnerTokenRefused(TokenFault.ALGORITHM, f"this key signs with {key.algorithms[0]}")
    return key


def _verify_signature(token: str, key: SigningKey) -> None:
    if not signed_by(token, key):
        raise PartnerTokenRefused(
            TokenFault.SIGNATURE, "sign with the private half of the registered key"
        )


def _check_times(
    claims: Mapping[str, object], expected: TokenExpectation
) -> tuple[datetime, datetime]:
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(expires) is not int:
        raise PartnerTokenRefused(TokenFault.LIFETIME, "iat and exp must be whole seconds")
    now, leeway = expected.at.timestamp(), CLOCK_LEEWAY.total_seconds()
    if not 0 < expires - issued <= LONGEST_LIFE.total_seconds():
        raise PartnerTokenRefused(TokenFault.LIFETIME, "exp must be at most 5 minutes after iat")
    if issued > now + leeway:
        raise PartnerTokenRefused(TokenFault.FUTURE, "iat is in the future: set your clock")
    if expires <= now or now - issued > expected.max_age.total_seconds():
        raise PartnerTokenRefused(TokenFault.EXPIRED, "make a new token for each request")
    return datetime.fromtimestamp(issued, UTC), datetime.fromtimestamp(expires, UTC)
