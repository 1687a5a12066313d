"""Emergency access: claim it with a reason, and open one record once within the time box.

1. The claim is decided (rule R12, and all that an emergency does not lift). A permit becomes one
   statement: the ticket, the sealed reason, an alert for the officers of both agencies and the
   OVERRIDE entry. A refusal is an entry too.
2. The use waits until that entry stands in the log, is decided again, spends the ticket together
   with its VIEW entry, waits for that one, and only then opens.

Nothing here asks Redis. The limit: a ticket that was spent when the log failed an instant later has
opened nothing and stays spent; a second claim is cheap, a second look is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from consent.emergency import weak_reason
from consent.inputs import Decided, Inputs, decide_on
from consent.model import (
    DisclosureRequest,
    EmergencyCause,
    Facts,
    Override,
    Permit,
    Purpose,
    Stage,
)
from consent.policy import current_policy
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.crypto.unseal import open_fields
from referral_hub.domain.channels import looked_by
from referral_hub.domain.commands import Actor, AskEmergencyAccess
from referral_hub.domain.ids import new_id
from referral_hub.domain.transitions import DISCLOSED, TaskState
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services import record
from referral_hub.services.casework import case_of, stored_record
from referral_hub.services.emergency_notes import REASON, Words, note_row
from referral_hub.services.facts import standing
from referral_hub.services.hub import Hub
from referral_hub.services.own_surname import note_own_surname
from referral_hub.services.place import Case, decision_event, decision_row
from referral_hub.services.release import Withheld
from referral_hub.store import change, emergency, referrals
from referral_hub.store.cases import CaseRows, load


class TicketRefusal(StrEnum):
    """Why a ticket is not this person's to use here."""

    OTHER_USER = "emergency_other_user"
    OTHER_REFERRAL = "emergency_other_referral"


TELLS = {
    TicketRefusal.OTHER_USER: "A colleague asked for this emergency access, and only they may use"
    " it. If you need the record, ask for it yourself.",
    TicketRefusal.OTHER_REFERRAL: "This emergency access is for another referral. If you need this"
    " one, ask for it and say why.",
}


@dataclass(frozen=True, slots=True)
class EmergencyView:
    """A task, the ticket that the actor can still use for it, and the box in minutes."""

    task: referrals.TaskRow
    ticket: emergency.Ticket | None
    minutes: int


@dataclass(frozen=True, slots=True, repr=False)
class OpenedInEmergency:
    """What was opened, by catalogue id, under which entry."""

    task: referrals.TaskRow
    fields: Mapping[str, Any]
    entry_id: UUID

    def __repr__(self) -> str:
        return "<OpenedInEmergency>"


@dataclass(frozen=True, slots=True, repr=False)
class _Asking:
    """Who asks about which task, with the facts of its referral."""

    actor: Actor
    task: referrals.TaskRow
    case: Case
    rows: CaseRows

    def __repr__(self) -> str:
        return "<Asking>"


def read_emergency(hub: Hub, actor: Actor, task_id: UUID) -> EmergencyView:
    """Return what the page of emergency access shows. Raises NotFound, Conflict."""
    at = hub.clock()
    task = _task(hub, actor, task_id)
    with hub.database.acting_for(actor.agency_id) as connection:
        ticket = emergency.open_ticket(connection, task_id, user_id=actor.user_id, at=at)
    return EmergencyView(task, ticket, current_policy().emergency.minutes)


def ask_emergency_access(hub: Hub, actor: Actor, wanted: AskEmergencyAccess) -> UUID:
    """Claim an emergency; returns the ticket's id. Asking twice with one id claims once.

    Raises InvalidInput (the reason is none), Withheld (refused, and logged), NotFound, Conflict.
    """
    hub = hub.for_one_use_case()
    terms = current_policy().emergency
    fault = weak_reason(wanted.reason, terms)
    if fault is not None:
        raise InvalidInput({REASON: (terms.says[fault],)})
    asking = _asking(hub, actor, wanted.task_id)
    at = hub.clock()
    ticket = _new_ticket(asking, wanted, at=at, closes_at=at + timedelta(minutes=terms.minutes))
    decided = _decide(asking, ticket, at)
    if not isinstance(decided.outcome, Permit):
        raise _refused(hub, asking, decided)
    entry = prepare(_event(asking, decided, ticket, kind=EntryType.OVERRIDE), hub.keys, at)
    ticket = replace(ticket, override_entry_id=entry.entry["id"])
    words = Words(ticket.note_id, REASON, actor.agency_id, wanted.reason)
    inserts: dict[str, list[change.Row]] = {
        "emergency_access": [{name: getattr(ticket, name) for name in ticket.__slots__}],
        "emergency_note": [note_row(hub, ticket, words, at)],
        "emergency_alert": _alerts(asking, ticket, at),
    }
    try:
        with hub.database.direct() as link:
            change.write_at_once(link, change.Change([entry], inserts), acting_for=actor.agency_id)
    except change.AlreadyThere:
        _require_same(hub, asking, wanted.ticket_id)
    return ticket.id


