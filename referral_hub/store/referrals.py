"""Referrals, their tasks and their history, as pages need them: codes, ids and instants, never
content.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.errors import NotFound


@dataclass(frozen=True, slots=True)
class ReferralRow:
    """A referral without its sealed record."""

    id: UUID
    reference: str
    origin_agency_id: UUID
    owner_agency_id: UUID
    subject_id: UUID
    author_user_id: UUID
    priority: str
    purpose: str
    plan: Sequence[dict[str, Any]]
    created_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One recipient's turn, with names for display."""

    id: UUID
    referral_id: UUID
    reference: str
    priority: str
    purpose: str
    slot: int
    position: int
    service_id: UUID | None
    service_name: str | None
    origin_agency_id: UUID
    origin_name: str
    owner_agency_id: UUID
    owner_name: str
    recipient_agency_id: UUID
    recipient_name: str
    state: str
    reason: str | None
    outcome: str | None
    decision: dict[str, Any]
    created_at: datetime
    released_at: datetime | None
    moved_at: datetime
    due_at: datetime | None
    version: int
    seen_at: datetime | None
    next_position: int | None = None
    give_help: str | None = None
    household: bool = False


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One line of a task's history; `seq` is its log entry's number once integrated."""

    id: UUID
    task_id: UUID
    slot: int
    event: str
    state: str
    reason: str | None
    recipient_name: str
    actor_name: str | None
    at: datetime
    entry_id: UUID
    seq: int | None


@dataclass(frozen=True, slots=True)
class DisclosureRow:
    """What went to whom, by field id, and the log entry that allowed it."""

    id: UUID
    task_id: UUID
    recipient_name: str
    stage: str
    field_ids: Sequence[str]
    at: datetime
    entry_id: UUID


@dataclass(frozen=True, slots=True)
class CarriedRow:
    """The newest outbox row that carries a task to its recipient, or tells it by mail."""

    task_id: UUID
    kind: str
    state: str
    last_code: str | None


_REFERRAL = ", ".join(f"r.{name}" for name in ReferralRow.__slots__)
_TASKS = """
    SELECT t.id, t.referral_id, r.reference, r.priority, r.purpose, t.slot, t.position,
           t.service_id, s.name AS service_name, t.origin_agency_id, o.name AS origin_name,
           t.owner_agency_id, w.name AS owner_name, t.recipient_agency_id,
           a.name AS recipient_name, t.state, t.reason, t.outcome, t.decision, t.created_at,
           t.released_at, t.moved_at, t.due_at, t.version, t.seen_at, t.next_position,
           t.give_help, coalesce('household' = ANY(s.manners), false) AS household
    FROM task t
    JOIN referral r ON r.id = t.referral_id
    JOIN agency o ON o.id = t.origin_agency_id
    JOIN agency w ON w.id = t.owner_agency_id
    JOIN agency a ON a.id = t.recipient_agency_id
    LEFT JOIN service s ON s.id = t.service_id
"""


def one(connection: Connection, referral_id: UUID) -> ReferralRow:
    """Return a referral that the acting agency may see. Raises NotFound."""
    row = connection.execute(
        text(f"SELECT {_REFERRAL} FROM referral r WHERE r.id = :id"), {"id": referral_id}
    ).one_or_none()
    if row is None:
        raise NotFound
    return ReferralRow(*row)


def several(connection: Connection, referral_ids: Sequence[UUID]) -> list[ReferralRow]:
    """Return these referrals, as far as they are visible."""
    rows = connection.execute(
        text(f"SELECT {_REFERRAL} FROM referral r WHERE r.id = ANY(:ids)"),
        {"ids": list(referral_ids)},
    )
    return [ReferralRow(*row) for row in rows]


def carried(connection: Connection, task_ids: Sequence[UUID]) -> dict[UUID, CarriedRow]:
    """Return what carries each of these tasks, as far as the acting agency may see it."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT ON (task_id) task_id, kind, state, last_code FROM outbox"
            " WHERE task_id = ANY(:ids) AND (kind = 'offer'"
            " OR (kind = 'invitation' AND state <> 'cancelled')) ORDER BY task_id, id DESC"
        ),
        {"ids": list(task_ids)},
    )
    return {row.task_id: CarriedRow(*row) for row in rows}


