"""What boards are made of: which tasks wait for a recipient, by pile, and what its services state.

A board shows the first of each pile with how many there are, so it costs the same however long the
piles are; a pile alone continues from a key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.domain.transitions import OPEN
from referral_hub.store.referrals import ReferralRow

_OPEN = ", ".join(f"'{state}'" for state in sorted(OPEN))
_LATE = "coalesce(t.due_at, 'infinity')"
_WITH_US = f"""
    SELECT t.id, {_LATE} AS by, CASE
        WHEN t.state = 'offered' AND t.due_at <= :soon THEN 'due'
        WHEN t.state = 'offered' THEN 'new'
        WHEN t.state = 'information_asked' THEN 'asked'
        WHEN t.state = 'accepted' THEN 'accepted'
        ELSE 'in_progress' END AS pile
    FROM task t WHERE t.recipient_agency_id = :us AND t.released_at IS NOT NULL
        AND t.state IN ({_OPEN})
"""
_FIRST_OF_EACH = text(
    f"""
    SELECT id, pile, many FROM (
        SELECT id, pile, count(*) OVER (PARTITION BY pile) AS many,
            row_number() OVER (PARTITION BY pile ORDER BY by, id) AS place
        FROM ({_WITH_US}) w
    ) placed WHERE place <= :most ORDER BY pile, place
    """
)
_ONE_PILE = text(
    f"""
    SELECT id FROM ({_WITH_US}) w WHERE pile = :pile AND (CAST(:after AS uuid) IS NULL
        OR (by, id) > (SELECT {_LATE}, t.id FROM task t WHERE t.id = CAST(:after AS uuid)))
    ORDER BY by, id LIMIT :most
    """
)
_ENDED = text(
    f"""
    SELECT t.id FROM task t WHERE t.recipient_agency_id = :us AND t.released_at IS NOT NULL
        AND t.state NOT IN ({_OPEN})
        AND (CAST(:after AS uuid) IS NULL OR t.id < CAST(:after AS uuid))
    ORDER BY t.id DESC LIMIT :most
    """
)
_ROOMS = text(
    """
    SELECT s.id, s.name, s.active AND s.status = 'active' AS running, s.capacity,
        s.capacity_as_of, s.paused_until, s.cover, (
            SELECT insured_until FROM agency_standing WHERE agency_id = :us
        ) AS agency_insured_until
    FROM service s WHERE s.agency_id = :us AND s.status <> 'defunct'
        AND (CAST(:id AS uuid) IS NULL OR s.id = CAST(:id AS uuid))
    ORDER BY s.name, s.id LIMIT :most
    """
)

SHELVES = ("yours", "waiting", "helped", "ended")
_REFERRAL = ", ".join(f"r.{name}" for name in ReferralRow.__slots__)
_SENDERS = "'sender_agency'"
# The queue is short: what is due, and what gave up and waits for a person, each by its own index.
_SHELVED = text(
    f"""
    WITH parts AS (
        SELECT t.referral_id, CASE
            WHEN t.state = 'information_asked' OR (t.state = 'held'
                AND coalesce(t.decision->>'clearer', {_SENDERS}) = {_SENDERS}) THEN 1
            WHEN t.state IN ('held', 'routed', 'offered') THEN 2
            ELSE 3 END AS shelf
        FROM task t WHERE t.origin_agency_id = :us AND t.state IN ({_OPEN})
        UNION ALL
        SELECT o.referral_id, 2 FROM outbox o
        WHERE o.state = 'due' AND o.kind = 'advance' AND o.origin_agency_id = :us
        UNION ALL
        SELECT o.referral_id, 2 FROM outbox o
        WHERE o.state IN ('dead', 'refused') AND o.kind = 'advance' AND o.origin_agency_id = :us
    ), open AS (
        SELECT referral_id AS id, min(shelf) AS shelf FROM parts GROUP BY referral_id
    )
    SELECT page.shelf, {_REFERRAL} FROM (
        (
            SELECT o.shelf, o.id FROM open o
            WHERE (CAST(:author AS uuid) IS NULL OR EXISTS (SELECT FROM referral r
                    WHERE r.id = o.id AND r.author_user_id = CAST(:author AS uuid)))
                AND (CAST(:only AS int) IS NULL OR o.shelf = :only)
                AND (o.shelf > :at OR (o.shelf = :at AND (
                    CAST(:after AS uuid) IS NULL OR o.id < CAST(:after AS uuid))))
            ORDER BY o.shelf, o.id DESC LIMIT :most
        ) UNION ALL (
            SELECT 4, r.id FROM referral r
            WHERE r.origin_agency_id = :us AND r.id NOT IN (SELECT id FROM open)
                AND (CAST(:author AS uuid) IS NULL OR r.author_user_id = CAST(:author AS uuid))
                AND (CAST(:only AS int) IS NULL OR :only = 4)
                AND (:at < 4 OR CAST(:after AS uuid) IS NULL OR r.id < CAST(:after AS uuid))
            ORDER BY r.id DESC LIMIT :most
        )
    ) page JOIN referral r ON r.id = page.id ORDER BY page.shelf, r.id DESC LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class Key:
    """A referral at its place: the shelf, and then the newest first."""

    shelf: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which referrals: whose, of which shelf (or all), by whom (or all), after which."""

    us: UUID
    shelf: str | None
    author: UUID | None
    after: Key | None
    most: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A task at its place in a pile of `many`."""

    id: UUID
    pile: str
    many: int


