"""A record of the directory as what a search asks: which needs, where, when, for whom, what cost.

Foreign records say most of this in words, so `directory_words.csv` says which words mean which of
our codes. That is a guess and only ever adds: a record is found by its own words as well, and what
a record does not state stays unknown (None, or empty), which a search treats as "perhaps".
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

from referral_hub.domain.codes import NeedCode

DAY_MINUTES = 24 * 60
MOST_WORDS = 30_000
NEEDS_TAXONOMY = UUID("5d0a3f5e-6a57-5b0b-9a54-0f9e2a6c1c11")
_DAY = re.compile(r"[+-]?\d{0,2}(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_WORD = re.compile(r"[\w'-]+")
_FREE = re.compile(r"\bfree\b", re.IGNORECASE)

Record = Mapping[str, Any]
Slot = tuple[int, int]


class FeedOutcome(StrEnum):
    """How reading a source of the directory ended. Only `done` changes what is published."""

    DONE = "done"
    UNREACHABLE = "unreachable"
    ADDRESS_REFUSED = "address_refused"
    MOVED = "moved"
    NOT_THERE = "not_there"
    STATUS = "status"
    TOO_LARGE = "too_large"
    NOT_A_FEED = "not_a_feed"
    ENDLESS = "endless"
    TOO_LONG = "too_long"
    EMPTY = "empty"
    MOSTLY_REFUSED = "mostly_refused"
    MOSTLY_GONE = "mostly_gone"
    FAILED = "failed"


class Weekday(StrEnum):
    """Days as iCalendar and the profile name them."""

    MONDAY = "MO"
    TUESDAY = "TU"
    WEDNESDAY = "WE"
    THURSDAY = "TH"
    FRIDAY = "FR"
    SATURDAY = "SA"
    SUNDAY = "SU"


DAYS: tuple[str, ...] = tuple(day.value for day in Weekday)


class PartOfDay(StrEnum):
    """When in a day something should be open."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


@dataclass(frozen=True, slots=True)
class PlaceAt:
    """Where a service is given: an id, coordinates where they are known, and words for it.

    One that is not `physical` is on the telephone, the internet, or by post.
    """

    id: UUID
    physical: bool
    latitude: float | None
    longitude: float | None
    postcode: str | None
    words: str


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a taxonomy, as a record names it."""

    id: UUID
    taxonomy_id: UUID
    taxonomy: str
    name: str
    description: str
    parent_id: UUID | None
    uri: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A record and its search facts. `hours` are minutes of the week, Monday midnight being 0.

    Each of `words` has at most `MOST_WORDS` characters: PostgreSQL makes no more than 1 MB of a
    text searchable, and refuses the whole statement otherwise.
    """

    id: UUID
    record: Record
    name: str
    status: str
    organization_id: UUID | None
    organization_name: str
    words: tuple[str, str, str]
    needs: tuple[str, ...]
    access: tuple[str, ...]
    languages: tuple[str, ...]
    minimum_age: float | None
    maximum_age: float | None
    free: bool | None
    hours: tuple[Slot, ...] | None
    places: tuple[PlaceAt, ...]
    terms: tuple[Term, ...]
    modified_at: datetime | None


def need_term(need: NeedCode) -> UUID:
    """Return the id of a need as a term of the hub's own taxonomy."""
    return uuid5(NEEDS_TAXONOMY, need.value)


def listing_of(record: Record, today: date) -> Listing:
    """Return the facts of a cleaned record of Open Referral UK; `today` ends old schedules."""
    organization: Record = record.get("organization") or {}
    terms = tuple(_terms(record))
    names = " ".join(term.name for term in terms)
    texts = (
        record["name"],
        f"{organization.get('name', '')} {names}",
        " ".join(_described(record)),
    )
    places = tuple(_places(record))
    own = {need.value for need in NeedCode for term in terms if term.id == need_term(need)}
    modified = record.get("last_modified")
    return Listing(
        id=UUID(record["id"]),
        record=record,
        name=record["name"],
        status=record["status"],
        organization_id=UUID(organization["id"]) if organization else None,
        organization_name=organization.get("name", ""),
        words=(texts[0][:MOST_WORDS], texts[1][:MOST_WORDS], texts[2][:MOST_WORDS]),
        needs=tuple(sorted(own or meant("need", texts[0], names, texts[2]))),
        access=tuple(sorted(meant("access", *_access(record)))),
        languages=tuple(sorted(_languages(record))),
        minimum_age=record.get("minimum_age"),
        maximum_age=record.get("maximum_age"),
        free=_free(record),
        hours=hours_of(record.get("schedules", ()), today),
        places=places,
        terms=terms,
        modified_at=datetime.fromisoformat(modified) if modified else None,
    )


