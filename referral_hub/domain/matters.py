"""What a data protection officer answers for, as data: requests, breaches and complaints.

Each is a *matter*: it has a kind, a state and a history of steps. What may follow what is the table
`MOVES`; everything else is refused, and refusing raises. What a step asks for (a reason from a
list, words) is the table `ASKS`. `tests/tables/matter_moves.csv` repeats both for a reviewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from referral_hub.errors import Conflict


class MatterKind(StrEnum):
    """UK GDPR Article 15; Articles 33 and 34; Data Protection Act 2018 section 164A."""

    ACCESS_REQUEST = "access_request"
    BREACH = "breach"
    COMPLAINT = "complaint"


class MatterState(StrEnum):
    """Where a matter stands."""

    RECEIVED = "received"
    WAITING_FOR_IDENTITY = "waiting_for_identity"
    CLARIFICATION_ASKED = "clarification_asked"
    BEING_PREPARED = "being_prepared"
    ACKNOWLEDGED = "acknowledged"
    SUSPECTED = "suspected"
    PEOPLE_TO_DECIDE = "people_to_decide"
    REGULATOR_TO_DECIDE = "regulator_to_decide"
    DECIDED = "decided"
    ANSWERED = "answered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    NO_BREACH = "no_breach"
    CLOSED = "closed"


class MatterEvent(StrEnum):
    """A step. `review` and `export` are written by the hub as the officer works."""

    RECORD = "record"
    ASK_IDENTITY = "ask_identity"
    CONFIRM_IDENTITY = "confirm_identity"
    ASK_CLARIFICATION = "ask_clarification"
    CLARIFY = "clarify"
    PREPARE = "prepare"
    EXTEND = "extend"
    REVIEW = "review"
    EXPORT = "export"
    ACKNOWLEDGE = "acknowledge"
    NOTIFY_REGULATOR = "notify_regulator"
    DO_NOT_NOTIFY = "do_not_notify"
    TELL_PEOPLE = "tell_people"
    DO_NOT_TELL = "do_not_tell"
    FIND_NO_BREACH = "find_no_breach"
    CLOSE = "close"
    ANSWER = "answer"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    NOTE = "note"


class ClockState(StrEnum):
    """Whether a matter's time runs."""

    RUNNING = "running"
    NOT_STARTED = "not_started"
    PAUSED = "paused"
    STOPPED = "stopped"


class Requester(StrEnum):
    """Who asked or complained."""

    SELF = "self"
    REPRESENTATIVE = "representative"


class Authority(StrEnum):
    """What lets a representative ask for somebody else's records."""

    WRITTEN = "written"
    ATTORNEY = "attorney"
    DEPUTY = "deputy"
    PARENT = "parent"
    SOLICITOR = "solicitor"


class IdentityCheck(StrEnum):
    """How it was made sure that the person is who they say."""

    KNOWN = "known"
    DOCUMENT = "document"
    ANSWERS = "answers"
    CODE = "code"
    WAITING = "waiting"


class ReceivedBy(StrEnum):
    """How it reached the agency. A request needs no form."""

    LETTER = "letter"
    EMAIL = "email"
    PHONE = "phone"
    IN_PERSON = "in_person"
    WEB_FORM = "web_form"


class ExtensionReason(StrEnum):
    """Why two further months are needed (Article 12A(3))."""

    COMPLEX = "complex"
    SEVERAL_REQUESTS = "several_requests"


class RefusalGround(StrEnum):
    """Why a request is refused (Article 12(5); Data Protection Act 2018, Schedules 2 to 4)."""

    MANIFESTLY_UNFOUNDED = "manifestly_unfounded"
    EXCESSIVE = "excessive"
    EXEMPTION = "exemption"


class HandedOver(StrEnum):
    """How the answer reached the person."""

    IN_PERSON = "in_person"
    POST = "post"
    SECURE_EMAIL = "secure_email"


class BreachKind(StrEnum):
    """What was breached (Article 4(12))."""

    CONFIDENTIALITY = "confidentiality"
    INTEGRITY = "integrity"
    AVAILABILITY = "availability"


