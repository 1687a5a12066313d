"""What is there near me: the directory for people, with misspelt words and unknown places forgiven.

Nobody signs in and nothing is kept: no name, no place, no words stand in a log, a cookie or an
address. A whole postcode that the open data does not know is looked for by its district.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any
from uuid import UUID

from referral_hub.domain.codes import AccessNeed, NeedCode
from referral_hub.domain.geography import MILE_METRES, box_around, is_postcode, outward, place_key
from referral_hub.domain.listings import DAY_MINUTES, DAYS, PartOfDay, meant, minute_of_week
from referral_hub.domain.working_hours import LONDON
from referral_hub.errors import InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.store import directory_search, places
from referral_hub.store.directory_search import After, Found, Wanted
from referral_hub.store.engine import Connection
from referral_hub.store.places import FoundPlace

PER_PAGE = 20
DEFAULT_MILES = 5
_WORD = re.compile(r"[^\W_]{2,40}")
_MOST_WORDS = 8
_STOP = frozenset(
    {
        *("a", "an", "and", "are", "at", "for", "from", "help", "i", "in", "is", "me", "my"),
        *("near", "need", "of", "on", "or", "some", "someone", "that", "the", "to", "with"),
    }
)
PARTS_OF_DAY = {
    PartOfDay.MORNING: (6, 12),
    PartOfDay.AFTERNOON: (12, 17),
    PartOfDay.EVENING: (17, 23),
}


@dataclass(frozen=True, slots=True, repr=False)
class Search:
    """What somebody looks for, as they said it; `day` is MO to SU."""

    place: str = ""
    miles: int = DEFAULT_MILES
    words: str = ""
    needs: frozenset[NeedCode] = frozenset()
    age: int | None = None
    day: str | None = None
    part: PartOfDay | None = None
    access: frozenset[AccessNeed] = frozenset()
    language: str | None = None
    free: bool = False
    helpers: bool | None = None
    outside: bool = False
    after: After | None = None

    def __repr__(self) -> str:
        return "<Search>"


@dataclass(frozen=True, slots=True)
class Results:
    """A page of services. `words` are those that were looked for, where they were put right."""

    items: Sequence[Found]
    place: str | None
    words: str | None
    more: After | None


def search_directory(hub: Hub, search: Search, *, most: int = PER_PAGE) -> Results:
    """Return what fits. Raises InvalidInput for a place that is not known."""
    with hub.database.one_statement() as connection:
        found = _place(connection, search.place) if search.place.strip() else None
        wanted = _wanted(hub, search, found)
        items = directory_search.search(connection, wanted, most=most + 1)
        corrected = None
        if not items and wanted.query is not None and search.after is None:
            corrected = _corrected(connection, search.words)
            if corrected is not None:
                wanted = _wanted(hub, replace(search, words=corrected), found)
                items = directory_search.search(connection, wanted, most=most + 1)
    more = items[most - 1].after if len(items) > most else None
    return Results(items[:most], found.name if found else None, corrected, more)


def search_beside(hub: Hub, search: Search, *, most: int) -> Sequence[Found]:
    """Return what fits and is not the hub's own, for a referrer; nothing for an unknown place."""
    try:
        return search_directory(hub, replace(search, outside=True), most=most).items
    except InvalidInput:
        return ()


def read_listing(hub: Hub, entry_id: UUID) -> tuple[Found, Mapping[str, Any]]:
    """Return a service and its whole record. Raises NotFound."""
    with hub.database.one_statement() as connection:
        found = directory_search.one(connection, entry_id, _today(hub))
    if found is None:
        raise NotFound
    return found


def _today(hub: Hub) -> date:
    return hub.clock().astimezone(LONDON).date()


def _place(connection: Connection, typed: str) -> FoundPlace:
    key = place_key(typed)
    found = places.find(connection, key)
    if found is None and is_postcode(key):
        found = places.find(connection, outward(key))
    if found is None:
        raise InvalidInput({"place": ("We do not know this place. Check it, or enter a town",)})
    return found


def _wanted(hub: Hub, search: Search, place: FoundPlace | None) -> Wanted:
    words = tokens(search.words)
    metres = search.miles * MILE_METRES
    return Wanted(
        _today(hub),
        query=" & ".join(f"{word}:*" for word in words) or None,
        meant=sorted(meant("need", search.words)) if words else (),
        needs=sorted(search.needs),
        near=(place.at, box_around(place.at, metres), metres) if place else None,
        area=place.area if place else None,
        age=search.age,
        spans=_spans(search.day, search.part),
        access=sorted(search.access),
        language=search.language,
        free=search.free,
        helpers=search.helpers,
        outside=search.outside,
        after=search.after,
    )


def tokens(words: str) -> list[str]:
    """Return the words that are looked for, without those that say nothing."""
    found = [word for word in _WORD.findall(words.lower()) if word not in _STOP]
    return list(dict.fromkeys(found))[:_MOST_WORDS]


def _spans(day: str | None, part: PartOfDay | None) -> list[tuple[int, int]]:
    if day is None and part is None:
        return []
    first, last = PARTS_OF_DAY[part] if part else (0, 24)
    starts = (minute_of_week(one, time(0)) for one in (DAYS if day is None else (day,)))
    return [(start + first * 60, start + min(last * 60, DAY_MINUTES)) for start in starts]


def _corrected(connection: Connection, words: str) -> str | None:
    """Return the words with each replaced by the closest that the directory has, or None."""
    given = tokens(words)
    made = [directory_search.closest_word(connection, word) or word for word in given]
    return " ".join(made) if made != given else None
