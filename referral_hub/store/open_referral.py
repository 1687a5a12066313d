"""Reading the directory as Open Referral UK asks for it: filters, pages by number, one by id.

Pages are numbered because the profile numbers them. A service of the hub's own that is paused is
temporarily closed from that moment on, whatever its record said when it was last written; what an
agency published that the operator has closed is inactive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.domain.geography import Box, Point

Record = Mapping[str, Any]

CLOSED = "e.agency_id IN (SELECT a.id FROM agency a WHERE NOT a.active)"
STATUS_NOW = (
    f"CASE WHEN e.status IN ('active', 'temporarily closed') AND {CLOSED} THEN 'inactive'"
    " WHEN e.status = 'active' AND (NOT v.active OR v.paused_until >= :today)"
    " THEN 'temporarily closed' ELSE e.status END"
)
METRES = (
    "2 * 6371008.8 * asin(sqrt(least(1, power(sin(radians(:north - p.latitude) / 2), 2)"
    " + cos(radians(:north)) * cos(radians(p.latitude))"
    " * power(sin(radians(:east - p.longitude) / 2), 2))))"
)
IN_BOX = "p.latitude BETWEEN :south AND :top AND p.longitude BETWEEN :west AND :far"


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of a list; None where one was not given. `days` are minutes of the week.

    `today` is the day in London by which a pause is over or not.
    """

    today: date
    words: str | None = None
    term_id: UUID | None = None
    taxonomy_id: UUID | None = None
    own_terms: Sequence[UUID] = ()
    minimum_age: float | None = None
    maximum_age: float | None = None
    days: Sequence[tuple[int, int]] = ()
    near: tuple[Point, Box, float] | None = None
    area: str | None = None


def located(near: tuple[Point, Box, float]) -> dict[str, Any]:
    """Return the parameters of `METRES` and `IN_BOX`."""
    point, box, metres = near
    return {
        "north": point.latitude,
        "east": point.longitude,
        "south": box.south,
        "top": box.north,
        "west": box.west,
        "far": box.east,
        "metres": metres,
    }


def services(
    connection: Connection, asked: Asked, *, limit: int, offset: int
) -> tuple[int, list[Record]]:
    """Return how many services there are, and a page of their records by id."""
    where, values = _where(asked)
    joined = f"FROM directory_entry e LEFT JOIN service v ON v.id = e.service_id WHERE {where}"
    total = connection.execute(text(f"SELECT count(*) {joined}"), values).scalar_one()
    values["today"] = asked.today
    rows = connection.execute(
        text(f"SELECT e.record, {STATUS_NOW} AS now {joined} ORDER BY e.id LIMIT :most OFFSET :at"),
        values | {"most": limit, "at": offset},
    )
    return int(total), [{**row.record, "status": row.now} for row in rows]


def service(connection: Connection, entry_id: UUID, today: date) -> Record | None:
    """Return one service's record, as it stands on the day `today`."""
    row = connection.execute(
        text(
            f"SELECT e.record, {STATUS_NOW} AS now FROM directory_entry e"
            " LEFT JOIN service v ON v.id = e.service_id WHERE e.id = :id"
        ),
        {"id": entry_id, "today": today},
    ).one_or_none()
    return None if row is None else {**row.record, "status": row.now}


def places(
    connection: Connection, asked: Asked, *, limit: int, offset: int
) -> tuple[int, list[tuple[UUID, Record]]]:
    """Return how many services at locations there are, and a page as (id, service's record)."""
    where, values = _where(asked)
    if asked.near is not None:
        where += f" AND {IN_BOX} AND {METRES} <= :metres"
        values |= located(asked.near)
    if asked.area is not None:
        where += " AND (e.areas = '{}' OR :area = ANY(e.areas))"
        values["area"] = asked.area
    joined = (
        "FROM directory_place p JOIN directory_entry e ON e.id = p.entry_id"
        f" LEFT JOIN service v ON v.id = e.service_id WHERE {where}"
    )
    total = connection.execute(text(f"SELECT count(*) {joined}"), values).scalar_one()
    values["today"] = asked.today
    rows = connection.execute(
        text(
            f"SELECT p.id, e.record, {STATUS_NOW} AS now {joined}"
            " ORDER BY p.id, e.id LIMIT :most OFFSET :at"
        ),
        values | {"most": limit, "at": offset},
    )
    return int(total), [(row.id, {**row.record, "status": row.now}) for row in rows]