def note_seen(connection: Connection, task_ids: Sequence[UUID], at: datetime) -> None:
    """Note when a recipient first opened these tasks (`hub_worker`)."""
    connection.execute(
        text("UPDATE task SET seen_at = :at WHERE id = ANY(:ids) AND seen_at IS NULL"),
        {"ids": list(task_ids), "at": at},
    )


def by_draft(connection: Connection, draft_id: UUID) -> ReferralRow:
    """Return the acting agency's referral that was sent from `draft_id`. Raises NotFound."""
    row = connection.execute(
        text(f"SELECT {_REFERRAL} FROM referral r WHERE r.draft_id = :id"), {"id": draft_id}
    ).one_or_none()
    if row is None:
        raise NotFound
    return ReferralRow(*row)


def sent_by(
    connection: Connection, agency_id: UUID, *, before: UUID | None, most: int
) -> list[ReferralRow]:
    """Return the referrals that `agency_id` sent, newest first, before the id `before`."""
    return _page(connection, "origin_agency_id", agency_id, before=before, most=most)


def _page(
    connection: Connection, column: str, agency_id: UUID, *, before: UUID | None, most: int
) -> list[ReferralRow]:
    rows = connection.execute(
        text(
            f"SELECT {_REFERRAL} FROM referral r WHERE r.{column} = :agency"
            " AND (CAST(:before AS uuid) IS NULL OR r.id < CAST(:before AS uuid))"
            " ORDER BY r.id DESC LIMIT :most"
        ),
        {"agency": agency_id, "before": before, "most": most},
    )
    return [ReferralRow(*row) for row in rows]


def tasks_of(connection: Connection, referral_ids: Sequence[UUID]) -> list[TaskRow]:
    """Return every visible task of these referrals, by slot and then by age."""
    rows = connection.execute(
        text(_TASKS + " WHERE t.referral_id = ANY(:ids) ORDER BY t.slot, t.id"),
        {"ids": list(referral_ids)},
    )
    return [TaskRow(*row) for row in rows]


def task(connection: Connection, task_id: UUID) -> TaskRow:
    """Return a task that the acting agency may see. Raises NotFound."""
    row = connection.execute(text(_TASKS + " WHERE t.id = :id"), {"id": task_id}).one_or_none()
    if row is None:
        raise NotFound
    return TaskRow(*row)


def tasks_by_id(connection: Connection, task_ids: Sequence[UUID]) -> list[TaskRow]:
    """Return these tasks, as far as they are visible."""
    rows = connection.execute(text(_TASKS + " WHERE t.id = ANY(:ids)"), {"ids": list(task_ids)})
    return [TaskRow(*row) for row in rows]


def received_by(
    connection: Connection,
    agency_id: UUID,
    *,
    before: UUID | None,
    most: int,
    states: Sequence[str] | None = None,
) -> list[TaskRow]:
    """Return the tasks that reached `agency_id`, newest first; in any state, or in `states`."""
    rows = connection.execute(
        text(
            _TASKS + " WHERE t.recipient_agency_id = :agency AND t.released_at IS NOT NULL"
            " AND (CAST(:states AS text[]) IS NULL OR t.state = ANY(:states))"
            " AND (CAST(:before AS uuid) IS NULL OR t.id < CAST(:before AS uuid))"
            " ORDER BY t.id DESC LIMIT :most"
        ),
        {"agency": agency_id, "before": before, "most": most, "states": states and list(states)},
    )
    return [TaskRow(*row) for row in rows]


def to_open(
    connection: Connection, *, states: Sequence[str], only_new: bool, most: int
) -> list[TaskRow]:
    """Return tasks that reached the acting agency and are still with it, the oldest first."""
    rows = connection.execute(
        text(
            _TASKS + " WHERE t.recipient_agency_id = acting_agency() AND t.released_at IS NOT NULL"
            " AND t.state = ANY(:states) AND (NOT :new OR t.seen_at IS NULL)"
            " ORDER BY t.id LIMIT :most"
        ),
        {"states": list(states), "new": only_new, "most": most},
    )
    return [TaskRow(*row) for row in rows]


