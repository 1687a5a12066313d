"""Access tokens for partner systems: client credentials by a signed assertion, and revocation.

Two statements: one read finds the client and its keys, one write spends the assertion's id and
stores the token's hash. Every failure to authenticate is the same `invalid_client`; which step
failed goes to the log as a code and never to the caller, so that nothing tells whether a client
exists.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from referral_hub.crypto.access_tokens import new_access_token, recognise
from referral_hub.crypto.client_assertion import (
    Asserted,
    AssertionRefused,
    unverified_client,
    verify_assertion,
)
from referral_hub.crypto.dpop import ProofExpectation, ProofRefused, Proven, verify_proof
from referral_hub.domain.codes import Scope
from referral_hub.errors import HubError
from referral_hub.services.hub import Hub
from referral_hub.store import access_tokens, clients
from referral_hub.store.access_tokens import NewToken, SpentId

log = logging.getLogger(__name__)

LIFE = timedelta(minutes=10)
TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address, not a secret
REVOCATION_PATH = "/oauth/revoke"
ASSERTION, PROOF = "assertion", "dpop"


class OAuthError(StrEnum):
    """The error codes of RFC 6749 section 5.2 and RFC 9449 section 5 that the hub uses."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_SCOPE = "invalid_scope"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_DPOP_PROOF = "invalid_dpop_proof"


class OAuthRefused(HubError):
    """The token endpoint refuses; `error` is the code that the caller is told."""

    def __init__(self, error: OAuthError, description: str) -> None:
        self.error = error
        super().__init__(description)


@dataclass(frozen=True, slots=True, repr=False)
class TokenRequest:
    """What was asked: `scope` is space-separated, None for all; `proof` a DPoP proof, if any.

    `client_id` is optional beside an assertion and must then say the same (RFC 7521 section 4.2).
    """

    assertion: str
    client_id: str | None = None
    scope: str | None = None
    proof: str | None = None

    def __repr__(self) -> str:
        return "<TokenRequest>"


@dataclass(frozen=True, slots=True, repr=False)
class Granted:
    """A fresh token, what it may be used for, for how many seconds, and whether it is bound."""

    token: str
    scopes: tuple[str, ...]
    seconds: int
    bound: bool

    def __repr__(self) -> str:
        return "<Granted>"


@dataclass(frozen=True, slots=True)
class _Client:
    id: UUID
    key_id: UUID
    registered: clients.Registered
    asserted: Asserted

    @property
    def spent(self) -> SpentId:
        """The assertion's id, which is good for one request."""
        return SpentId(ASSERTION, self.id, self.asserted.token_id, self.asserted.expires_at)


def issue_token(hub: Hub, asked: TokenRequest, *, admit: Callable[[UUID], None]) -> Granted:
    """Return a token for an authenticated client; `admit` may refuse one that asks too often.

    Raises OAuthRefused, ServiceUnavailable, and whatever `admit` raises.
    """
    at = hub.clock()
    proven = _proven(hub, asked.proof, at)
    client = _authenticate(hub, asked, TOKEN_PATH, at)
    admit(client.id)
    scopes = _scopes(asked.scope, client.registered)
    token, issued = new_access_token(
        hub.settings.secret_key, agency_id=client.registered.agency_id, client_id=client.id
    )
    spent = [client.spent]
    if proven is not None:
        spent.append(SpentId(PROOF, client.id, proven.proof_id, proven.expires_at))
    new = NewToken(
        issued.digest,
        client.id,
        client.key_id,
        scopes,
        proven.thumbprint if proven else None,
        at,
        at + LIFE,
    )
    with hub.database.one_statement() as connection:
        if not access_tokens.issue(connection, client.registered.agency_id, new, spent):
            raise _unknown("replayed")
    return Granted(token, scopes, int(LIFE.total_seconds()), proven is not None)


def revoke_token(hub: Hub, asked: TokenRequest, token: str) -> None:
    """End a token (RFC 7009); one that is not this client's, or none, changes nothing.

    Raises OAuthRefused, ServiceUnavailable.
    """
    client = _authenticate(hub, asked, REVOCATION_PATH, hub.clock())
    issued = recognise(hub.settings.secret_key, token)
    with hub.database.one_statement() as connection:
        fresh = access_tokens.revoke(
            connection,
            client.registered.agency_id,
            client_id=client.id,
            digest=issued.digest if issued else b"",
            spent=client.spent,
        )
    if not fresh:
        raise _unknown("replayed")


def _authenticate(hub: Hub, asked: TokenRequest, path: str, at: datetime) -> _Client:
    try:
        claimed = unverified_client(asked.assertion)
        client_id = UUID(claimed)
    except AssertionRefused as refused:
        raise _unknown(refused.fault.value) from None
    except ValueError:
        raise _unknown("client_id") from None
    if str(client_id) != claimed or asked.client_id not in {None, claimed}:
        raise _unknown("client_id")
    with hub.database.one_statement() as connection:
        registered = clients.for_authentication(connection, client_id)
    if registered is None:
        raise _unknown("unknown_client")
    issuer = hub.settings.public_url
    audiences = frozenset({issuer, issuer + TOKEN_PATH, issuer + path})
    try:
        asserted = verify_assertion(
            asked.assertion, client_id=claimed, jwks=registered.jwks, audiences=audiences, at=at
        )
    except AssertionRefused as refused:
        raise _unknown(refused.fault.value) from None
    return _Client(client_id, registered.keys[asserted.kid][0], registered, asserted)


def _proven(hub: Hub, proof: str | None, at: datetime) -> Proven | None:
    if proof is None:
        return None
    expected = ProofExpectation("POST", hub.settings.public_url + TOKEN_PATH, at)
    try:
        return verify_proof(proof, expected)
    except ProofRefused as refused:
        log.info("dpop_refused", extra={"code": refused.code})
        raise OAuthRefused(
            OAuthError.INVALID_DPOP_PROOF, "Make a new DPoP proof for this request."
        ) from None


def _scopes(asked: str | None, registered: clients.Registered) -> tuple[str, ...]:
    allowed = [scope.value for scope in Scope if scope.value in registered.scopes]
    if asked is None:
        return tuple(allowed)
    wanted = asked.split(" ")
    if len(wanted) != len(set(wanted)) or not set(wanted) <= set(allowed):
        raise OAuthRefused(
            OAuthError.INVALID_SCOPE, "Ask only for scopes that your client was registered with."
        )
    return tuple(scope for scope in allowed if scope in wanted)


def _unknown(code: str) -> OAuthRefused:
    log.info("client_refused", extra={"code": code})
    return OAuthRefused(
        OAuthError.INVALID_CLIENT,
        "Send a fresh client_assertion, signed with a registered key for this server.",
    )
