"""The person has changed their mind: everything unsent stops at once, recipients are told, and what
went is listed.

One transaction as the sender's agency. A delivery that a worker has leased at this very moment may
still leave; its recipient is then told as well, after the lease has run out, so the message cannot
overtake the referral.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from consent.model import (
    ConfidentialityBasis,
    EventState,
    EventType,
    GivenBy,
    Method,
    Purpose,
)
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.domain.codes import OutboxKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.transitions import OPEN, Party, TaskEvent, TaskState, advance
from referral_hub.errors import Conflict
from referral_hub.services import rows
from referral_hub.services.agreements import consent_log_event
from referral_hub.services.disclose import turn_of
from referral_hub.services.hub import Hub
from referral_hub.store import change, referrals, withdrawals
from referral_hub.store.change import LogRow


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal stopped, who is being told, and what had already gone."""

    stopped: tuple[str, ...]
    told: tuple[str, ...]
    already_disclosed: tuple[referrals.DisclosureRow, ...]


def withdraw_agreement(hub: Hub, actor: Actor, referral_id: UUID) -> Withdrawn:
    """Withdraw the person's agreement to share this referral, at their request; no reason is asked.

    Raises NotFound, and Conflict when it has been withdrawn already.
    """
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        withdrawals.lock_tasks(connection, referral_id)
        referral = referrals.one(connection, referral_id)
        situation = Situation(origin=referral.origin_agency_id, author=referral.author_user_id)
        access.require(actor, Permission.WITHDRAW_AGREEMENT, situation)
        if referral.withdrawn_at is not None:
            raise Conflict("The agreement for this referral has been withdrawn already.")
        if referral.purpose == Purpose.SAFEGUARDING:
            raise Conflict("A safeguarding concern does not rest on an agreement, so none ends it.")
        subject = withdrawals.subject_key(connection, referral.subject_id)
        key = SubjectKey(subject.id, referral.origin_agency_id, subject.wrapped_key)
        tasks = [t for t in referrals.tasks_of(connection, [referral_id]) if t.state in OPEN]
        in_flight = withdrawals.cancel_unsent(connection, referral_id, at)
        disclosed = referrals.disclosures_of(connection, referral_id)
        told = [t for t in tasks if t.released_at is not None or t.id in in_flight]
        _write(hub, connection, actor, _Withdrawal(referral, key, tasks, told, in_flight, at))
        referrals.mark_withdrawn(connection, referral_id, at)
    hub.doorbell.ring()
    return Withdrawn(
        stopped=tuple(t.recipient_name for t in tasks if t not in told),
        told=tuple(t.recipient_name for t in told),
        already_disclosed=tuple(disclosed),
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Withdrawal:
    referral: referrals.ReferralRow
    key: SubjectKey
    tasks: list[referrals.TaskRow]
    told: list[referrals.TaskRow]
    in_flight: dict[UUID, datetime]
    at: datetime

    def __repr__(self) -> str:
        return "<_Withdrawal>"


def _write(hub: Hub, connection: Any, actor: Actor, made: _Withdrawal) -> None:
    row = _event_row(actor, made)
    said = prepare(
        consent_log_event(row, actor, made.key),
        hub.keys,
        made.at,
    )
    entries = {task.id: _entry(hub, actor, made, task) for task in made.tasks}
    inserts = {
        "consent_event": [row],
        "task_event": [
            rows.task_event_row(
                turn_of(task),
                made.at,
                task_id=task.id,
                happened=rows.Happened(
                    event=TaskEvent.WITHDRAW.value,
                    state=TaskState.WITHDRAWN,
                    entry_id=entries[task.id].entry["id"],
                    actor=actor,
                ),
            )
            for task in made.tasks
        ],
        "outbox": [
            rows.outbox_row(
                turn_of(task),
                made.at,
                kind=OutboxKind.WITHDRAWAL,
                task_id=task.id,
                due_at=made.in_flight.get(task.id, made.at),
            )
            for task in made.told
        ],
    }
    moves = [_stop(task, made.at) for task in made.tasks]
    change.write(connection, change.Change([said, *entries.values()], inserts, moves))


def _stop(task: referrals.TaskRow, at: datetime) -> change.TaskMove:
    state = advance(TaskState(task.state), TaskEvent.WITHDRAW, Party.ORIGIN)
    return change.TaskMove(task.id, task.version, state.value, at)


def _entry(hub: Hub, actor: Actor, made: _Withdrawal, task: referrals.TaskRow) -> LogRow:
    event = Event(
        type=EntryType.TASK,
        sender=task.origin_agency_id,
        recipient=task.recipient_agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        subject=made.key,
        referral_id=task.referral_id,
        outcome=TaskState.WITHDRAWN.value,
        details={"event": TaskEvent.WITHDRAW.value, "task": str(task.id)},
    )
    return prepare(event, hub.keys, made.at)


def _event_row(actor: Actor, made: _Withdrawal) -> dict[str, Any]:
    """Withdrawal names nobody and no class, and so ends every agreement for the purpose."""
    return {
        "id": new_id(made.at),
        "origin_agency_id": actor.agency_id,
        "subject_id": made.referral.subject_id,
        "referral_id": made.referral.id,
        "state": EventState.WITHDRAWN.value,
        "event_type": EventType.EXPLICIT.value,
        "purpose": Purpose.SUPPORT.value,
        "classes": [],
        "recipients": [],
        "confidentiality": ConfidentialityBasis.EXPLICIT_CONSENT.value,
        "service_agreement": False,
        "notice_id": "withdrawal",
        "notice_version": "1",
        "notice_language": "en",
        "notice_hash": "",
        "method": Method.IN_PERSON.value,
        "given_by": GivenBy.SELF.value,
        "proxy_id": None,
        "evidence": {},
        "taken_by": actor.user_id,
        "valid_from": made.at,
        "valid_until": None,
        "recorded_at": made.at,
        "supersedes": None,
    }
