"""The overlooking board as one statement, and who looked at which referral and why.

Codes, ages and names of agencies: no word about a person, and nothing is opened. A page is found by
its key and is bounded; what is counted is counted once for the whole board. Row-level security and
the statement both keep to what the acting council is accountable for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.domain.overlooking import NOBODY_AFTER, REFUSED_OFTEN, STILL_NEWS
from referral_hub.domain.transitions import OPEN
from referral_hub.domain.working_hours import LONDON

MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A part of a referral with what is worrying about it, by code."""

    task_id: UUID
    referral_id: UUID
    reference: str
    priority: str
    purpose: str
    slot: int
    state: str
    origin_name: str
    recipient_agency_id: UUID
    recipient_name: str
    service_name: str | None
    created_at: datetime
    moved_at: datetime
    due_at: datetime | None
    refusals: int
    worries: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose board, as of when. `insured` are the kinds of agencies that must be insured,
    `essential` the needs for which a missed visit does harm.
    """

    agency_id: UUID
    at: datetime
    insured: Collection[str]
    essential: Collection[str]


_BOARD = """
    WITH seen AS (
        SELECT id FROM task WHERE owner_agency_id = :us AND state = ANY(:open)
        UNION
        SELECT id FROM task WHERE owner_agency_id = :us AND state = 'closed'
            AND outcome = 'could_not_contact' AND moved_at > :since
        UNION
        SELECT task_id FROM outbox WHERE owner_agency_id = :us AND kind = 'advance'
            AND (state = 'dead' OR (state = 'due' AND created_at < :moving))
    ), board AS (
        SELECT t.id, t.referral_id, r.reference, r.priority, r.purpose, t.slot, t.state,
            o.name AS origin, t.recipient_agency_id, a.name AS recipient, s.name AS service,
            t.created_at, t.moved_at, t.due_at, before.refusals,
            array_remove(ARRAY[
                CASE WHEN NOT (t.state = ANY(:open)) AND t.state <> 'closed' THEN 'nobody' END,
                CASE WHEN t.state = ANY(:open) AND t.due_at < :at THEN 'overdue' END,
                CASE WHEN t.state = ANY(:open) AND before.refusals >= :often THEN 'refused' END,
                CASE WHEN t.outcome = 'could_not_contact' OR before.unreached
                    THEN 'could_not_contact' END,
                CASE WHEN t.state = ANY(:working) AND t.recipient_agency_id <> :us AND (
                        NOT a.active OR (a.kind = ANY(:insured)
                            AND (a.insured_until IS NULL OR a.insured_until <= :at))
                        OR NOT s.active OR s.status <> 'active' OR s.paused_until >= :today)
                    THEN 'provider_lapsed' END,
                CASE WHEN t.state = ANY(:working) AND t.recipient_agency_id <> :us
                        AND s.needs && CAST(:essential AS text[])
                        AND (s.backup_service_id IS NULL OR NOT s.missed_visit_alarm)
                    THEN 'no_backup' END,
                CASE WHEN t.state = ANY(:working) AND t.recipient_agency_id <> :us
                        AND (SELECT count(DISTINCT c ->> 'agency') FROM jsonb_array_elements(
                             r.plan -> t.slot -> 'candidates') c
                             WHERE c ->> 'agency' <> CAST(:us AS text)) = 1
                        AND jsonb_array_length(COALESCE(r.plan -> t.slot -> 'then', '[]')) = 0
                    THEN 'sole_helper' END,
                CASE WHEN t.state IN ('held', 'on_hold') THEN 'hold' END
            ], NULL) AS worries
        FROM seen JOIN task t ON t.id = seen.id
        JOIN referral r ON r.id = t.referral_id AND r.withdrawn_at IS NULL
        JOIN agency o ON o.id = t.origin_agency_id
        JOIN agency a ON a.id = t.recipient_agency_id
        LEFT JOIN service s ON s.id = t.service_id
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE b.state IN ('declined', 'no_answer')) AS refusals,
                COALESCE(bool_or(b.reason = 'cannot_contact'), false) AS unreached
            FROM task b WHERE b.referral_id = t.referral_id AND b.slot = t.slot AND b.id < t.id
        ) before
    )
"""
_PAGE = text(
    f"""
    {_BOARD}
    SELECT * FROM board WHERE cardinality(worries) > 0
      AND (CAST(:worry AS text) IS NULL OR CAST(:worry AS text) = ANY(worries))
      AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))
    ORDER BY id LIMIT :most
    """
)
_COUNTS = text(
    f"""
    {_BOARD}
    SELECT w.worry, count(*) FROM (SELECT worries FROM board LIMIT :counted) b
    CROSS JOIN LATERAL unnest(b.worries) AS w (worry) GROUP BY w.worry
    """
)
_LOOKED = text(
    "SELECT count(*) FROM oversight_look WHERE agency_id = :us AND user_id = :who"
    " AND referral_id = :referral AND at > :since"
)
_WORKING = ["accepted", "in_progress", "on_hold"]


def page(
    connection: Connection, wanted: Wanted, *, worry: str | None, after: UUID | None, most: int
) -> list[BoardRow]:
    """Return what worries about, or one kind of it, oldest first, after the id `after`."""
    values = _values(wanted) | {"worry": worry, "after": after, "most": most}
    return [BoardRow(*row) for row in connection.execute(_PAGE, values)]


def counts(connection: Connection, wanted: Wanted) -> dict[str, int]:
    """Return how many parts there are for each worry; at most `MOST_COUNTED` parts are counted."""
    values = _values(wanted) | {"counted": MOST_COUNTED}
    return {row[0]: row[1] for row in connection.execute(_COUNTS, values)}


def looked(
    connection: Connection, *, agency_id: UUID, user_id: UUID, referral_id: UUID, since: datetime
) -> bool:
    """Tell whether this person has said after `since` why they look at this referral."""
    values = {"us": agency_id, "who": user_id, "referral": referral_id, "since": since}
    return bool(connection.execute(_LOOKED, values).scalar_one())


def _values(wanted: Wanted) -> dict[str, Any]:
    return {
        "us": wanted.agency_id,
        "at": wanted.at,
        "today": wanted.at.astimezone(LONDON).date(),
        "since": wanted.at - STILL_NEWS,
        "moving": wanted.at - NOBODY_AFTER,
        "open": sorted(OPEN),
        "working": _WORKING,
        "insured": sorted(wanted.insured),
        "essential": sorted(wanted.essential),
        "often": REFUSED_OFTEN,
    }
