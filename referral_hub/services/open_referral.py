"""The directory for anybody's program: services, places, taxonomies, as Open Referral UK has them.

Public and without a caller. The needs that the hub knows are a taxonomy of its own beside those
that other people's records bring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any
from uuid import UUID

from adapters.formats.open_referral.writing import place_item, place_whole, service_item
from referral_hub.domain.codes import NeedCode
from referral_hub.domain.geography import box_around, place_key
from referral_hub.domain.listings import (
    DAY_MINUTES,
    DAYS,
    NEEDS_TAXONOMY,
    minute_of_week,
    need_term,
)
from referral_hub.domain.working_hours import LONDON
from referral_hub.errors import InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.store import open_referral as store
from referral_hub.store import places
from referral_hub.store.open_referral import Asked

Record = Mapping[str, Any]
OURS = "Needs of the Referral Hub"


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list and how long the whole list is."""

    total: int
    items: Sequence[Record]


@dataclass(frozen=True, slots=True, repr=False)
class Query:
    """What a list may be asked, checked: `asked` are fields of `Asked`.

    `proximity` is in metres; `day` is MO to SU.
    """

    asked: Mapping[str, Any] = field(default_factory=dict)
    day: str | None = None
    start: time | None = None
    end: time | None = None
    postcode: str | None = None
    proximity: float | None = None

    def __repr__(self) -> str:
        return "<Query>"


def list_services(hub: Hub, query: Query, *, limit: int, offset: int) -> Listed:
    """Return a page of services."""
    with hub.database.one_statement() as connection:
        total, found = store.services(connection, _filters(hub, query), limit=limit, offset=offset)
    return Listed(total, [service_item(record) for record in found])


def read_service(hub: Hub, entry_id: UUID) -> Record:
    """Return a service with all that is known of it. Raises NotFound."""
    with hub.database.one_statement() as connection:
        found = store.service(connection, entry_id, _today(hub))
    if found is None:
        raise NotFound
    return found


def list_places(hub: Hub, query: Query, *, limit: int, offset: int) -> Listed:
    """Return a page of services at locations. Raises InvalidInput for an unknown postcode."""
    with hub.database.one_statement() as connection:
        asked = _filters(hub, query)
        if query.postcode is not None:
            place = places.find(connection, place_key(query.postcode))
            if place is None:
                raise InvalidInput({"postcode": ("is not known to this directory",)})
            asked = replace(asked, area=place.area)
            if query.proximity is not None:
                box = box_around(place.at, query.proximity)
                asked = replace(asked, area=None, near=(place.at, box, query.proximity))
        total, found = store.places(connection, asked, limit=limit, offset=offset)
    items = [place_item(record, _at(record, place_id)) for place_id, record in found]
    return Listed(total, items)


def read_place(hub: Hub, place_id: UUID) -> Record:
    """Return a service at a location. Raises NotFound."""
    with hub.database.one_statement() as connection:
        found = store.place(connection, place_id, _today(hub))
    if found is None:
        raise NotFound
    return place_whole(found[1], _at(found[1], found[0]))


def list_taxonomies(hub: Hub) -> Sequence[Record]:
    """Return every taxonomy, the hub's own first."""
    with hub.database.one_statement() as connection:
        others = store.taxonomies(connection, NEEDS_TAXONOMY)
    return [_ours(), *map(_taxonomy, others)]


def read_taxonomy(hub: Hub, taxonomy_id: UUID, *, limit: int, offset: int) -> tuple[Record, int]:
    """Return a taxonomy with a page of its terms, and how many terms it has. Raises NotFound."""
    if taxonomy_id == NEEDS_TAXONOMY:
        ours = _our_terms()
        return {**_ours(), "taxonomy_terms": ours[offset : offset + limit]}, len(ours)
    with hub.database.one_statement() as connection:
        found = store.taxonomies(connection, NEEDS_TAXONOMY, taxonomy_id)
        if not found:
            raise NotFound
        total, terms = store.page_of_terms(
            connection, NEEDS_TAXONOMY, limit=limit, offset=offset, taxonomy=taxonomy_id
        )
    return {**_taxonomy(found[0]), "taxonomy_terms": [_term(term) for term in terms]}, total


def list_terms(hub: Hub, *, limit: int, offset: int) -> Listed:
    """Return a page of terms, those of the hub's own taxonomy first."""
    ours = _our_terms()
    first = ours[offset : offset + limit]
    with hub.database.one_statement() as connection:
        total, found = store.page_of_terms(
            connection,
            NEEDS_TAXONOMY,
            limit=limit - len(first),
            offset=max(0, offset - len(ours)),
        )
    return Listed(len(ours) + total, [*first, *map(_term, found)])


def read_term(hub: Hub, term_id: UUID) -> Record:
    """Return a term. Raises NotFound."""
    ours = next((term for term in _our_terms() if term["id"] == str(term_id)), None)
    if ours is not None:
        return ours
    with hub.database.one_statement() as connection:
        found = store.term(connection, NEEDS_TAXONOMY, term_id)
    if found is None:
        raise NotFound
    return _term(found)


def need_attribute(need: NeedCode) -> dict[str, Any]:
    """Return a need as an attribute of a service's record."""
    return {"id": str(need_term(need)), "link_type": "service", "taxonomy_term": _need(need)}


def _today(hub: Hub) -> date:
    return hub.clock().astimezone(LONDON).date()


def _filters(hub: Hub, query: Query) -> Asked:
    asked = Asked(_today(hub), **query.asked)
    if asked.taxonomy_id == NEEDS_TAXONOMY:
        asked = replace(asked, own_terms=[need_term(need) for need in NeedCode])
    if query.day is None and query.start is None and query.end is None:
        return asked
    days = []
    for day in DAYS if query.day is None else (query.day,):
        begins = minute_of_week(day, query.start or time(0))
        ends = minute_of_week(day, query.end) if query.end else None
        days.append((begins, minute_of_week(day, time(0)) + DAY_MINUTES if ends is None else ends))
    return replace(asked, days=days)


def _at(record: Record, place_id: UUID) -> Record:
    return next(at for at in record["service_at_locations"] if at["id"] == str(place_id))


def _ours() -> dict[str, str]:
    return {
        "id": str(NEEDS_TAXONOMY),
        "name": OURS,
        "description": "What a person needs, in the words of a referrer’s form.",
    }


def _our_terms() -> list[Record]:
    return [_need(need) for need in NeedCode]


def _need(need: NeedCode) -> dict[str, str]:
    words = need.value.replace("_", " ").capitalize()
    return {
        "id": str(need_term(need)),
        "name": words,
        "description": words,
        "taxonomy": OURS,
        "taxonomy_id": str(NEEDS_TAXONOMY),
        "term": need.value,
    }


def _taxonomy(row: Record) -> dict[str, str]:
    return {"id": str(row["id"]), "name": row["name"], "description": row["name"]}


def _term(row: Record) -> dict[str, str]:
    made = {
        "id": str(row["id"]),
        "name": row["name"],
        "description": row["description"],
        "taxonomy": row["taxonomy"],
        "taxonomy_id": str(row["taxonomy_id"]),
    }
    if row["parent_id"]:
        made["parent_id"] = str(row["parent_id"])
    if row["uri"]:
        made["term_uri"] = row["uri"]
    return made
