"""Searching the directory: what helps with a need, near a place, at a time, for somebody.

One statement. For each service that fits otherwise, the distance of its nearest place is looked up
by its id: the plan then costs the same whatever the planner guesses of a place. A service also
counts as near where its provider says that it serves the place's area, and where it is given on the
telephone or by internet to anybody. What a record does not say (its hours, its languages) never
hides it: it comes after what is sure. Names and words are bound, never written into the statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.domain.codes import NeedCode
from referral_hub.domain.geography import Box, Point
from referral_hub.store.open_referral import CLOSED, IN_BOX, METRES, STATUS_NOW, located

FAR = 2_000_000_000
LISTED = f"e.status IN ('active', 'temporarily closed') AND NOT {CLOSED}"


@dataclass(frozen=True, slots=True)
class After:
    """Where a list goes on: the sort key of its last item."""

    unsure: int
    rank: int
    metres: int
    id: UUID


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """What is looked for; None or empty where it does not matter.

    `query` is a tsquery that was made of the words, `meant` the needs that the words stand for.
    `spans` are minutes of the week in one of which it should be open. `outside` leaves out what is
    the hub's own. `today` is the day in London by which a pause is over or not.
    """

    today: date
    query: str | None = None
    meant: Sequence[str] = ()
    needs: Sequence[str] = ()
    near: tuple[Point, Box, float] | None = None
    area: str | None = None
    age: int | None = None
    spans: Sequence[tuple[int, int]] = ()
    access: Sequence[str] = ()
    language: str | None = None
    free: bool = False
    helpers: bool | None = None
    outside: bool = False
    after: After | None = None

    def __repr__(self) -> str:
        return "<Wanted>"


@dataclass(frozen=True, slots=True)
class Found:
    """A service that fits, with what it states now. `metres` is None without a known place."""

    id: UUID
    service_id: UUID | None
    name: str
    organization: str
    status: str
    description: str
    place: str | None
    free: bool | None
    minimum_age: float | None
    maximum_age: float | None
    url: str | None
    email: str | None
    capacity: str | None
    capacity_as_of: datetime | None
    wait_days: int | None
    assured: str | None
    needs: Sequence[str]
    unsure: int
    rank: int
    metres: int | None

    @property
    def asks_for_help(self) -> bool:
        """Whether it looks for people who help, and is for nothing else."""
        return list(self.needs) == [NeedCode.WANT_TO_HELP.value]

    @property
    def after(self) -> After:
        """Where the list goes on after this item."""
        return After(self.unsure, self.rank, FAR if self.metres is None else self.metres, self.id)


_COLUMNS = f"""
    e.id, e.service_id, e.name, e.organization_name, {STATUS_NOW} AS status,
    left(coalesce(e.record->>'description', ''), 400) AS description, (
        SELECT p.words FROM directory_place p WHERE p.entry_id = e.id
        ORDER BY p.latitude IS NULL, p.id LIMIT 1
    ) AS place, e.free, e.minimum_age, e.maximum_age, e.record->>'url', e.record->>'email',
    v.capacity, v.capacity_as_of, v.wait_days, e.record->>'assured_date',
    e.needs
