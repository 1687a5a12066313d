"""A service's own figures: how often it says yes, and how often help ends with an outcome.

Counted by the worker once a week, over a year, and only where at least ten referrals stand behind a
percentage, which is rounded to five: so neither a number nor the difference of two tells about a
person. The numbers themselves are not kept. There is no ranking of one service against another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

FEWEST, STEP = 10, 5


@dataclass(frozen=True, slots=True)
class Figures:
    """Percentages in steps of five, None where too few referrals stand behind one."""

    accepted: int | None
    with_outcome: int | None
    as_of: datetime


_COUNT = text(
    f"""
    INSERT INTO service_figures (service_id, agency_id, accepted, with_outcome, as_of)
    SELECT s.id, s.agency_id,
        CASE WHEN c.answered >= {FEWEST}
            THEN {STEP} * round(100.0 * c.accepted / c.answered / {STEP}) END,
        CASE WHEN c.accepted >= {FEWEST}
            THEN {STEP} * round(100.0 * c.with_outcome / c.accepted / {STEP}) END, :at
    FROM service s CROSS JOIN LATERAL (
        SELECT count(*) AS answered,
            count(*) FILTER (WHERE t.state NOT IN ('declined', 'no_answer')) AS accepted,
            count(*) FILTER (WHERE t.state = 'closed' AND t.outcome IS NOT NULL) AS with_outcome
        FROM task t WHERE t.service_id = s.id AND t.moved_at >= :since AND t.state IN (
            'accepted', 'in_progress', 'on_hold', 'closed', 'declined', 'no_answer'
        )
    ) c
    WHERE NOT EXISTS (
        SELECT FROM service_figures f WHERE f.service_id = s.id AND f.as_of > :again
    )
    ON CONFLICT (service_id) DO UPDATE SET accepted = excluded.accepted,
        with_outcome = excluded.with_outcome, as_of = excluded.as_of
    """
)


def count(connection: Connection, *, at: datetime, since: datetime, again: datetime) -> int:
    """Count the figures that were last counted before `again`, as the worker; returns how many."""
    done = connection.execute(_COUNT, {"at": at, "since": since, "again": again})
    return int(done.rowcount)


def of_services(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Figures]:
    """Return the figures of these services."""
    rows = connection.execute(
        text(
            "SELECT service_id, accepted, with_outcome, as_of FROM service_figures"
            " WHERE service_id = ANY(:ids)"
        ),
        {"ids": list(ids)},
    )
    return {row.service_id: Figures(row.accepted, row.with_outcome, row.as_of) for row in rows}