def open_in_emergency(hub: Hub, actor: Actor, task_id: UUID, ticket_id: UUID) -> OpenedInEmergency:
    """Spend a ticket and open the record, once.

    Raises Withheld (refused, and logged), NotFound, LogUnavailable.
    """
    hub = hub.for_one_use_case()
    asking = _asking(hub, actor, task_id)
    ticket = _ticket(hub, actor, ticket_id)
    if ticket.user_id != actor.user_id:
        raise _not_theirs(hub, asking, ticket, TicketRefusal.OTHER_USER)
    if ticket.task_id != task_id:
        raise _not_theirs(hub, asking, ticket, TicketRefusal.OTHER_REFERRAL)
    ensure_integrated(hub.database, hub.integrator, [ticket.override_entry_id])
    permit, entry_id = _spend(hub, asking, ticket)
    ensure_integrated(hub.database, hub.integrator, [ticket.override_entry_id, entry_id])
    stored = stored_record(asking.rows)
    wanted = record.releasable(permit.fields, stored.ciphertexts, asking.task.slot)
    opened = open_fields(hub.keys, stored, wanted)
    fields = record.from_bytes(opened)
    note_own_surname(hub, actor, fields, entry_id)
    return OpenedInEmergency(asking.task, fields, entry_id)


def may_ask(actor: Actor, task: referrals.TaskRow) -> bool:
    """Tell whether to offer emergency access; for showing a link, never for refusing."""
    situation = Situation(owner=task.owner_agency_id, recipient=task.recipient_agency_id)
    holds = actor.agency_id == task.owner_agency_id or TaskState(task.state) in DISCLOSED
    ours = actor.agency_id == task.origin_agency_id
    return access.permits(actor, Permission.USE_EMERGENCY_ACCESS, situation) and holds and not ours


def _task(hub: Hub, actor: Actor, task_id: UUID) -> referrals.TaskRow:
    """Return a task that the actor's agency holds or answers for. Raises NotFound, Conflict."""
    with hub.database.acting_for(actor.agency_id) as connection:
        task = referrals.task(connection, task_id)
    situation = Situation(owner=task.owner_agency_id, recipient=task.recipient_agency_id)
    access.require(actor, Permission.USE_EMERGENCY_ACCESS, situation)
    if actor.agency_id == task.origin_agency_id:
        raise Conflict("Your own agency sent this; its referrers can open what was sent.")
    if actor.agency_id != task.owner_agency_id and task.state not in DISCLOSED:
        raise Conflict("This referral is no longer with you, so it cannot be opened.")
    return task


def _asking(hub: Hub, actor: Actor, task_id: UUID) -> _Asking:
    task = _task(hub, actor, task_id)
    with hub.database.working() as connection:
        batch = load(connection, [task.referral_id], [actor.agency_id])
    found = batch.cases[task.referral_id]
    return _Asking(actor, task, case_of(batch, found), found)


def _ticket(hub: Hub, actor: Actor, ticket_id: UUID) -> emergency.Ticket:
    with hub.database.acting_for(actor.agency_id) as connection:
        return emergency.ticket(connection, ticket_id)


def _new_ticket(
    asking: _Asking, wanted: AskEmergencyAccess, *, at: datetime, closes_at: datetime
) -> emergency.Ticket:
    return emergency.Ticket(
        id=wanted.ticket_id,
        referral_id=asking.task.referral_id,
        task_id=asking.task.id,
        slot=asking.task.slot,
        origin_agency_id=asking.task.origin_agency_id,
        actor_agency_id=asking.actor.agency_id,
        user_id=asking.actor.user_id,
        role=asking.actor.role.value,
        cause=wanted.cause.value,
        note_id=new_id(at),
        opened_at=at,
        closes_at=closes_at,
        used_at=None,
        override_entry_id=wanted.ticket_id,
        use_entry_id=None,
    )


def _alerts(asking: _Asking, ticket: emergency.Ticket, at: datetime) -> list[change.Row]:
    """An alert for each agency whose officer must know: a reference, and nothing about a person."""
    return [
        {
            "id": new_id(at),
            "access_id": ticket.id,
            "agency_id": agency_id,
            "origin_agency_id": ticket.origin_agency_id,
            "actor_agency_id": ticket.actor_agency_id,
            "reference": asking.task.reference,
            "raised_at": at,
        }
        for agency_id in (ticket.origin_agency_id, ticket.actor_agency_id)
    ]


