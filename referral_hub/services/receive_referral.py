"""A partner's system sends a referral: the same acceptance as from the pages, behind any door.

Exactly one read and one write. The read answers four questions at once: is the token in force, was
this idempotency key used before, with which keys does the client sign, and what must routing and
consent know. The write has the answer's own row in it, so a referral and what was answered about
it are true together or not at all.

Idempotency: one key of one client at one address stands for one request. The same request again
gets the first answer byte for byte; another request under the same key is `KeyReused`; while one
is being written, the other is `InFlight`. Whoever comes second in any other way meets the unique
row and gets the first answer. Answers are kept for two days (`store.housekeeping`). Whether a
request would be accepted today is another question than what was answered to it: a body that fails
its checks is looked up as well (`answered_before`), and a seal is old by the time of the first.
What waits for a person remembers its message for longer: the same one is told where it stands, and
another one under its key or name is refused, so that no message is ever two referrals.

A DPoP proof costs a statement more: it is spent before anything else is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.crypto.incoming import (
    LARGEST_SEALED,
    DocumentExpectation,
    SealedRefused,
    UnverifiedDocument,
    open_sealed,
    verify_document,
)
from referral_hub.domain.codes import Role, Scope
from referral_hub.domain.commands import Actor, SubmitReferral
from referral_hub.domain.ids import new_id, new_reference
from referral_hub.errors import Conflict, Forbidden, InvalidInput
from referral_hub.services.api_access import Caller, Credential, admitted, proved
from referral_hub.services.assemble_referral import PlainReferral, assemble
from referral_hub.services.draw_up import draw_up, nhs_index
from referral_hub.services.hub import Hub
from referral_hub.services.idempotency import (
    InFlight,
    Keyed,
    KeyReused,
    Written,
    again,
    require_same,
)
from referral_hub.services.submit_referral import Submitted, accepting, outcomes
from referral_hub.store import change
from referral_hub.store.access_tokens import SpentId
from referral_hub.store.engine import Link
from referral_hub.store.intake import (
    CallerAsked,
    CallerFound,
    Home,
    Intake,
    find_caller,
    gather_for_caller,
)
from referral_hub.store.staging import StagedRow

__all__ = [
    "LARGEST_SEALED",
    "AlreadySent",
    "InFlight",
    "KeyReused",
    "Knock",
    "MustBeSealed",
    "UnverifiedDocument",
    "Written",
    "answered_before",
    "opened",
    "receive_referral",
]

DOCUMENT = "document"
NO_SUCH_AGENCY = "Send ids of agencies of the directory."
_ATTEMPTS = 3


class AlreadySent(Conflict):
    """Another referral was sent under the sender's own name for this one."""

    def __init__(self) -> None:
        super().__init__("A referral with this identifier of yours is here already.")


class MustBeSealed(Forbidden):
    """The client may not send bodies that TLS alone protects."""

    def __init__(self) -> None:
        super().__init__("This client has to seal its referrals: send application/jose.")


@dataclass(frozen=True, slots=True, repr=False)
class Knock:
    """One request at a door: by whose token, for which scope, at which address, under which key.

    `content` are the request's bytes as they count for its fingerprint, without a seal that is new
    each time. `draft_id` stands for the sender's own name for the referral: another request with it
    is `AlreadySent`. `sealed` is what `content` came in, its signature still to be verified, and
    `audience` the URL that it must have been signed for. `telling` writes what is answered about
    an item that waits, or waited, for a person.
    """

    shown: Credential
    scope: Scope
    endpoint: str
    key: str
    content: bytes
    audience: str
    telling: Callable[[StagedRow], Written]
    sealed: UnverifiedDocument | None = None
    draft_id: UUID | None = None

    def __repr__(self) -> str:
        return f"<Knock at {self.endpoint}>"

    @property
    def keyed(self) -> Keyed:
        """The request under its idempotency key."""
        issued = self.shown.issued
        return Keyed(
            issued.client_id,
            issued.agency_id,
            self.endpoint,
            self.key,
            self.content,
            sealed=self.sealed is not None,
        )


Answering = Callable[[Submitted, datetime], Written]


@dataclass(frozen=True, slots=True)
class _Request:
    """A knock that was let in."""

    knock: Knock
    actor: Actor
    answering: Answering
    spent: SpentId | None
    at: datetime


def opened(hub: Hub, body: bytes) -> UnverifiedDocument:
    """Return what is in a sealed body, for its door to read; nothing vouches for it before
    `receive_referral` has. Raises InvalidInput.
    """
    try:
        return open_sealed(hub.box, body)
    except SealedRefused as refused:
        raise InvalidInput({"": (str(refused),)}) from None


def receive_referral(hub: Hub, knock: Knock, plain: PlainReferral, answering: Answering) -> Written:
    """Accept `plain` from the client that knocks, and return what `answering` makes of it.

    Raises TokenRefused, ScopeMissing, MustBeSealed, KeyReused, InFlight, InvalidInput (an area
    nobody owns, a seal that is not the client's), KeyUnavailable, ServiceUnavailable.
    """
    knock = replace(knock, shown=proved(hub, knock.shown, knock.scope))
    hub, repeated = hub.for_one_use_case(), False
    for attempt in range(_ATTEMPTS):
        at = hub.clock()
        command = assemble(plain, knock.draft_id or new_id(at))
        with hub.database.direct() as link:
            known, found = _look(hub, link, knock, command=command, at=at)
            caller = admitted(knock.shown, found.token, knock.scope)
            spent = _may_send(knock, caller, found, at)
            first = _first_answer(hub, knock, found)
            if first is not None:
                return first
            _require_known(command, found.agencies)
            if repeated:
                raise InvalidInput({"": ("jti was used before: sign the document again.",)})
            request = _Request(knock, caller.actor, answering, spent, at)
            try:
                written = _accept(hub, link, request, command=command, known=known)
            except change.AlreadyThere as clash:
                if "draft_id" in clash.constraint and attempt:
                    raise AlreadySent from None
                repeated = "used_jti" in clash.constraint
                continue  # somebody was first; the next look finds what they were answered
        hub.doorbell.ring()
        return written
    raise Conflict("The referral could not be stored just now. Send it again; nothing is lost.")


