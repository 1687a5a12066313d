"""Clocks of tasks as rows: which tasks want looking at, their history, and what comes next.

`hub_worker` only, but for what the accountable council does by hand: `cancel_offers`, `lock` and
`asked_since`. Rows are locked and those that another worker holds are passed over, so several
schedulers share the work; that a step happens once is the unique index over a task, what began its
clock, and the step. Every statement is for a batch: no N+1.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.domain.transitions import ACTIVE, OPEN, TaskState
from referral_hub.store.change import to_json

UNACCEPTED = (TaskState.ROUTED, TaskState.OFFERED, TaskState.INFORMATION_ASKED)


@dataclass(frozen=True, slots=True)
class ClockedRow:
    """A task as its clock needs it: whose it is, who would do it, and by whose bank holidays."""

    id: UUID
    referral_id: UUID
    slot: int
    origin_agency_id: UUID
    owner_agency_id: UUID
    recipient_agency_id: UUID
    state: str
    version: int
    released_at: datetime | None
    priority: str
    recipient_kind: str
    nation: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of a task's history."""

    id: UUID
    task_id: UUID
    event: str
    state: str
    at: datetime
    cause_id: UUID | None


@dataclass(frozen=True, slots=True)
class Wound:
    """The step that comes next and when, and until when the task is to be done with."""

    task_id: UUID
    step: str | None
    step_at: datetime | None
    due_at: datetime | None


Find = Callable[[Connection, datetime, int], list[UUID]]

_OPEN = ", ".join(f"'{state}'" for state in sorted(OPEN))
_UNWOUND = text(
    f"""
    SELECT id FROM task WHERE state IN ({_OPEN}) AND clock_version IS DISTINCT FROM version
    ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
    """
)
_DUE = text(
    """
    SELECT id FROM task WHERE step_at <= :at
    ORDER BY step_at, id LIMIT :most FOR UPDATE SKIP LOCKED
    """
)
_ROWS = text(
    """
    SELECT t.id, t.referral_id, t.slot, t.origin_agency_id, t.owner_agency_id,
           t.recipient_agency_id, t.state, t.version, t.released_at, r.priority, a.kind, a.nation
    FROM task t JOIN referral r ON r.id = t.referral_id
    JOIN agency a ON a.id = t.recipient_agency_id
    WHERE t.id = ANY(:ids) ORDER BY t.id
    """
)
_HISTORY = text(
    """
    SELECT id, task_id, event, state, at, cause_id FROM task_event
    WHERE referral_id = ANY(:referrals) AND task_id = ANY(:ids) ORDER BY id
    """
)
_WIND = text(
    """
    UPDATE task SET clock_version = task.version, step = w.step, step_at = w.step_at,
                    due_at = w.due_at
    FROM json_populate_recordset(NULL::task, :wound) w WHERE task.id = w.id
    """
)
_WAYS = text(
    """
    SELECT agency_id, 'mail' FROM agency_mail WHERE enabled AND agency_id = ANY(:ids)
    UNION
    SELECT agency_id, 'callback' FROM callback_endpoint
    WHERE disabled_at IS NULL AND agency_id = ANY(:ids)
    """
)
# An offer that a worker is sending at this moment stays, and its task is looked at again later.
_CANCEL_OFFERS = text(
    """
    UPDATE outbox SET state = 'cancelled', settled_at = :at, last_code = 'moved_on'
    WHERE task_id = ANY(:ids) AND kind = 'offer' AND state IN ('due', 'dead', 'refused')
      AND (lease_until IS NULL OR lease_until < :at)
    RETURNING task_id
    """
)
_GONE = text(
    """
    WITH away AS (
        SELECT id, CASE WHEN active THEN 'insurance_lapsed' ELSE 'agency_stopped' END AS why
        FROM agency WHERE NOT active
           OR (kind = ANY(:insured) AND (insured_until IS NULL OR insured_until <= :at))
    ), gone AS (
        SELECT t.id, w.why FROM away w JOIN task t ON t.recipient_agency_id = w.id
        WHERE t.state = ANY(:active) AND (w.why = 'agency_stopped' OR t.state = ANY(:unaccepted))
        UNION ALL
        SELECT t.id, CASE WHEN s.status = 'defunct' THEN 'service_stopped' ELSE 'service_paused' END
        FROM service s JOIN task t ON t.service_id = s.id
        WHERE (NOT s.active OR s.status <> 'active' OR s.paused_until >= :today)
          AND t.state = ANY(:active) AND (s.status = 'defunct' OR t.state = ANY(:unaccepted))
    )
    SELECT t.id, (SELECT min(g.why) FROM gone g WHERE g.id = t.id) AS why
    FROM task t WHERE t.id IN (SELECT id FROM gone)
      AND t.recipient_agency_id <> t.owner_agency_id
    ORDER BY t.id LIMIT :most FOR UPDATE OF t SKIP LOCKED
    """
)


