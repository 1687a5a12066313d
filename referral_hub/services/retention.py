"""Records that are due are appraised by two people; nothing is ever destroyed by itself.

All records that an agency holds of one person share one key, so they are appraised together, once
the last of their referrals is due. Destroying is an erasure, with its certificate. A legal hold
stops both until two people have lifted it. Whether a record is about mental health stands in no
code, so somebody says so (`keep_by`), at any time, and it is kept for longer. Every step is an
entry of the log, in codes. The limit: whoever proposes and whoever approves must be two accounts;
that they are two people is for the agency to see to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import AgencyKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.retention import (
    Appraisal,
    KeepReason,
    LegalHoldReason,
    Schedule,
    later,
    review_day,
    schedule_for,
    shortest,
    terms,
)
from referral_hub.errors import Conflict, InvalidInput, NotFound
from referral_hub.services.erase_person import ErasedPerson, erase_appraised
from referral_hub.services.hub import Hub
from referral_hub.services.speaking_for import LONDON
from referral_hub.store import audit_log, change, erasures
from referral_hub.store import retention as store
from referral_hub.store.engine import Connection

KEEP_AGAIN_YEARS = 2
SAME_PERSON = "Somebody else has to decide: you proposed it yourself."


@dataclass(frozen=True, slots=True)
class Due:
    """A person whose records are due since `review_on`, by `schedule`."""

    person: store.Closed
    schedule: Schedule
    review_on: date


@dataclass(frozen=True, slots=True)
class WorkList:
    """What is due, what waits for a second person, and the holds in force."""

    due: Sequence[Due]
    proposed: Sequence[store.Proposed]
    holds: Sequence[store.Held]


def work_list(hub: Hub, actor: Actor) -> WorkList:
    """Return what there is to appraise and to approve. Raises Forbidden."""
    access.require(actor, Permission.APPRAISE)
    with hub.database.acting_for(actor.agency_id) as connection:
        return WorkList(
            due=_due(connection, actor.agency_id, hub.clock()),
            proposed=store.proposed(connection, actor.agency_id),
            holds=store.holds(connection, actor.agency_id),
        )


def propose(
    hub: Hub,
    actor: Actor,
    subject_id: UUID,
    outcome: Appraisal,
    *,
    reason: KeepReason | None = None,
) -> None:
    """Propose what becomes of a person's records that are due.

    Raises NotFound (not ours, or not due), InvalidInput (keeping needs a reason, destroying none),
    Conflict (on hold, or proposed already).
    """
    access.require(actor, Permission.APPRAISE)
    if (reason is None) is not (outcome is Appraisal.DESTROY):
        raise InvalidInput({"reason": ("Choose a reason to keep it; destroying needs none",)})
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        if not _due(connection, actor.agency_id, at, only=subject_id):
            raise NotFound
        if outcome is Appraisal.DESTROY and store.on_hold(connection, subject_id):
            raise Conflict("A legal hold keeps these records. It has to be lifted first.")
        row = {
            "id": new_id(at),
            "agency_id": actor.agency_id,
            "subject_id": subject_id,
            "outcome": outcome.value,
            "reason": reason.value if reason else None,
            "review_on": _review_again(outcome, reason, at),
            "proposed_by": actor.user_id,
            "proposed_at": at,
        }
        said = {"appraisal": outcome.value} | ({"reason": reason.value} if reason else {})
        entry = _entry(hub, actor, subject_id, outcome="appraisal_proposed", said=said)
        change.write(connection, change.Change([entry], {"appraisal": [row]}))


def decide(hub: Hub, actor: Actor, appraisal_id: UUID, *, approve: bool) -> ErasedPerson | None:
    """Approve or turn down what somebody else proposed; an approved destruction is carried out.

    Raises NotFound, and Conflict: the same person, decided already, on hold, or somebody helps.
    """
    access.require(actor, Permission.APPRAISE)
    with hub.database.acting_for(actor.agency_id) as connection:
        found = store.one_proposed(connection, actor.agency_id, appraisal_id)
    if found.proposed_by == actor.user_id:
        raise Conflict(SAME_PERSON)
    destroy = approve and found.outcome == Appraisal.DESTROY
    erased = erase_appraised(hub, actor, found.subject_id) if destroy else None
    at, decision = hub.clock(), "approved" if approve else "turned_down"
    with hub.database.acting_for(actor.agency_id) as connection:
        if not store.settle(connection, appraisal_id, by=actor.user_id, decision=decision, at=at):
            raise Conflict("This has been decided already.")
        said = {"appraisal": found.outcome}
        entry = _entry(hub, actor, found.subject_id, outcome=f"appraisal_{decision}", said=said)
        change.write(connection, change.Change([entry]))
    return erased


def keep_by(hub: Hub, actor: Actor, subject_id: UUID, schedule: Schedule | None) -> None:
    """Say by which schedule a person's records are kept; None is their agency's own.

    Whatever is said, they are kept at least as long as the agency's own schedule asks. Raises
    NotFound; Conflict where it is so already or the person was erased.
    """
    access.require(actor, Permission.APPRAISE)
    code = schedule.value if schedule else None
    with hub.database.acting_for(actor.agency_id) as connection:
        if erasures.person(connection, subject_id).erased_at is not None:
            raise Conflict("This person has been erased already.")
        if not store.keep_by(connection, subject_id, code):
            raise Conflict("The records are kept by this schedule already.")
        said = {"schedule": code or "own"}
        entry = _entry(hub, actor, subject_id, outcome="schedule_set", said=said)
        change.write(connection, change.Change([entry]))


def require_person(hub: Hub, actor: Actor, subject_id: UUID) -> None:
    """Raise NotFound unless the agency holds records about this person."""
    access.require(actor, Permission.APPRAISE)
    with hub.database.acting_for(actor.agency_id) as connection:
        erasures.person(connection, subject_id)


def require_destruction(hub: Hub, actor: Actor, entry_id: UUID) -> None:
    """Raise NotFound unless this is the entry of an erasure by the agency."""
    access.require(actor, Permission.APPRAISE)
    with hub.database.acting_for(actor.agency_id) as connection:
        if audit_log.one(connection, actor.agency_id, entry_id).type != EntryType.ERASURE:
            raise NotFound


def place_hold(hub: Hub, actor: Actor, subject_id: UUID, reason: LegalHoldReason) -> None:
    """Keep a person's records from being destroyed or erased. Raises NotFound, Conflict."""
    access.require(actor, Permission.APPRAISE)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        if erasures.person(connection, subject_id).erased_at is not None:
            raise Conflict("This person has been erased already.")
        if store.on_hold(connection, subject_id):
            raise Conflict("A legal hold keeps these records already.")
        row = {
            "id": new_id(at),
            "agency_id": actor.agency_id,
            "subject_id": subject_id,
            "reason": reason.value,
            "placed_by": actor.user_id,
            "placed_at": at,
        }
        said = {"reason": reason.value}
        entry = _entry(hub, actor, subject_id, outcome="hold_placed", said=said)
        change.write(connection, change.Change([entry], {"legal_hold": [row]}))