def _named(command: SubmitReferral) -> dict[str, frozenset[UUID]]:
    """The agencies that a referral names, by the member that names them."""
    said = command.agreement
    return {
        "wishes/first": command.wishes.first,
        "wishes/never": command.wishes.never,
        "agreement/recipients": said.recipients if said else frozenset(),
    }


def _require_known(command: SubmitReferral, agencies: frozenset[UUID]) -> None:
    """Refuse what names an agency that does not exist: kept, it would mean nothing, and a person
    agrees to agencies by name. Raises InvalidInput.
    """
    unknown = {name: (NO_SUCH_AGENCY,) for name, ids in _named(command).items() if ids - agencies}
    if unknown:
        raise InvalidInput(unknown)


def answered_before(hub: Hub, knock: Knock) -> tuple[Caller, Written | None]:
    """Return who calls and what this request was answered the first time, if there was one.

    For one whose body fails its checks now, which may be those of another day. One read. Raises as
    `receive_referral` does.
    """
    at = hub.clock()
    shown = proved(hub, knock.shown, knock.scope)
    with hub.database.direct() as link:
        found = find_caller(link, _asked(knock, at))
    caller = admitted(shown, found.token, knock.scope)
    _may_send(knock, caller, found, at)
    return caller, _first_answer(hub, knock, found)


def _first_answer(hub: Hub, knock: Knock, found: CallerFound) -> Written | None:
    """What was answered, or where that stands which came in the same message. Raises KeyReused,
    AlreadySent.
    """
    if found.earlier is not None:
        return again(hub, knock.keyed, found.earlier)
    if found.waited is None:
        return None
    if found.waited.fingerprint is None:
        raise AlreadySent
    require_same(hub, knock.keyed, found.waited.fingerprint)
    return replace(knock.telling(found.waited.row), repeated=True)


def _asked(knock: Knock, at: datetime) -> CallerAsked:
    issued = knock.shown.issued
    return CallerAsked(
        issued.agency_id,
        issued.client_id,
        issued.digest,
        at,
        knock.endpoint,
        knock.keyed.key_hash,
        with_keys=knock.sealed is not None,
        draft_id=knock.draft_id,
    )


def _look(
    hub: Hub, link: Link, knock: Knock, *, command: SubmitReferral, at: datetime
) -> tuple[Intake, CallerFound]:
    """The one read. The agency is the token's, whose tag says that this hub issued it."""
    issued = knock.shown.issued
    claimed = Actor(issued.client_id, issued.agency_id, Role.PARTNER_SYSTEM)
    return gather_for_caller(
        link,
        replace(_asked(knock, at), named=frozenset().union(*_named(command).values())),
        home=Home(command.person.area, command.person.postcode),
        needs=command.needs,
        nhs_index=nhs_index(hub, claimed, command.person.nhs_number),
    )


def _may_send(knock: Knock, caller: Caller, found: CallerFound, at: datetime) -> SpentId | None:
    """Check the seal, or that none is needed; return the document's id, which is good once."""
    access.require(caller.actor, Permission.REFER)
    if knock.sealed is None:
        if not caller.plain_json:
            raise MustBeSealed
        return None
    client_id = caller.actor.user_id
    expected = DocumentExpectation(str(client_id), knock.audience, {"keys": list(found.keys)}, at)
    try:
        vouched = verify_document(knock.sealed, expected)
    except SealedRefused as refused:
        if found.earlier is not None and at > found.earlier.created_at:
            return _may_send(knock, caller, found, found.earlier.created_at)
        raise InvalidInput({"": (str(refused),)}) from None
    return SpentId(DOCUMENT, client_id, vouched.message_id, vouched.expires_at)


def _accept(
    hub: Hub,
    link: Link,
    request: _Request,
    *,
    command: SubmitReferral,
    known: Intake,
) -> Written:
    """Decide, and write everything with its answer in one statement."""
    actor, at = request.actor, request.at
    drawn = draw_up(hub, actor, command, known=known, at=at)
    reference = new_reference()
    written = request.answering(Submitted(drawn.referral_id, reference, outcomes(drawn)), at)
    whole = accepting(hub, actor, command, drawn=drawn, stamp=(reference, at))
    beside = {"idempotency_key": [request.knock.keyed.row(hub, written, at)]}
    if request.spent is not None:
        beside["used_jti"] = [_spent_row(actor, request.spent)]
    whole = replace(whole, inserts={**whole.inserts, **beside}, alone=request.knock.keyed.lock)
    try:
        change.write_at_once(link, whole, acting_for=actor.agency_id)
    except change.AlreadyThere:
        raise
    except Conflict:
        raise InFlight from None
    return written


def _spent_row(actor: Actor, spent: SpentId) -> Mapping[str, Any]:
    return {
        "issuer": actor.agency_id,
        "jti_hash": spent.digest,
        "expires_at": spent.expires_at,
    }