def open_tasks_owned_by(
    connection: Connection,
    agency_id: UUID,
    *,
    states: Sequence[str],
    after: UUID | None,
    most: int,
) -> list[TaskRow]:
    """Return tasks that `agency_id` is accountable for in any of `states`, oldest first."""
    rows = connection.execute(
        text(
            _TASKS + " WHERE t.owner_agency_id = :agency AND t.state = ANY(:states)"
            " AND (CAST(:after AS uuid) IS NULL OR t.id > CAST(:after AS uuid))"
            " ORDER BY t.id LIMIT :most"
        ),
        {"agency": agency_id, "states": list(states), "after": after, "most": most},
    )
    return [TaskRow(*row) for row in rows]


def history_of(connection: Connection, referral_id: UUID) -> list[HistoryRow]:
    """Return the visible history of a referral, oldest first."""
    rows = connection.execute(
        text(
            "SELECT e.id, e.task_id, t.slot, e.event, e.state, e.reason, a.name, x.name, e.at,"
            " e.entry_id, l.seq FROM task_event e JOIN task t ON t.id = e.task_id"
            " JOIN agency a ON a.id = e.recipient_agency_id"
            " LEFT JOIN agency x ON x.id = e.actor_agency_id"
            " LEFT JOIN log_entry l ON l.id = e.entry_id"
            " WHERE e.referral_id = :id ORDER BY e.id"
        ),
        {"id": referral_id},
    )
    return [HistoryRow(*row) for row in rows]


def disclosures_of(connection: Connection, referral_id: UUID) -> list[DisclosureRow]:
    """Return what already went, oldest first."""
    rows = connection.execute(
        text(
            "SELECT d.id, d.task_id, a.name, d.stage, d.field_ids, d.at, d.entry_id"
            " FROM release d JOIN agency a ON a.id = d.recipient_agency_id"
            " WHERE d.referral_id = :id ORDER BY d.id"
        ),
        {"id": referral_id},
    )
    return [DisclosureRow(*row) for row in rows]


def refresh_decision(connection: Connection, task_id: UUID, decision: Mapping[str, Any]) -> None:
    """Replace what a held or cleared task says about its decision (`hub_worker` only)."""
    connection.execute(
        text(
            "UPDATE task SET decision = CAST(:decision AS jsonb), reason = :reason WHERE id = :id"
        ),
        {"id": task_id, "decision": json.dumps(decision), "reason": decision.get("reason")},
    )


def mark_withdrawn(connection: Connection, referral_id: UUID, at: datetime) -> None:
    """Stamp a referral as withdrawn."""
    connection.execute(
        text("UPDATE referral SET withdrawn_at = :at WHERE id = :id"),
        {"id": referral_id, "at": at},
    )


def last_actor(connection: Connection, task_id: UUID) -> UUID | None:
    """Return who moved a task last, the hub's own moves left aside."""
    statement = (
        "SELECT actor_user_id FROM task_event WHERE task_id = :id AND actor_user_id IS NOT NULL"
        " ORDER BY id DESC LIMIT 1"
    )
    found: UUID | None = connection.execute(text(statement), {"id": task_id}).scalar()
    return found


def is_withdrawn(connection: Connection, referral_id: UUID) -> bool:
    """Tell whether the agreement to a referral has been withdrawn."""
    found = connection.execute(
        text("SELECT withdrawn_at IS NOT NULL FROM referral WHERE id = :id"), {"id": referral_id}
    )
    return bool(found.scalar())


def state_of(connection: Connection, task_id: UUID) -> str | None:
    """Return the state of a task as it is now."""
    found = connection.execute(text("SELECT state FROM task WHERE id = :id"), {"id": task_id})
    state: str | None = found.scalar()
    return state
