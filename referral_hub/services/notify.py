"""Tell recipients what became of an agreement or a fact: the rows, and the log entry of each step.

A notification says of which referral and what kind, and nothing about the person. It travels as an
outbox row of the same id, into the hub's inbox or to a partner system, and stays open until
whoever was told says that they acted on it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from referral_hub.audit.events import EntryType, Event
from referral_hub.domain.codes import NotificationKind, NotificationState, OutboxKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.notifications import rule_of
from referral_hub.services import rows
from referral_hub.services.disclose import turn_of
from referral_hub.store import notifications
from referral_hub.store.engine import Connection
from referral_hub.store.notifications import NotificationRow
from referral_hub.store.referrals import TaskRow

Rows = dict[str, list[rows.Row]]
STOPPING = (NotificationKind.WITHDRAWN, NotificationKind.REFUSED, NotificationKind.OBJECTED)


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told and why: its cause (a consent event, an entry) and the log entry of that.

    `not_before` holds tasks back whose delivery is under way, so that the telling cannot overtake
    the referral.
    """

    kind: NotificationKind
    cause_id: UUID
    entry_id: UUID
    at: datetime
    not_before: Mapping[UUID, datetime] = field(default_factory=dict)


def to_recipients(telling: Telling, tasks: Iterable[TaskRow]) -> Rows:
    """Return the notification and the outbox row for the recipient of each task."""
    made: Rows = {"notification": [], "outbox": []}
    for task in tasks:
        leaves = rows.outbox_row(
            turn_of(task),
            telling.at,
            kind=OutboxKind.NOTIFICATION,
            task_id=task.id,
            due_at=telling.not_before.get(task.id),
        )
        made["outbox"].append(leaves)
        made["notification"].append(
            _row(telling, turn_of(task), leaves["id"])
            | {
                "task_id": task.id,
                "due_at": leaves["due_at"] + rule_of(telling.kind).answer_within,
            }
        )
    return made


def to_sender(telling: Telling, turn: rows.Turn, *, due_at: datetime) -> rows.Row:
    """Return the notification of the sender itself, which nothing has to carry."""
    about = rows.Turn(turn.referral_id, turn.slot, turn.origin, turn.owner, turn.origin)
    made = _row(telling, about, new_id(telling.at))
    return made | {"task_id": None, "due_at": due_at, "told_at": telling.at}


def together(*parts: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Return the rows of several parts of a change, table by table."""
    joined: dict[str, list[Any]] = {}
    for part in parts:
        for table, found in part.items():
            joined.setdefault(table, []).extend(found)
    return joined


def note_told(connection: Connection, ids: Collection[UUID], at: datetime) -> None:
    """Note that these left; whoever was told has its days from now on."""
    for row in notifications.by_id(connection, list(ids)).values():
        due_at = at + rule_of(NotificationKind(row.kind)).answer_within
        notifications.mark_told(connection, row.id, at=at, due_at=due_at)


def step_event(row: NotificationRow, outcome: str, by: Actor | None = None) -> Event:
    """Return the log event of a step: told, chased, unanswered, acknowledged or settled."""
    withdrawn = row.kind == NotificationKind.WITHDRAWN
    details: dict[str, str] = {"notification": str(row.id), "told": row.kind}
    if row.task_id is not None:
        details |= {"task": str(row.task_id), "effect": str(row.id)}
    return Event(
        type=EntryType.WITHDRAWAL if withdrawn else EntryType.CONSENT,
        sender=row.origin_agency_id,
        recipient=row.recipient_agency_id,
        actor_agency=by.agency_id if by else None,
        actor_user=by.user_id if by else None,
        referral_id=row.referral_id,
        outcome=outcome,
        details=details,
    )


def _row(telling: Telling, turn: rows.Turn, notification_id: UUID) -> rows.Row:
    return {
        "id": notification_id,
        "kind": telling.kind.value,
        "cause_id": telling.cause_id,
        "referral_id": turn.referral_id,
        "origin_agency_id": turn.origin,
        "owner_agency_id": turn.owner,
        "recipient_agency_id": turn.recipient,
        "state": NotificationState.WAITING.value,
        "created_at": telling.at,
        "told_at": None,
        "entry_id": telling.entry_id,
    }
