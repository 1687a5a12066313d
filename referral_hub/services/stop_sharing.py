"""Sharing stops for some recipients, because the person said so: the rows of one transaction.

Shared by a withdrawal and by everything that stops less than all. What is unsent does not go; a
delivery that a worker has leased at this very moment may still leave, so its recipient is told as
well, after the lease has run out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
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
from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.domain.codes import NotificationKind, OutboxKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.notifications import rule_of
from referral_hub.domain.transitions import Party, TaskEvent, TaskState, advance
from referral_hub.services import rows
from referral_hub.services.agreements import consent_log_event
from referral_hub.services.disclose import turn_of
from referral_hub.services.hub import Hub
from referral_hub.services.notify import Telling, to_recipients, together
from referral_hub.store import change, notifications, referrals
from referral_hub.store.change import LogRow


@dataclass(frozen=True, slots=True)
class Said:
    """What the person said, how, and who said it. No recipients means: to nobody any more."""

    kind: NotificationKind
    recipients: frozenset[UUID] = frozenset()
    method: Method = Method.IN_PERSON
    given_by: GivenBy = GivenBy.SELF


@dataclass(frozen=True, slots=True, repr=False)
class Stop:
    """What stops: tasks that end, tasks whose recipients are told, and slots to look at again.

    `elsewhere` are the person's other referrals that have some of these.
    """

    referral: referrals.ReferralRow
    key: SubjectKey
    said: Said
    at: datetime
    ends: Sequence[referrals.TaskRow]
    told: Sequence[referrals.TaskRow]
    again: Sequence[referrals.TaskRow] = ()
    in_flight: Mapping[UUID, datetime] = field(default_factory=dict)
    elsewhere: Sequence[UUID] = ()

    def __repr__(self) -> str:
        return "<Stop>"


def stop_sharing(hub: Hub, connection: Any, actor: Actor, stop: Stop) -> None:
    """Write what the person said, end the tasks, tell the recipients. Raises Conflict."""
    row = _event_row(actor, stop)
    logged = prepare(consent_log_event(row, actor, stop.key), hub.keys, stop.at)
    entries = {task.id: _entry(hub, actor, stop, task) for task in stop.ends}
    for referral_id in (stop.referral.id, *stop.elsewhere):
        supersede(connection, referral_id, stop.said.kind, stop.said.recipients or None)
    telling = Telling(
        stop.said.kind, row["id"], logged.entry["id"], stop.at, not_before=stop.in_flight
    )
    own = {
        "consent_event": [row],
        "task_event": [_history(actor, stop, task, entries[task.id]) for task in stop.ends],
        "outbox": [
            rows.outbox_row(turn_of(task), stop.at, kind=OutboxKind.ADVANCE, task_id=task.id)
            for task in stop.again
        ],
    }
    inserts = together(own, to_recipients(telling, stop.told))
    moves = [_move(task, stop.at) for task in stop.ends]
    change.write(connection, change.Change([logged, *entries.values()], inserts, moves))


def supersede(
    connection: Any,
    referral_id: UUID,
    kind: NotificationKind,
    recipients: Collection[UUID] | None,
) -> None:
    """Let rest what `kind` makes pointless to answer, as its rule says."""
    superseded = rule_of(kind).supersedes
    notifications.supersede(connection, referral_id, kinds=superseded, recipients=recipients)


def _move(task: referrals.TaskRow, at: datetime) -> change.TaskMove:
    state = advance(TaskState(task.state), TaskEvent.WITHDRAW, Party.ORIGIN)
    return change.TaskMove(task.id, task.version, state.value, at)


def _history(actor: Actor, stop: Stop, task: referrals.TaskRow, entry: LogRow) -> rows.Row:
    happened = rows.Happened(
        event=TaskEvent.WITHDRAW.value,
        state=TaskState.WITHDRAWN,
        entry_id=entry.entry["id"],
        actor=actor,
    )
    return rows.task_event_row(turn_of(task), stop.at, task_id=task.id, happened=happened)


def _entry(hub: Hub, actor: Actor, stop: Stop, task: referrals.TaskRow) -> LogRow:
    event = Event(
        type=EntryType.TASK,
        sender=task.origin_agency_id,
        recipient=task.recipient_agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        subject=stop.key,
        referral_id=task.referral_id,
        outcome=TaskState.WITHDRAWN.value,
        details={"event": TaskEvent.WITHDRAW.value, "task": str(task.id)},
    )
    return prepare(event, hub.keys, stop.at)


def _event_row(actor: Actor, stop: Stop) -> dict[str, Any]:
    """An ending that names no class ends every class; one that names nobody ends them for all."""
    said = stop.said
    withdrawn = said.kind is NotificationKind.WITHDRAWN
    return {
        "id": new_id(stop.at),
        "origin_agency_id": actor.agency_id,
        "subject_id": stop.referral.subject_id,
        "referral_id": stop.referral.id,
        "state": (EventState.WITHDRAWN if withdrawn else EventState.REFUSED).value,
        "event_type": EventType.EXPLICIT.value,
        "purpose": Purpose.SUPPORT.value,
        "classes": [],
        "recipients": sorted(map(str, said.recipients)),
        "confidentiality": ConfidentialityBasis.EXPLICIT_CONSENT.value,
        "service_agreement": False,
        "notice_id": "withdrawal" if withdrawn else said.kind.value,
        "notice_version": "1",
        "notice_language": "en",
        "notice_hash": "",
        "method": said.method.value,
        "given_by": said.given_by.value,
        "proxy_id": None,
        "evidence": {} if withdrawn else {"said": said.kind.value},
        "taken_by": actor.user_id,
        "valid_from": stop.at,
        "valid_until": None,
        "recorded_at": stop.at,
        "supersedes": None,
    }
