"""Counting for commissioners: notes are folded, a month is counted once, and cells are read.

A month's events lie together, because ids are time-ordered: counting reads that part of an index
and no more, once a month. Pages read published cells, whose number does not grow with referrals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.domain.figures import WAIT_DAYS, Cell, Figure
from referral_hub.store.change import to_json

FOLDED_AT_ONCE = 1000
_LOCK = 7_203_202_604


@dataclass(frozen=True, slots=True)
class Counted:
    """How often something happened in the month that was asked for, at one council."""

    agency_id: UUID
    cell: Cell
    count: int


@dataclass(frozen=True, slots=True)
class Published:
    """A published cell, summed over the months that were asked for; only the volumes keep theirs.

    `count` was moved by chance and may be below nothing.
    """

    cell: Cell
    month: date | None
    count: int


_FOLD = text(
    """
    WITH taken AS (
        DELETE FROM figure_note WHERE id IN (
            SELECT id FROM figure_note LIMIT :most
        ) RETURNING owner_agency_id AS agency_id, month, area, needs, gaps, scores
    ), asked AS (
        SELECT agency_id, month, area, need FROM taken, unnest(needs) AS need
    ), unmet AS (
        SELECT agency_id, month, area, need FROM taken, unnest(gaps) AS need
    ), told AS (
        SELECT agency_id, month, 'needs' AS figure, need AS first, '' AS second FROM asked
        UNION ALL SELECT agency_id, month, 'need_areas', area, '' FROM asked
        UNION ALL SELECT agency_id, month, 'gaps', need, '' FROM unmet
        UNION ALL SELECT agency_id, month, 'gap_areas', area, '' FROM unmet
        UNION ALL SELECT agency_id, date_trunc('quarter', month)::date, 'gap_pairs', need, area
        FROM unmet
        UNION ALL
        SELECT agency_id, month, 'scores', split_part(told, '|', 1), split_part(told, '|', 2)
        FROM taken, unnest(scores) AS told
    ), added AS (
        INSERT INTO figure_count AS c (agency_id, month, figure, first, second, count)
        SELECT agency_id, month, figure, first, second, count(*) FROM told
        GROUP BY agency_id, month, figure, first, second
        ON CONFLICT (agency_id, month, figure, first, second)
        DO UPDATE SET count = c.count + excluded.count
    )
    SELECT count(*) FROM taken
    """
)
_COUNT = text(
    """
    WITH happened AS MATERIALIZED (
        SELECT id, task_id, referral_id, owner_agency_id, origin_agency_id, recipient_agency_id,
               event, reason, at
        FROM task_event
        WHERE id >= :first AND id < :last
            AND event IN ('accept', 'decline', 'expire', 'contact', 'close')
    ), told AS (
        SELECT r.owner_agency_id, 'referrals' AS figure, a.kind AS first, '' AS second
        FROM referral r JOIN agency a ON a.id = r.origin_agency_id
        WHERE r.id >= :first AND r.id < :last
        UNION ALL
        SELECT owner_agency_id, 'volumes', 'all', '' FROM referral
        WHERE id >= :first AND id < :last
        UNION ALL
        SELECT h.owner_agency_id, 'accept_waits', width_bucket(
            extract(epoch FROM h.at - r.created_at) / 86400, CAST(:edges AS numeric[])
        )::text, ''
        FROM happened h JOIN referral r ON r.id = h.referral_id WHERE h.event = 'accept'
        UNION ALL
        SELECT h.owner_agency_id, 'contact_waits', width_bucket(
            extract(epoch FROM h.at - a.at) / 86400, CAST(:edges AS numeric[])
        )::text, ''
        FROM happened h CROSS JOIN LATERAL (
            SELECT at FROM task_event
            WHERE referral_id = h.referral_id AND task_id = h.task_id AND event = 'accept'
            ORDER BY id DESC LIMIT 1
        ) a WHERE h.event = 'contact'
        UNION ALL
        SELECT owner_agency_id, 'refusals',
               CASE event WHEN 'expire' THEN 'no_answer' ELSE reason END, ''
        FROM happened WHERE event IN ('decline', 'expire')
        UNION ALL
        SELECT h.owner_agency_id, 'outcomes', t.outcome, ''
        FROM happened h JOIN task t ON t.id = h.task_id WHERE h.event = 'close'
        UNION ALL
        SELECT h.owner_agency_id, 'give_help', t.give_help, ''
        FROM happened h JOIN task t ON t.id = h.task_id WHERE h.event = 'close'
        UNION ALL
        SELECT h.owner_agency_id, 'flows', s.kind, d.kind
        FROM happened h JOIN agency s ON s.id = h.origin_agency_id
        JOIN agency d ON d.id = h.recipient_agency_id WHERE h.event = 'accept'
    )
    SELECT owner_agency_id, figure, first, second, count(*) FROM told WHERE first IS NOT NULL
    GROUP BY owner_agency_id, figure, first, second
    """
)
_NOTED = text("SELECT agency_id, figure, first, second, count FROM figure_count WHERE month = :at")
_FORGET = text("DELETE FROM figure_count WHERE month = :at AND figure = ANY(:figures)")
_PUBLISH = text(
    "INSERT INTO figure (agency_id, month, figure, first, second, count)"
    " SELECT agency_id, month, figure, first, second, count"
    " FROM json_populate_recordset(NULL::figure, CAST(:rows AS json))"
)
_NEWEST = text("SELECT max(month) FROM figure WHERE figure = 'volumes'")
_OLDEST = text("SELECT created_at FROM referral ORDER BY id LIMIT 1")
_AREAS = text("SELECT owner_agency_id, code FROM area ORDER BY owner_agency_id, code")
_HOLD = text("SELECT id FROM task WHERE id = :task FOR UPDATE")
_SCORED = text(
    """
    SELECT kind FROM message WHERE task_id = :task AND kind LIKE 'scores%'
    UNION
    SELECT e.outcome FROM log_entry e JOIN task t ON t.referral_id = e.referral_id
    WHERE t.id = :task AND e.outcome IN ('scores_start', 'scores_end')
        AND position(:quoted IN e.entry) > 0
    """
)
_READ = text(
    """
    SELECT figure, first, second, CASE WHEN figure = 'volumes' THEN month END AS counted,
           sum(count)::integer
    FROM figure WHERE agency_id = :us AND month >= :since
    GROUP BY figure, first, second, counted
    """
)


_RETURNED = text(
    """
    SELECT (
        EXISTS (
            SELECT FROM task o WHERE o.referral_id = t.referral_id AND o.slot = t.slot
                AND o.id < t.id AND o.state IN ('declined', 'no_answer')
        ) OR EXISTS (
            SELECT FROM referral r, jsonb_array_elements(r.plan) part
            WHERE r.id = t.referral_id AND part->'then' @> to_jsonb(t.slot)
        )
    ) AND NOT EXISTS (
        SELECT FROM task o WHERE o.referral_id = t.referral_id AND o.slot = t.slot AND o.id < t.id
            AND o.recipient_agency_id = t.recipient_agency_id AND o.seen_at IS NOT NULL
    )
    FROM task t WHERE t.id = :id AND t.service_id IS NULL
        AND t.recipient_agency_id = t.owner_agency_id
    """
)
_NOTE = text(
    "INSERT INTO figure_note (id, agency_id, owner_agency_id, month, area, needs, gaps)"
    " VALUES (:id, :us, :us, :month, :area, '{}', :gaps)"
)


def has_come_back(connection: Connection, task_id: UUID) -> bool:
    """Tell whether a task is the council's because others were asked and nobody took it on; true
    for the first such task of each part.
    """
    return bool(connection.execute(_RETURNED, {"id": task_id}).scalar())


def note_gaps(connection: Connection, row: Mapping[str, Any]) -> None:
    """Note needs that nobody met, for the acting council: no referral's id and no instant."""
    connection.execute(_NOTE, row)