def _decide(asking: _Asking, ticket: emergency.Ticket, at: datetime) -> Decided:
    case, us = asking.case, asking.actor.agency_id
    row = case.standings[us]
    known = standing(row, at)
    request = DisclosureRequest(
        subject_id=str(case.subject.id),
        sender_id=str(case.sender),
        recipient_id=str(us),
        recipient_type=known.type,
        purpose=Purpose.EMERGENCY,
        stage=Stage.ACCEPTED,
        classes=case.classes,
        channel="screen",
        actor_role=asking.actor.role.value,
    )
    override = Override(
        id=str(ticket.id),
        subject_id=str(case.subject.id),
        recipient_id=str(ticket.actor_agency_id),
        actor_role=ticket.role,
        cause=EmergencyCause(ticket.cause),
        reasons_id=str(ticket.note_id),
        opened_at=ticket.opened_at,
        closes_at=ticket.closes_at,
        used_at=ticket.used_at,
    )
    facts = Facts(
        consent_events=case.events,
        agreements=(),
        person=case.person,
        recipient=known,
        overrides=(override,),
        proxies=case.proxies,
        capacity=case.capacity,
    )
    return decide_on(Inputs(request, facts, at))


def _spend(hub: Hub, asking: _Asking, ticket: emergency.Ticket) -> tuple[Permit, UUID]:
    """Decide again and use the ticket up with the entry of its look, or refuse and log that."""
    at = hub.clock()
    decided = _decide(asking, ticket, at)
    outcome = decided.outcome
    if not isinstance(outcome, Permit):
        raise _refused(hub, asking, decided, ticket)
    entry = prepare(_event(asking, decided, ticket, kind=EntryType.VIEW), hub.keys, at)
    entry_id: UUID = entry.entry["id"]
    try:
        with hub.database.acting_for(asking.actor.agency_id) as connection:
            change.write(connection, change.Change([entry]))
            if not emergency.spend(connection, ticket.id, at=at, entry_id=entry_id):
                raise Conflict("This emergency access has been used.")
    except Conflict:
        late = replace(ticket, used_at=at)
        raise _refused(hub, asking, _decide(asking, late, at), late) from None
    return outcome, entry_id


def _event(
    asking: _Asking, decided: Decided, ticket: emergency.Ticket | None, *, kind: EntryType
) -> Event:
    details = {"task": str(asking.task.id)} | looked_by(asking.actor.role)
    if ticket is not None:
        details |= {"ticket": str(ticket.id), "emergency": ticket.cause}
    actor = asking.actor
    return decision_event(
        asking.case,
        (actor.agency_id, decided),
        kind=kind,
        actor=(actor.agency_id, actor.user_id),
        details=details,
    )


def _refused(
    hub: Hub, asking: _Asking, decided: Decided, ticket: emergency.Ticket | None = None
) -> Withheld:
    """Log a refusal, and return it to be raised."""
    outcome = decided.outcome
    if isinstance(outcome, Permit):
        raise TypeError("a permit is no refusal")
    _append(hub, asking, _event(asking, decided, ticket, kind=EntryType.DECISION))
    return Withheld(decision_row(outcome)["reason"], f"{outcome.missing} {outcome.fix}")


def _not_theirs(
    hub: Hub, asking: _Asking, ticket: emergency.Ticket, why: TicketRefusal
) -> Withheld:
    actor = asking.actor
    event = Event(
        type=EntryType.DECISION,
        sender=asking.case.sender,
        recipient=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        subject=asking.case.subject,
        referral_id=asking.case.referral_id,
        purpose=Purpose.EMERGENCY.value,
        outcome="refuse",
        rules=("R12",),
        details={"reason": why.value, "ticket": str(ticket.id), "task": str(asking.task.id)},
    )
    _append(hub, asking, event)
    return Withheld(why.value, TELLS[why])


def _append(hub: Hub, asking: _Asking, event: Event) -> None:
    """Write an entry that changes nothing else."""
    entry = prepare(event, hub.keys, hub.clock())
    with hub.database.direct() as link:
        change.write_at_once(link, change.Change([entry]), acting_for=asking.actor.agency_id)


def _require_same(hub: Hub, asking: _Asking, ticket_id: UUID) -> None:
    """Return if the ticket is this actor's for this task: the page was sent twice."""
    found = _ticket(hub, asking.actor, ticket_id)
    if (found.user_id, found.task_id) != (asking.actor.user_id, asking.task.id):
        raise Conflict("This page was sent before by somebody else. Open it again.")