class BreachChannel(StrEnum):
    """Where it happened."""

    HUB = "hub"
    PARTNER_SYSTEM = "partner_system"
    DOWNLOAD = "download"
    POST_OR_EMAIL = "post_or_email"
    DEVICE = "device"
    SPEECH = "speech"


class NoNotification(StrEnum):
    """Why a breach is unlikely to be a risk to people, so that the ICO is not told (Article 33)."""

    UNREADABLE = "unreadable"
    RECOVERED = "recovered"
    TRUSTED_RECIPIENT = "trusted_recipient"
    HARMLESS = "harmless"


class NoTelling(StrEnum):
    """Why people are not told of a breach one by one (Article 34(1) and (3))."""

    NO_HIGH_RISK = "no_high_risk"
    UNREADABLE = "unreadable"
    RISK_OVER = "risk_over"
    PUBLIC_NOTICE = "public_notice"


class ComplaintAbout(StrEnum):
    """What a complaint is about."""

    ACCESS_REQUEST = "access_request"
    SHARING = "sharing"
    ACCURACY = "accuracy"
    SECURITY = "security"
    OTHER = "other"


class ComplaintOutcome(StrEnum):
    """What an agency found about a complaint."""

    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    NOT_UPHELD = "not_upheld"


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table."""

    kind: MatterKind
    source: MatterState
    event: MatterEvent
    target: MatterState


@dataclass(frozen=True, slots=True)
class Asks:
    """What a step asks for. `words` None: nothing is written; True: something must be."""

    reasons: type[StrEnum] | None = None
    words: bool | None = False


def _moves() -> tuple[Move, ...]:
    state, event = MatterState, MatterEvent
    working = (state.RECEIVED, state.BEING_PREPARED)
    asked = (state.WAITING_FOR_IDENTITY, state.CLARIFICATION_ASKED)
    request = [
        (state.RECEIVED, event.ASK_IDENTITY, state.WAITING_FOR_IDENTITY),
        (state.WAITING_FOR_IDENTITY, event.CONFIRM_IDENTITY, state.RECEIVED),
        (state.CLARIFICATION_ASKED, event.CLARIFY, state.BEING_PREPARED),
        (state.RECEIVED, event.PREPARE, state.BEING_PREPARED),
        (state.BEING_PREPARED, event.REVIEW, state.BEING_PREPARED),
        (state.BEING_PREPARED, event.EXPORT, state.BEING_PREPARED),
        (state.BEING_PREPARED, event.ANSWER, state.ANSWERED),
        *((one, event.ASK_CLARIFICATION, state.CLARIFICATION_ASKED) for one in working),
        *((one, event.EXTEND, one) for one in working),
        *((one, event.REFUSE, state.REFUSED) for one in (*working, *asked)),
        *((one, event.WITHDRAW, state.WITHDRAWN) for one in (*working, *asked)),
        *((one, event.NOTE, one) for one in (*working, *asked)),
    ]
    breach = [
        (state.SUSPECTED, event.FIND_NO_BREACH, state.NO_BREACH),
        (state.DECIDED, event.CLOSE, state.CLOSED),
    ]
    for told in (event.NOTIFY_REGULATOR, event.DO_NOT_NOTIFY):
        breach.append((state.SUSPECTED, told, state.PEOPLE_TO_DECIDE))
        breach.append((state.REGULATOR_TO_DECIDE, told, state.DECIDED))
    for told in (event.TELL_PEOPLE, event.DO_NOT_TELL):
        breach.append((state.SUSPECTED, told, state.REGULATOR_TO_DECIDE))
        breach.append((state.PEOPLE_TO_DECIDE, told, state.DECIDED))
    open_breach = (state.SUSPECTED, state.PEOPLE_TO_DECIDE, state.REGULATOR_TO_DECIDE)
    breach += [(one, event.NOTE, one) for one in (*open_breach, state.DECIDED)]
    open_complaint = (state.RECEIVED, state.ACKNOWLEDGED)
    complaint = [
        (state.RECEIVED, event.ACKNOWLEDGE, state.ACKNOWLEDGED),
        *((one, event.ANSWER, state.ANSWERED) for one in open_complaint),
        *((one, event.WITHDRAW, state.WITHDRAWN) for one in open_complaint),
        *((one, event.NOTE, one) for one in open_complaint),
    ]
    tables = {
        MatterKind.ACCESS_REQUEST: request,
        MatterKind.BREACH: breach,
        MatterKind.COMPLAINT: complaint,
    }
    return tuple(Move(kind, *row) for kind, rows in tables.items() for row in rows)


MOVES: tuple[Move, ...] = _moves()
_TABLE = {(row.kind, row.source, row.event): row.target for row in MOVES}
BY_THE_HUB = frozenset({MatterEvent.REVIEW, MatterEvent.EXPORT})
ASKS: Mapping[tuple[MatterKind, MatterEvent], Asks] = MappingProxyType(
    {
        (MatterKind.ACCESS_REQUEST, MatterEvent.ASK_IDENTITY): Asks(),
        (MatterKind.ACCESS_REQUEST, MatterEvent.CONFIRM_IDENTITY): Asks(),
        (MatterKind.ACCESS_REQUEST, MatterEvent.ASK_CLARIFICATION): Asks(words=True),
        (MatterKind.ACCESS_REQUEST, MatterEvent.CLARIFY): Asks(),
        (MatterKind.ACCESS_REQUEST, MatterEvent.PREPARE): Asks(words=None),
        (MatterKind.ACCESS_REQUEST, MatterEvent.EXTEND): Asks(ExtensionReason, words=True),
        (MatterKind.ACCESS_REQUEST, MatterEvent.ANSWER): Asks(HandedOver),
        (MatterKind.ACCESS_REQUEST, MatterEvent.REFUSE): Asks(RefusalGround, words=True),
        (MatterKind.ACCESS_REQUEST, MatterEvent.WITHDRAW): Asks(),
        (MatterKind.ACCESS_REQUEST, MatterEvent.NOTE): Asks(words=True),
        (MatterKind.BREACH, MatterEvent.NOTIFY_REGULATOR): Asks(words=True),
        (MatterKind.BREACH, MatterEvent.DO_NOT_NOTIFY): Asks(NoNotification, words=True),
        (MatterKind.BREACH, MatterEvent.TELL_PEOPLE): Asks(words=True),
        (MatterKind.BREACH, MatterEvent.DO_NOT_TELL): Asks(NoTelling, words=True),
        (MatterKind.BREACH, MatterEvent.FIND_NO_BREACH): Asks(words=True),
        (MatterKind.BREACH, MatterEvent.CLOSE): Asks(words=True),
        (MatterKind.BREACH, MatterEvent.NOTE): Asks(words=True),
        (MatterKind.COMPLAINT, MatterEvent.ACKNOWLEDGE): Asks(),
        (MatterKind.COMPLAINT, MatterEvent.ANSWER): Asks(ComplaintOutcome, words=True),
        (MatterKind.COMPLAINT, MatterEvent.WITHDRAW): Asks(),
        (MatterKind.COMPLAINT, MatterEvent.NOTE): Asks(words=True),
    }
)


def advance(kind: MatterKind, source: MatterState, event: MatterEvent) -> MatterState:
    """Return the state after `event`. Raises Conflict when the table has no such move."""
    target = _TABLE.get((kind, source, event))
    if target is None:
        raise Conflict("This step does not fit where it stands now.")
    return target


def possible(kind: MatterKind, source: MatterState) -> tuple[MatterEvent, ...]:
    """Return the steps that an officer may take from `source`, in the order of the events."""
    found = {row.event for row in MOVES if (row.kind, row.source) == (kind, source)}
    return tuple(event for event in MatterEvent if event in found - BY_THE_HUB)


def is_over(kind: MatterKind, state: MatterState) -> bool:
    """Whether nothing can follow `state`."""
    return all((row.kind, row.source) != (kind, state) for row in MOVES)