@dataclass(frozen=True, slots=True)
class RoomRow:
    """What one of the agency's services states about its room and its cover."""

    id: UUID
    name: str
    running: bool
    capacity: str
    capacity_as_of: datetime | None
    paused_until: date | None
    cover: Sequence[Mapping[str, Any]]
    agency_insured_until: datetime | None


def first_of_each(connection: Connection, us: UUID, *, soon: datetime, most: int) -> list[Placed]:
    """Return the first `most` open tasks of each pile, and how many each pile has.

    What is to be answered by `soon` is a pile of its own.
    """
    rows = connection.execute(_FIRST_OF_EACH, {"us": us, "soon": soon, "most": most})
    return [Placed(*row) for row in rows]


def of_pile(
    connection: Connection, us: UUID, pile: str, *, soon: datetime, page: tuple[UUID | None, int]
) -> list[UUID]:
    """Return open tasks of one pile by when they are due; `page` is (after which, how many)."""
    wanted = {"us": us, "pile": pile, "soon": soon, "after": page[0], "most": page[1]}
    return list(connection.execute(_ONE_PILE, wanted).scalars())


def ended(connection: Connection, us: UUID, *, after: UUID | None, most: int) -> list[UUID]:
    """Return tasks that ended with the agency, newest first."""
    wanted = {"us": us, "after": after, "most": most}
    return list(connection.execute(_ENDED, wanted).scalars())


def rooms(
    connection: Connection, us: UUID, *, service_id: UUID | None = None, most: int
) -> list[RoomRow]:
    """Return what the agency's services state, by name; or one of them."""
    rows = connection.execute(_ROOMS, {"us": us, "id": service_id, "most": most})
    return [RoomRow(*row) for row in rows]


def shelved(connection: Connection, wanted: Wanted) -> list[tuple[str, ReferralRow]]:
    """Return the agency's referrals by shelf and then the newest first."""
    place = {name: number for number, name in enumerate(SHELVES, 1)}
    values = {
        "us": wanted.us,
        "only": place[wanted.shelf] if wanted.shelf else None,
        "author": wanted.author,
        "at": place[wanted.after.shelf] if wanted.after else 0,
        "after": wanted.after.id if wanted.after else None,
        "most": wanted.most,
    }
    rows = connection.execute(_SHELVED, values)
    return [(SHELVES[shelf - 1], ReferralRow(*row)) for shelf, *row in rows]