def unwound(connection: Connection, _at: datetime, most: int) -> list[UUID]:
    """Lock and return open tasks that moved since their clock was told, the oldest first."""
    return list(connection.execute(_UNWOUND, {"most": most}).scalars())


def due(connection: Connection, at: datetime, most: int) -> list[UUID]:
    """Lock and return tasks whose next step is due, the longest overdue first."""
    return list(connection.execute(_DUE, {"at": at, "most": most}).scalars())


def gone(
    connection: Connection,
    *,
    at: datetime,
    today: date,
    insured: Collection[str],
    most: int,
) -> dict[UUID, str]:
    """Lock and return tasks whose recipient stopped or, before it accepted, paused; and why.

    `insured` are the kinds of agencies that must be insured.
    """
    wanted = {
        "at": at,
        "today": today,
        "insured": sorted(insured),
        "active": sorted(ACTIVE),
        "unaccepted": list(UNACCEPTED),
        "most": most,
    }
    return {row.id: row.why for row in connection.execute(_GONE, wanted)}


def rows(connection: Connection, ids: Sequence[UUID]) -> list[ClockedRow]:
    """Return these tasks, by age."""
    return [ClockedRow(*row) for row in connection.execute(_ROWS, {"ids": list(ids)})]


def history(connection: Connection, tasks: Sequence[ClockedRow]) -> dict[UUID, list[LineRow]]:
    """Return each task's history, oldest first."""
    wanted = {"ids": [t.id for t in tasks], "referrals": list({t.referral_id for t in tasks})}
    found: dict[UUID, list[LineRow]] = {task.id: [] for task in tasks}
    for row in connection.execute(_HISTORY, wanted):
        found[row.task_id].append(LineRow(*row))
    return found


def wind(connection: Connection, wound: Sequence[Wound]) -> None:
    """Store what comes next, for the version that each task has now."""
    if wound:
        made: list[Mapping[str, Any]] = [
            {"id": one.task_id, "step": one.step, "step_at": one.step_at, "due_at": one.due_at}
            for one in wound
        ]
        connection.execute(_WIND, {"wound": to_json(made)})


def ways(connection: Connection, agency_ids: Collection[UUID]) -> dict[UUID, set[str]]:
    """Return which agencies are told by mail and which are called back."""
    found: dict[UUID, set[str]] = {}
    for agency_id, way in connection.execute(_WAYS, {"ids": list(agency_ids)}):
        found.setdefault(agency_id, set()).add(way)
    return found


def cancel_offers(connection: Connection, ids: Sequence[UUID], at: datetime) -> frozenset[UUID]:
    """Cancel the unsent offers of these tasks; returns the tasks that nothing is sent of now."""
    if not ids:
        return frozenset()
    found = connection.execute(_CANCEL_OFFERS, {"ids": list(ids), "at": at})
    return frozenset(found.scalars())


def lock(connection: Connection, task_id: UUID) -> None:
    """Keep a task from moving, and from being asked about, until this transaction ends."""
    connection.execute(text("SELECT id FROM task WHERE id = :id FOR UPDATE"), {"id": task_id})


def asked_since(connection: Connection, referral_id: UUID, task_id: UUID, since: datetime) -> bool:
    """Tell whether the council asked how this task stands after `since`."""
    found = connection.execute(
        text(
            "SELECT count(*) FROM task_event WHERE referral_id = :referral AND task_id = :task"
            " AND event = 'inquire' AND at > :since"
        ),
        {"referral": referral_id, "task": task_id, "since": since},
    )
    return bool(found.scalar_one())
