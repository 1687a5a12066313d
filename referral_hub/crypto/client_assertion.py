"""Client authentication by a signed assertion (RFC 7523 section 3, SMART backend services).

The kid chooses among the client's registered keys and the key's own algorithm verifies; nothing is
fetched and no key is taken from the header. Allowed audiences are this hub's token endpoint and its
issuer. The issuer is allowed because draft-ietf-oauth-rfc7523bis makes it the only one: a client
that talks to several servers is then not led to sign for a server that named another's endpoint as
its own. Both values are this hub's alone, so neither widens where an assertion can be used.

Limit: a repeated `jti` is the caller's to refuse, by keeping `token_id` until `expires_at`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from referral_hub.crypto.jwks import SigningKey, signing_keys
from referral_hub.crypto.strict_jwt import signed_by, unverified_parts, whole_seconds
from referral_hub.errors import CryptoError

LONGEST_LIFE = timedelta(minutes=5)
CLOCK_LEEWAY = timedelta(seconds=30)
SHORTEST_ID, LONGEST_ID = 16, 128
_HEADERS = ({"alg", "kid"}, {"alg", "kid", "typ"})
_TYPES = ("JWT", "client-authentication+jwt")


class AssertionFault(StrEnum):
    """Why an assertion was refused; safe to log and to count, never told to the caller."""

    MALFORMED = "malformed"
    HEADER = "header"
    UNKNOWN_KEY = "unknown_key"
    ALGORITHM = "algorithm"
    SIGNATURE = "signature"
    NAMES = "names"
    AUDIENCE = "audience"
    LIFETIME = "lifetime"
    EXPIRED = "expired"
    FUTURE = "future"
    TOKEN_ID = "token_id"  # noqa: S105 - the name of a claim, not a secret


class AssertionRefused(CryptoError):
    """The assertion does not speak for the client."""

    def __init__(self, fault: AssertionFault) -> None:
        self.fault = fault
        super().__init__(f"client assertion: {fault.value}")


@dataclass(frozen=True, slots=True)
class Asserted:
    """What a verified assertion says. Refuse a `token_id` already seen from this client."""

    client_id: str
    kid: str
    token_id: str
    expires_at: datetime


def unverified_client(assertion: str) -> str:
    """Who the assertion claims to be from: only to look up whose keys to verify it with."""
    claims = _parts(assertion)[1]
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or issuer != claims.get("sub"):
        raise AssertionRefused(AssertionFault.NAMES)
    return issuer


def verify_assertion(
    assertion: str, *, client_id: str, jwks: Mapping[str, object], audiences: frozenset[str],
    at: datetime,
) -> Asserted:  # fmt: skip
    """Verify a client's assertion against its registered keys. Raises AssertionRefused."""
    # 1. Form: three parts, one reading of each, no header member beyond those needed.
    header, claims = _parts(assertion)
    # 2. Key: registered, found by id alone; algorithm: the key's own.
    key = _registered_key(header, jwks)
    # 3. Signature.
    if not signed_by(assertion, key):
        raise AssertionRefused(AssertionFault.SIGNATURE)
    # 4. Names: of this client, for this hub.
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise AssertionRefused(AssertionFault.NAMES)
    if _one_audience(claims) not in audiences:
        raise AssertionRefused(AssertionFault.AUDIENCE)
    # 5. Time.
    expires_at = _check_times(claims, at)
    # 6. Once: an id to remember.
    token_id = claims.get("jti")
    if not isinstance(token_id, str) or not SHORTEST_ID <= len(token_id) <= LONGEST_ID:
        raise AssertionRefused(AssertionFault.TOKEN_ID)
    return Asserted(client_id, key.kid, token_id, expires_at)


def _parts(assertion: str) -> tuple[dict[str, object], dict[str, object]]:
    try:
        return unverified_parts(assertion)
    except ValueError:
        raise AssertionRefused(AssertionFault.MALFORMED) from None


def _registered_key(header: Mapping[str, object], jwks: Mapping[str, object]) -> SigningKey:
    if set(header) not in _HEADERS or header.get("typ", "JWT") not in _TYPES:
        raise AssertionRefused(AssertionFault.HEADER)
    kid = header["kid"]
    try:
        key = signing_keys(jwks).get(kid) if isinstance(kid, str) else None
    except CryptoError:
        key = None
    if key is None:
        raise AssertionRefused(AssertionFault.UNKNOWN_KEY)
    if header["alg"] not in key.algorithms:
        raise AssertionRefused(AssertionFault.ALGORITHM)
    return key


def _one_audience(claims: Mapping[str, object]) -> str | None:
    """RFC 7519 allows a list; more than one audience would allow its use elsewhere."""
    given = claims.get("aud")
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    return given if isinstance(given, str) else None


def _check_times(claims: Mapping[str, object], at: datetime) -> datetime:
    try:
        issued, expires, not_before = (whole_seconds(claims, n) for n in ("iat", "exp", "nbf"))
    except ValueError:
        raise AssertionRefused(AssertionFault.LIFETIME) from None
    now, leeway = at.timestamp(), CLOCK_LEEWAY.total_seconds()
    longest = LONGEST_LIFE.total_seconds()
    if expires is None or expires > now + longest + leeway:
        raise AssertionRefused(AssertionFault.LIFETIME)
    if issued is not None and not 0 < expires - issued <= longest:
        raise AssertionRefused(AssertionFault.LIFETIME)
    if max(issued or 0, not_before or 0) > now + leeway:
        raise AssertionRefused(AssertionFault.FUTURE)
    if expires <= now:
        raise AssertionRefused(AssertionFault.EXPIRED)
    return datetime.fromtimestamp(expires, UTC)
