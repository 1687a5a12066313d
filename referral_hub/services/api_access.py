"""Who calls the API: an access token, looked up at each request.

A `Credential` is a token that this hub did issue (its tag says so) and, where it came with a DPoP
proof, a proof that was made for this request with the key it names. Whether it is still in force,
for which scopes, and bound to which key, is the database's answer each time: a revoked token, a
disabled client and a removed key are refused at once. Every refusal is the same `TokenRefused`.

Cost: one statement before the use case's own. `store.intake` asks the same question inside the one
read of accepting a referral, so there it costs nothing; only a DPoP proof is always spent first. It
is spent once for a request, however often the token is looked up on its way (`proved`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from referral_hub.crypto.access_tokens import IssuedToken, recognise
from referral_hub.crypto.dpop import ProofExpectation, ProofRefused, Proven, verify_proof
from referral_hub.domain.codes import Role, Scope
from referral_hub.domain.commands import Actor
from referral_hub.errors import Forbidden, HubError
from referral_hub.services.hub import Hub
from referral_hub.services.token_endpoint import PROOF
from referral_hub.store import access_tokens
from referral_hub.store.access_tokens import SpentId, TokenRow

_NEW_PROOF = (
    "Make a new DPoP proof for each request, with its own jti, htm, htu, iat and ath (RFC 9449)."
)

log = logging.getLogger(__name__)


class TokenRefused(HubError):
    """The request carries no access token that is in force for it, or a `proof` that is wrong.

    A proof is judged before its token is looked up, so saying so tells nothing about the token.
    """

    def __init__(self, *, sent: bool, proof: bool = False) -> None:
        self.sent, self.proof = sent, proof
        super().__init__(
            _NEW_PROOF if proof else "Ask for a new access token at the token endpoint."
        )


class ScopeMissing(Forbidden):
    """The token is in force and does not include what this address needs."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        super().__init__(f"Your access token does not include the scope {scope.value}.")


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """A token that was issued here, and the proof that came with it; `spent`: in this request."""

    issued: IssuedToken
    proven: Proven | None
    spent: bool = False

    def __repr__(self) -> str:
        return f"<Credential of {self.issued.client_id}>"


@dataclass(frozen=True, slots=True)
class Caller:
    """A partner's system in good standing. `plain_json`: it may send bodies that are not sealed."""

    actor: Actor
    scopes: frozenset[str]
    plain_json: bool


@dataclass(frozen=True, slots=True, repr=False)
class Presented:
    """What a request's headers carry: token, its scheme, a proof, and for which request."""

    token: str | None
    scheme: str
    proof: str | None
    method: str
    url: str

    def __repr__(self) -> str:
        return "<Presented>"


def credential(hub: Hub, shown: Presented) -> Credential:
    """Return the token as this hub issued it, without asking the database. Raises TokenRefused."""
    if shown.token is None:
        raise _refused("missing", sent=False)
    issued = recognise(hub.settings.secret_key, shown.token)
    if issued is None:
        raise _refused("not_ours")
    if (shown.scheme == "dpop") != (shown.proof is not None):
        raise _refused("scheme")
    if shown.proof is None:
        return Credential(issued, None)
    expected = ProofExpectation(shown.method, shown.url, hub.clock(), shown.token)
    try:
        return Credential(issued, verify_proof(shown.proof, expected))
    except ProofRefused as refused:
        raise _refused(f"proof_{refused.code}", proof=True) from None


def authenticate(hub: Hub, shown: Credential, scope: Scope | None) -> Caller:
    """Return the caller whose token is in force and includes `scope` (None: whatever it has).

    Raises TokenRefused, ScopeMissing, ServiceUnavailable.
    """
    at = hub.clock()
    issued = shown.issued
    if shown.proven is None or shown.spent:
        with hub.database.direct() as link:
            row = access_tokens.find(link, issued.agency_id, issued.digest, at=at)
        return admitted(shown, row, scope)
    with hub.database.one_statement() as connection:
        row = access_tokens.find_and_spend(
            connection, issued.agency_id, issued.digest, proof=_proof_id(shown), at=at
        )
    return admitted(shown, row, scope)


def proved(hub: Hub, shown: Credential, scope: Scope) -> Credential:
    """Return the credential with its proof spent, if it came with one; again, it is as it was.

    Raises TokenRefused, ScopeMissing, ServiceUnavailable.
    """
    if shown.proven is None or shown.spent:
        return shown
    authenticate(hub, shown, scope)
    return replace(shown, spent=True)


def admitted(shown: Credential, row: TokenRow | None, scope: Scope | None) -> Caller:
    """Return the caller that `row` says `shown` stands for. Raises TokenRefused, ScopeMissing."""
    if row is None or row.client_id != shown.issued.client_id:
        raise _refused("not_in_force")
    thumbprint = shown.proven.thumbprint if shown.proven else None
    if row.proof_key != thumbprint:
        raise _refused("binding")
    if scope is not None and scope not in row.scopes:
        raise ScopeMissing(scope)
    actor = Actor(row.client_id, shown.issued.agency_id, Role.PARTNER_SYSTEM)
    return Caller(actor, row.scopes, row.plain_json)


def _proof_id(shown: Credential) -> SpentId:
    if shown.proven is None:
        raise ValueError("no proof was shown")
    proven = shown.proven
    return SpentId(PROOF, shown.issued.client_id, proven.proof_id, proven.expires_at)


def _refused(code: str, *, sent: bool = True, proof: bool = False) -> TokenRefused:
    log.info("token_refused", extra={"code": code})
    return TokenRefused(sent=sent, proof=proof)