def fold(connection: Connection) -> int:
    """Turn a batch of notes into counts; returns how many notes are gone."""
    return int(connection.execute(_FOLD, {"most": FOLDED_AT_ONCE}).scalar_one())


def score_kinds(connection: Connection, task_id: UUID) -> frozenset[str]:
    """Return which scores of a task there are; until the end nobody else records any.

    Where sender and recipient are one agency there is no note, and the log alone tells.
    """
    connection.execute(_HOLD, {"task": task_id})
    quoted = f'"{task_id}"'.encode("ascii")
    rows = connection.execute(_SCORED, {"task": task_id, "quoted": quoted})
    return frozenset(kind for (kind,) in rows)


def alone(connection: Connection) -> bool:
    """Take the lock of publishing until the transaction ends; False while another has it."""
    taken = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool(connection.execute(taken, {"key": _LOCK}).scalar_one())


def newest(connection: Connection) -> date | None:
    """Return the newest month that was published."""
    found: date | None = connection.execute(_NEWEST).scalar_one()
    return found


def oldest_referral(connection: Connection) -> datetime | None:
    """Return when the first referral was made."""
    found: datetime | None = connection.execute(_OLDEST).scalar_one_or_none()
    return found


def councils(connection: Connection) -> Mapping[UUID, Sequence[str]]:
    """Return the areas of every council that looks after any, by their codes."""
    found: dict[UUID, list[str]] = {}
    for agency_id, code in connection.execute(_AREAS):
        found.setdefault(agency_id, []).append(code)
    return found


def counted(connection: Connection, first: UUID, last: UUID) -> list[Counted]:
    """Count what happened between two ids, from `first` to before `last`."""
    given = {"first": first, "last": last, "edges": list(WAIT_DAYS)}
    return [_counted(row) for row in connection.execute(_COUNT, given)]


def noted(connection: Connection, begins: date) -> list[Counted]:
    """Return what was folded for a month or quarter that begins on this day."""
    return [_counted(row) for row in connection.execute(_NOTED, {"at": begins})]


def publish(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a month's cells. A cell that is there already fails the whole."""
    connection.execute(_PUBLISH, {"rows": to_json(rows)})


def forget(connection: Connection, begins: date, figures: Iterable[Figure]) -> None:
    """Drop the true counts of what was published."""
    connection.execute(_FORGET, {"at": begins, "figures": [one.value for one in figures]})


def published(connection: Connection, us: UUID, since: date) -> list[Published]:
    """Return a council's published cells since a month (its first day)."""
    rows = connection.execute(_READ, {"us": us, "since": since})
    return [
        Published(Cell(Figure(figure), first, second), month, count)
        for figure, first, second, month, count in rows
    ]


def _counted(row: Sequence[Any]) -> Counted:
    return Counted(row[0], Cell(Figure(row[1]), row[2], row[3]), row[4])
