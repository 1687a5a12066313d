"""What waits for a person of one agency, as one list in one statement: no N+1, keyset by id.

Ids are made in the order of time (UUIDv7), so the oldest comes first and a page continues after
the last id it showed. Row-level security and the statement both keep to the acting agency.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """One thing that waits: a held task, a silent recipient, an agreement about to end, a
    person to be told of a step, or one who changed their mind on their own page.

    `kind` is the notification's, or the step; `decision` is the held task's, in codes and plain
    words, or the way in which the person is told.
    """

    id: UUID
    what: str
    referral_id: UUID
    reference: str
    origin_agency_id: UUID
    origin_name: str
    owner_agency_id: UUID
    recipient_name: str
    kind: str | None
    decision: dict[str, Any] | None
    since: datetime
    until: datetime | None
    reminded_at: datetime | None


_OURS = "(x.origin_agency_id = :agency OR x.owner_agency_id = :agency)"
_AFTER = "(CAST(:after AS uuid) IS NULL OR x.id > CAST(:after AS uuid))"
_NOTIFIED = """
    SELECT x.id, {what} AS what, x.referral_id, x.origin_agency_id, x.owner_agency_id,
           x.recipient_agency_id, x.kind, NULL::jsonb AS decision,
           COALESCE(x.told_at, x.created_at) AS since, x.due_at AS until,
           x.chased_at AS reminded_at
    FROM notification x
"""
_PARTS = {
    "held": f"""
        SELECT x.id, 'held' AS what, x.referral_id, x.origin_agency_id, x.owner_agency_id,
               x.recipient_agency_id, NULL::text AS kind, x.decision, x.created_at AS since,
               NULL::timestamptz AS until, NULL::timestamptz AS reminded_at
        FROM task x WHERE x.state = 'held' AND {_OURS} AND {_AFTER}
    """,
    "silent": f"""
        {_NOTIFIED.format(what="'silent'")}
        WHERE x.state = 'unanswered' AND {_OURS} AND {_AFTER}
    """,
    "ending": f"""
        {_NOTIFIED.format(what="'ending'")}
        WHERE x.state IN ('waiting', 'chased', 'unanswered') AND x.kind = 'expiring'
          AND x.task_id IS NULL AND {_OURS} AND {_AFTER}
    """,
    "tell": f"""
        SELECT x.id, 'tell' AS what, x.referral_id, x.origin_agency_id, r.owner_agency_id,
               x.origin_agency_id AS recipient_agency_id, x.step AS kind,
               jsonb_build_object('way', x.way) AS decision, x.made_at AS since,
               NULL::timestamptz AS until, NULL::timestamptz AS reminded_at
        FROM person_message x
            JOIN referral r ON r.id = x.referral_id AND r.withdrawn_at IS NULL
            JOIN subject s ON s.id = r.subject_id AND NOT s.deceased
            JOIN person_code c ON c.referral_id = x.referral_id AND c.ended_at IS NULL
        WHERE x.closed_at IS NULL AND x.way IN ('phone', 'text', 'post', 'home_visit')
          AND x.origin_agency_id = :agency AND {_AFTER}
    """,
    "changed": f"""
        SELECT x.id, 'changed' AS what, x.referral_id, x.origin_agency_id, r.owner_agency_id,
               x.origin_agency_id AS recipient_agency_id, x.step AS kind, NULL::jsonb AS decision,
               x.made_at AS since, NULL::timestamptz AS until, NULL::timestamptz AS reminded_at
        FROM person_message x JOIN referral r ON r.id = x.referral_id
        WHERE x.closed_at IS NULL AND x.way = 'page'
          AND x.origin_agency_id = :agency AND {_AFTER}
    """,
}


def page(
    connection: Connection, agency_id: UUID, *, what: str | None, after: UUID | None, most: int
) -> list[WaitingRow]:
    """Return what waits for `agency_id` as sender or accountable owner, oldest first.

    `what` is `held`, `silent`, `ending`, `tell`, `changed`, or None for everything.
    """
    chosen = [_PARTS[what]] if what else list(_PARTS.values())
    parts = " UNION ALL ".join(f"({part} ORDER BY x.id LIMIT :most)" for part in chosen)
    rows = connection.execute(
        text(
            "SELECT w.id, w.what, w.referral_id, r.reference, w.origin_agency_id, o.name,"
            " w.owner_agency_id, a.name, w.kind, w.decision, w.since, w.until, w.reminded_at"
            f" FROM ({parts}) w JOIN referral r ON r.id = w.referral_id"
            " JOIN agency o ON o.id = w.origin_agency_id"
            " JOIN agency a ON a.id = w.recipient_agency_id ORDER BY w.id LIMIT :most"
        ),
        {"agency": agency_id, "after": after, "most": most},
    )
    return [WaitingRow(*row) for row in rows]