def meant(kind: str, *texts: str) -> frozenset[str]:
    """Return the codes of `kind` (need, access, language) whose words stand in `texts`."""
    joined = " " + " ".join(_WORD.findall(" ".join(texts).lower())) + " "
    table = _table()[kind]
    return frozenset(
        c for c, words in table.items() if any(f" {word} " in joined for word in words)
    )


def hours_of(schedules: Iterable[Record], today: date) -> tuple[Slot, ...] | None:
    """Return when a service is open in a week, or None when nothing says so."""
    slots = {slot for schedule in schedules for slot in _slots(schedule, today)}
    return tuple(sorted(slots)) or None


def minute_of_week(day: str, at: time) -> int:
    """Return minutes since Monday midnight; `day` is MO … SU."""
    return DAYS.index(day) * DAY_MINUTES + at.hour * 60 + at.minute


@cache
def _table() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    text = files("referral_hub.domain").joinpath("directory_words.csv").read_text(encoding="utf-8")
    made: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for row in csv.DictReader(text.splitlines()):
        phrases = (" ".join(_WORD.findall(one.lower())) for one in row["words"].split("|"))
        made[row["kind"]][row["code"]] = tuple(phrases)
    return MappingProxyType({kind: MappingProxyType(rows) for kind, rows in made.items()})


def words_table() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """The table of words: kind, code, phrases in lower case."""
    return _table()


def _slots(schedule: Record, today: date) -> Iterator[Slot]:
    ended = schedule.get("valid_to")
    opens, closes = schedule.get("opens_at"), schedule.get("closes_at")
    if not opens or (ended and date.fromisoformat(ended) < today):
        return
    start = time.fromisoformat(opens)
    end = time.fromisoformat(closes) if closes else time(0)
    for day in _DAY.findall(schedule.get("byday", "").upper()):
        begins, ends = minute_of_week(day, start), minute_of_week(day, end)
        yield begins, ends if ends > begins else minute_of_week(day, time(0)) + DAY_MINUTES


def _terms(record: Record) -> Iterator[Term]:
    seen: set[str] = set()
    for attribute in record.get("attributes", ()):
        term: Record | None = attribute.get("taxonomy_term")
        if term is None or term["id"] in seen:
            continue
        seen.add(term["id"])
        taxonomy = term.get("taxonomy") or "Other"
        named = uuid5(NEEDS_TAXONOMY, f"taxonomy {taxonomy}")
        yield Term(
            id=UUID(term["id"]),
            taxonomy_id=UUID(term["taxonomy_id"]) if term.get("taxonomy_id") else named,
            taxonomy=taxonomy,
            name=term["name"],
            description=term["description"],
            parent_id=UUID(term["parent_id"]) if term.get("parent_id") else None,
            uri=term.get("term_uri"),
        )


def _places(record: Record) -> Iterator[PlaceAt]:
    for at in record.get("service_at_locations", ()):
        location: Record = at.get("location") or {}
        if not location:
            continue
        addresses = location.get("addresses") or [{}]
        postcode = addresses[0].get("postal_code")
        physical = location.get("location_type") == "physical"
        both = physical and None not in (location.get("latitude"), location.get("longitude"))
        lines = (addresses[0].get(name) for name in ("address_1", "city", "postal_code"))
        yield PlaceAt(
            id=UUID(at["id"]),
            physical=physical,
            latitude=location["latitude"] if both else None,
            longitude=location["longitude"] if both else None,
            postcode=postcode if physical else None,
            words=", ".join(word for word in (location.get("name"), *lines) if word),
        )


def _described(record: Record) -> Iterator[str]:
    yield record.get("description", "")
    for place in record.get("service_at_locations", ()):
        location: Record = place.get("location") or {}
        yield location.get("name", "")
        for address in location.get("addresses", ()):
            yield address.get("city", "")
    for area in record.get("service_areas", ()):
        yield area.get("name", "")


def _access(record: Record) -> Iterator[str]:
    for place in record.get("service_at_locations", ()):
        location: Record = place.get("location") or {}
        for one in location.get("accessibility", ()):
            yield from (one.get(name, "") for name in ("description", "details", "accessibility"))


def _languages(record: Record) -> Iterator[str]:
    for language in record.get("languages", ()):
        code = str(language.get("code", "")).lower().partition("-")[0]
        if code in _table()["language"]:
            yield code
        yield from meant("language", language.get("name", ""))


def _free(record: Record) -> bool | None:
    amounts = [one["amount"] for one in record.get("cost_options", ()) if "amount" in one]
    if amounts:
        return not any(amounts)
    words = [
        record.get("fees", ""),
        *(one.get("option", "") for one in record.get("cost_options", ())),
    ]
    return True if any(map(_FREE.search, words)) else None