def lift_hold(hub: Hub, actor: Actor, hold_id: UUID) -> bool:
    """Lift a hold: the first call asks for it, one by somebody else does it; returns whether done.

    Raises NotFound, and Conflict for the person who asked.
    """
    access.require(actor, Permission.APPRAISE)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        found = store.one_hold(connection, actor.agency_id, hold_id)
        asked = found.lift_asked_by is not None
        step = store.lift if asked else store.ask_lift
        if not step(connection, hold_id, by=actor.user_id, at=at):
            raise Conflict(SAME_PERSON)
        outcome = "hold_lifted" if asked else "lift_asked"
        entry = _entry(hub, actor, found.subject_id, outcome=outcome, said={})
        change.write(connection, change.Change([entry]))
    return asked


def _due(connection: Connection, us: UUID, at: datetime, *, only: UUID | None = None) -> list[Due]:
    today = at.astimezone(LONDON).date()
    before = at - timedelta(days=shortest() * 365)
    found = [_when(row) for row in store.closed(connection, us, before=before, only=only)]
    return [one for one in found if one.review_on <= today and not one.person.preserved]


def _when(row: store.Closed) -> Due:
    own = schedule_for(AgencyKind(row.kind), child=row.minor_until is not None)
    said = Schedule(row.schedule) if row.schedule else own
    day = row.closed_at.astimezone(LONDON).date()
    until = {code: review_day(code, day, minor_until=row.minor_until) for code in (own, said)}
    longest = max(until, key=lambda code: (until[code], code == own))
    review = until[longest]
    return Due(row, longest, max(review, row.kept_until) if row.kept_until else review)


def _review_again(outcome: Appraisal, reason: KeepReason | None, at: datetime) -> date | None:
    """Return when what is kept is looked at again; what is preserved never is."""
    if outcome is not Appraisal.KEEP:
        return None
    health = terms()[Schedule.MENTAL_HEALTH].years - shortest()
    years = health if reason is KeepReason.MENTAL_HEALTH else KEEP_AGAIN_YEARS
    return later(at.astimezone(LONDON).date(), years)


def _entry(
    hub: Hub, actor: Actor, subject_id: UUID, *, outcome: str, said: Mapping[str, str]
) -> change.LogRow:
    """The person is committed to among the facts, sealed for the agency: the key may be going."""
    event = Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        outcome=outcome,
        cites=(f"person:{subject_id}",),
        details=said,
    )
    return prepare(event, hub.keys, hub.clock())
