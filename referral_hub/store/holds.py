"""What waits because something was missing: held tasks, and the rest of what was accepted.

`hub_worker` only. A page at a time by key, through the partial indexes of held tasks and of
deliveries that were refused. What is being looked at already is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.store.change import to_json


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A task that waits, with its place in its referral."""

    id: UUID
    referral_id: UUID
    slot: int


_HELD = text(
    """
    SELECT t.id, t.referral_id, t.slot FROM task t
    JOIN referral r ON r.id = t.referral_id AND r.withdrawn_at IS NULL
    JOIN subject s ON s.id = r.subject_id AND s.wrapped_key IS NOT NULL
    WHERE t.state = 'held' AND t.id > :after
      AND NOT EXISTS (SELECT 1 FROM outbox x WHERE x.task_id = t.id AND x.state = 'due'
                      AND x.kind = 'advance')
    ORDER BY t.id LIMIT :most
    """
)
_KEPT_BACK = text(
    """
    SELECT DISTINCT t.id, t.referral_id, t.slot FROM outbox o
    JOIN task t ON t.id = o.task_id AND t.state = ANY(:states)
    JOIN referral r ON r.id = t.referral_id AND r.withdrawn_at IS NULL
    JOIN subject s ON s.id = r.subject_id AND s.wrapped_key IS NOT NULL
    WHERE o.state = 'refused' AND o.kind = 'acceptance' AND o.last_code = ANY(:codes)
      AND t.id > :after
      AND NOT EXISTS (SELECT 1 FROM release d WHERE d.task_id = t.id AND d.stage = 'accepted')
      AND NOT EXISTS (SELECT 1 FROM outbox x WHERE x.task_id = t.id AND x.state = 'due'
                      AND x.kind = 'acceptance')
    ORDER BY t.id LIMIT :most
    """
)
_PUT = text(
    """
    INSERT INTO outbox (id, kind, task_id, referral_id, slot, origin_agency_id, owner_agency_id,
                        recipient_agency_id, state, attempts, fence, due_at, created_at)
    SELECT r.id, r.kind, r.task_id, r.referral_id, r.slot, r.origin_agency_id, r.owner_agency_id,
           r.recipient_agency_id, r.state, r.attempts, r.fence, r.due_at, r.created_at
    FROM json_populate_recordset(NULL::outbox, :rows) r
    """
)


def held(connection: Connection, *, after: UUID, most: int) -> list[HeldRow]:
    """Return tasks that consent holds, by id after `after`."""
    return [HeldRow(*row) for row in connection.execute(_HELD, {"after": after, "most": most})]


def kept_back(
    connection: Connection,
    *,
    after: UUID,
    states: Collection[str],
    codes: Collection[str],
    most: int,
) -> list[HeldRow]:
    """Return tasks in `states` whose further fields were refused for one of `codes`."""
    wanted = {"after": after, "states": list(states), "codes": list(codes), "most": most}
    return [HeldRow(*row) for row in connection.execute(_KEPT_BACK, wanted)]


def put(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store outbox rows."""
    if rows:
        connection.execute(_PUT, {"rows": to_json(rows)})