"""


def search(connection: Connection, wanted: Wanted, *, most: int) -> list[Found]:
    """Return what fits, surest and nearest first, at most `most`."""
    parts, values = _conditions(wanted)
    metres, joined = "CAST(NULL AS integer)", ""
    if wanted.near is not None:
        values |= located(wanted.near)
        joined = (
            f"LEFT JOIN LATERAL (SELECT min(CAST({METRES} AS integer)) AS metres"
            f" FROM directory_place p WHERE p.entry_id = e.id AND {IN_BOX}) near ON true"
        )
        metres = "near.metres"
        parts.append(
            "(near.metres <= :metres OR :area = ANY(e.areas) OR (NOT e.located AND e.areas = '{}'))"
        )
        values["area"] = wanted.area
    rank = _rank(wanted, values)
    after = ""
    if wanted.after is not None:
        last = wanted.after
        after = (
            "WHERE (k.unsure, k.rank, coalesce(k.metres, :nowhere), k.id)"
            " > (:unsure, :last_rank, :last_metres, :last_id)"
        )
        values |= {"unsure": last.unsure, "last_rank": last.rank}
        values |= {"last_metres": last.metres, "last_id": last.id}
    statement = f"""
        WITH k AS (
            SELECT e.id, {_unsure(wanted)} AS unsure, {rank} AS rank, {metres} AS metres
            FROM directory_entry e {joined} WHERE {" AND ".join(parts)}
        ), page AS MATERIALIZED (
            SELECT * FROM k {after}
            ORDER BY unsure, rank, coalesce(metres, :nowhere), id LIMIT :most
        )
        SELECT {_COLUMNS}, page.unsure, page.rank, page.metres
        FROM page JOIN directory_entry e ON e.id = page.id
        LEFT JOIN service v ON v.id = e.service_id
        ORDER BY page.unsure, page.rank, coalesce(page.metres, :nowhere), page.id
    """
    values |= {"most": most, "nowhere": FAR, "today": wanted.today}
    rows = connection.execute(text(statement), values)
    return [Found(*row) for row in rows]


_CLOSE = text(
    """
    SELECT word FROM directory_word, LATERAL (
        SELECT count(*) AS shared FROM unnest(parts) part WHERE part = ANY(:parts)
    ) s
    WHERE parts && :parts AND 2.0 * shared / (cardinality(parts) + cardinality(:parts)) > 0.25
    ORDER BY 2.0 * shared / (cardinality(parts) + cardinality(:parts)) DESC, word LIMIT 40
    """
)
_ALIKE = 0.75


def closest_word(connection: Connection, word: str) -> str | None:
    """Return the directory's word that looks most like a misspelt one, where one is close.

    Common runs of three letters find few that may be meant; the order of letters says which is.
    """
    padded = f" {word.lower()} "
    parts = sorted({padded[at : at + 3] for at in range(len(padded) - 2)})
    found = connection.execute(_CLOSE, {"parts": parts}).scalars().all()
    return next(iter(get_close_matches(word.lower(), found, n=1, cutoff=_ALIKE)), None)


def one(
    connection: Connection, entry_id: UUID, today: date
) -> tuple[Found, Mapping[str, Any]] | None:
    """Return a service that is listed, as it stands on the day `today`, and its whole record."""
    row = connection.execute(
        text(
            f"SELECT {_COLUMNS}, 0, 0, CAST(NULL AS integer), e.record FROM directory_entry e"
            f" LEFT JOIN service v ON v.id = e.service_id WHERE e.id = :id AND {LISTED}"
        ),
        {"id": entry_id, "today": today},
    ).one_or_none()
    return None if row is None else (Found(*row[:-1]), row[-1])


def _unsure(wanted: Wanted) -> str:
    """How many of the things asked for a record says nothing about."""
    counted = []
    if wanted.spans:
        counted.append("(e.hours IS NULL)::int")
    if wanted.language:
        counted.append("(e.languages = '{}')::int")
    if wanted.access:
        counted.append("(NOT e.access @> CAST(:access AS text[]))::int")
    if wanted.free:
        counted.append("(e.free IS NULL)::int")
    return " + ".join(counted) or "0"


def _rank(wanted: Wanted, values: dict[str, Any]) -> str:
    """Least is best: whether the name says it where there is a place, and how much where not."""
    if wanted.query is None:
        return "0"
    values["query"] = wanted.query
    ranked = "ts_rank(e.words, to_tsquery('english', :query))"
    if wanted.near is not None:
        return f"CASE WHEN {ranked} >= 0.3 THEN 0 ELSE 1 END"
    return f"-CAST(1000 * {ranked} AS integer)"


def _conditions(wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    parts, values = [LISTED], dict[str, Any]()
    if wanted.query is not None:
        parts.append(
            "(e.words @@ to_tsquery('english', :query) OR e.needs && CAST(:meant AS text[]))"
        )
        values |= {"query": wanted.query, "meant": list(wanted.meant)}
    if wanted.needs:
        parts.append("e.needs && CAST(:needs AS text[])")
        values["needs"] = list(wanted.needs)
    parts += _kinds(wanted)
    if wanted.age is not None:
        parts.append("coalesce(e.minimum_age, 0) <= :age AND coalesce(e.maximum_age, 999) >= :age")
        values["age"] = wanted.age
    if wanted.access:
        values["access"] = list(wanted.access)
    if wanted.language:
        parts.append("(e.languages = '{}' OR :language = ANY(e.languages))")
        values["language"] = wanted.language
    if wanted.free:
        parts.append("e.free IS NOT FALSE")
    if wanted.spans:
        parts.append(_open_then(wanted.spans, values))
    return parts, values


def _kinds(wanted: Wanted) -> list[str]:
    parts = []
    if wanted.helpers is not None:
        parts.append(f"{'' if wanted.helpers else 'NOT'} e.needs = '{{want_to_help}}'")
    if wanted.outside:
        parts.append("e.service_id IS NULL AND e.status = 'active'")
    return parts


def _open_then(spans: Sequence[tuple[int, int]], values: dict[str, Any]) -> str:
    either = []
    for number, (first, last) in enumerate(spans):
        either.append(f"e.hours && int4range(:first{number}, :last{number})")
        values |= {f"first{number}": first, f"last{number}": last}
    return f"(e.hours IS NULL OR {' OR '.join(either)})"