def place(connection: Connection, place_id: UUID, today: date) -> tuple[UUID, Record] | None:
    """Return one service at a location, as it stands on the day `today`."""
    row = connection.execute(
        text(
            f"SELECT p.id, e.record, {STATUS_NOW} AS now FROM directory_place p"
            " JOIN directory_entry e ON e.id = p.entry_id"
            " LEFT JOIN service v ON v.id = e.service_id WHERE p.id = :id LIMIT 1"
        ),
        {"id": place_id, "today": today},
    ).one_or_none()
    return None if row is None else (row.id, {**row.record, "status": row.now})


_TAXONOMIES = """
    SELECT DISTINCT ON (taxonomy_id) taxonomy_id AS id, taxonomy AS name FROM directory_term
    WHERE (CAST(:id AS uuid) IS NULL OR taxonomy_id = :id) AND taxonomy_id <> :ours
    ORDER BY taxonomy_id, agency_id
"""
_TERMS = """
    SELECT DISTINCT ON (id) id, taxonomy_id, taxonomy, name, description, parent_id, uri
    FROM directory_term WHERE (CAST(:id AS uuid) IS NULL OR id = :id)
        AND (CAST(:taxonomy AS uuid) IS NULL OR taxonomy_id = :taxonomy) AND taxonomy_id <> :ours
    ORDER BY id, agency_id
"""
_COUNTED = """
    SELECT count(DISTINCT id) FROM directory_term WHERE taxonomy_id <> :ours
        AND (CAST(:taxonomy AS uuid) IS NULL OR taxonomy_id = :taxonomy)
"""


def taxonomies(connection: Connection, ours: UUID, only: UUID | None = None) -> list[Record]:
    """Return the taxonomies of other people's records, by id; `ours` is the hub's own."""
    rows = connection.execute(text(_TAXONOMIES), {"id": only, "ours": ours})
    return [dict(row._mapping) for row in rows]


def page_of_terms(
    connection: Connection,
    ours: UUID,
    *,
    limit: int,
    offset: int,
    taxonomy: UUID | None = None,
) -> tuple[int, list[Record]]:
    """Return how many terms of other people's records there are, or of one taxonomy, and a page of
    them by id.
    """
    values = {"id": None, "taxonomy": taxonomy, "ours": ours}
    total = connection.execute(text(_COUNTED), values).scalar_one()
    rows = connection.execute(
        text(f"{_TERMS} LIMIT :most OFFSET :at"), {**values, "most": limit, "at": offset}
    )
    return int(total), [dict(row._mapping) for row in rows]


def term(connection: Connection, ours: UUID, term_id: UUID) -> Record | None:
    """Return a term of other people's records."""
    values = {"id": term_id, "taxonomy": None, "ours": ours}
    row = connection.execute(text(f"{_TERMS} LIMIT 1"), values).one_or_none()
    return None if row is None else dict(row._mapping)


def _where(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Statements are put together from these constants; every value is bound."""
    parts, values = ["true"], dict[str, Any]()
    if asked.words:
        parts.append("e.words @@ websearch_to_tsquery('english', :words)")
        values["words"] = asked.words
    if asked.term_id is not None:
        parts.append("e.terms @> ARRAY[CAST(:term AS uuid)]")
        values["term"] = asked.term_id
    if asked.taxonomy_id is not None:
        parts.append(
            "e.terms && (CAST(:own AS uuid[]) || array(SELECT t.id FROM directory_term t"
            " WHERE t.taxonomy_id = :taxonomy))"
        )
        values |= {"taxonomy": asked.taxonomy_id, "own": list(asked.own_terms)}
    if asked.minimum_age is not None:
        parts.append("e.minimum_age >= :minimum_age")
        values["minimum_age"] = asked.minimum_age
    if asked.maximum_age is not None:
        parts.append("e.maximum_age <= :maximum_age")
        values["maximum_age"] = asked.maximum_age
    if asked.days:
        either = []
        for number, (first, last) in enumerate(asked.days):
            either.append(f"(lower(h) >= :first{number} AND upper(h) <= :last{number})")
            values |= {f"first{number}": first, f"last{number}": last}
        parts.append(f"EXISTS (SELECT FROM unnest(e.hours) h WHERE {' OR '.join(either)})")
    return " AND ".join(parts), values
