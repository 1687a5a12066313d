"""Who a partner system is: one signed token for one request, used once.

The token names the agency, and the agency's registered keys decide whether it may. Nothing about
the thing it is about is looked up before that, so neither the answer nor its timing tells what
exists. Every refusal is the same `PartnerRefused`; which step failed goes to the log as a code and
never to the caller.

Limit: a token that passed is spent, also when the request itself then fails; the partner signs a
new one.
"""

from __future__ import annotations

import logging
from uuid import UUID

from referral_hub.crypto.partner import (
    PartnerClaims,
    PartnerTokenRefused,
    TokenExpectation,
    unverified_issuer,
    verify_partner_token,
)
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.errors import CryptoError, HubError
from referral_hub.services.hub import Hub
from referral_hub.store import jti

log = logging.getLogger(__name__)


class PartnerRefused(HubError):
    """The request carries no token that speaks for a partner and for this request."""

    def __init__(self) -> None:
        super().__init__("Sign a new token for this request with your registered key.")


def authenticate_partner(hub: Hub, token: str | None, *, audience: str, body: bytes) -> Actor:
    """Return the partner system that signed `token` for this URL and this body.

    Raises PartnerRefused for every reason alike, ServiceUnavailable.
    """
    if token is None:
        raise _refused("missing")
    agency_id = _claimed_agency(token)
    expected = TokenExpectation(issuer=str(agency_id), audience=audience, body=body, at=hub.clock())
    with hub.database.acting_for(agency_id) as connection:
        keys = jti.signing_keys(connection)
        if keys is None:
            raise _refused("unknown_agency")
        claims = _verified(token, keys, expected)
        fresh = jti.use_once(connection, agency_id, claims.token_id, expires_at=claims.expires_at)
    if not fresh:
        raise _refused("replayed")
    return Actor(user_id=agency_id, agency_id=agency_id, role=Role.PARTNER_SYSTEM)


def _claimed_agency(token: str) -> UUID:
    try:
        claimed = unverified_issuer(token)
        agency_id = UUID(claimed)
    except (PartnerTokenRefused, ValueError):
        raise _refused("malformed") from None
    if str(agency_id) != claimed:
        raise _refused("issuer")
    return agency_id


def _verified(token: str, keys: object, expected: TokenExpectation) -> PartnerClaims:
    if not isinstance(keys, dict):
        raise _refused("no_keys")
    try:
        return verify_partner_token(token, jwks=keys, expected=expected)
    except PartnerTokenRefused as refusal:
        raise _refused(refusal.fault.value) from None
    except (CryptoError, ValueError):  # ValueError: a claim with half a character in it
        raise _refused("bad_keys") from None


def _refused(code: str) -> PartnerRefused:
    log.info("partner_refused", extra={"code": code})
    return PartnerRefused()
