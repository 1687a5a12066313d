"""A service of the hub's own as a record of the public directory.

The record is made from what the provider states and is written in the same transaction. Where a
location is confidential (a refuge), no address, coordinate, postcode or venue goes into it, so none
can leave by any page, feed or distance. Capacity and waits change by the hour and are read live.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import orjson

from adapters.formats.open_referral.reading import read_service
from adapters.formats.open_referral.values import written
from referral_hub.domain.codes import NeedCode
from referral_hub.domain.listings import listing_of
from referral_hub.services.hub import Hub
from referral_hub.services.open_referral import need_attribute
from referral_hub.services.read_feed import digest_of
from referral_hub.store import directory_sources, listings, own_services
from referral_hub.store.engine import Connection
from referral_hub.store.listings import Brought

Row = Mapping[str, Any]
ACCESS_WORDS = {
    "wheelchair": "Wheelchair access",
    "step_free": "Step-free",
    "hearing": "Hearing loop",
    "sight": "Large print and Braille",
    "bsl": "British Sign Language",
    "easy_read": "Easy Read",
}


def publish(connection: Connection, us: UUID, service_id: UUID, at: datetime) -> None:
    """Write a service's record anew, for the agency that the connection acts for."""
    own_services.put_details(connection, us, service_id, {})
    row = own_services.one(connection, us, service_id)
    if row is None:
        return
    record = read_service(record_of(row)).record
    listing = listing_of(record, at.date())
    line = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    listings.put(
        connection,
        Brought(us, service_id=service_id),
        [(listing, digest_of(line))],
        areas={listing.id: row["areas"]},
    )


def publish_missing(hub: Hub) -> int:
    """Publish services that the directory does not have yet; returns how many those were.

    The words of what providers wrote themselves are then known to the search for misspelt ones,
    also in a town that reads no feed.
    """
    with hub.database.working() as connection:
        found = own_services.unpublished(connection)
    for row in found:
        with hub.database.acting_for(row["agency_id"]) as connection:
            publish(connection, row["agency_id"], row["id"], hub.clock())
    with hub.database.working() as connection:
        if directory_sources.words_missing(connection):
            directory_sources.refresh_words(connection)
    return len(found)


def record_of(row: Row) -> dict[str, Any]:
    """Return a service as a record of Open Referral UK, from its row with its agency's."""
    service_id = row["id"]
    made: dict[str, Any] = {
        "id": str(service_id),
        "name": row["name"],
        "status": row["status"],
        "description": row["description"],
        "organization": {
            "id": str(row["agency_id"]),
            "name": row["agency_name"],
            "description": row["agency_name"],
        },
        "attributes": [need_attribute(NeedCode(need)) for need in row["needs"]],
        "languages": [
            {"id": str(uuid5(service_id, f"language {code}")), "code": code}
            for code in row["languages"]
        ],
        "service_areas": [
            {"id": str(uuid5(service_id, f"area {code}")), "name": name, "extent_type": "code"}
            for code, name in (row["area_names"] or {}).items()
        ],
        "schedules": [
            {"id": str(uuid5(service_id, f"opening {index}")), "freq": "WEEKLY", **slot}
            for index, slot in enumerate(row["opening"])
        ],
    }
    for name in ("minimum_age", "maximum_age", "url", "email", "fees", "alert", "assurer_email"):
        if row[name] is not None:
            made[name] = row[name]
    if row["assured_date"]:
        made["assured_date"] = row["assured_date"].isoformat()
    if row["last_modified"]:
        made["last_modified"] = written(row["last_modified"])
    place = _place(row)
    return made | ({"service_at_locations": [place]} if place else {})


def _place(row: Row) -> dict[str, Any] | None:
    """Where the service can be met, or None when that is confidential or not said."""
    known = row["address"] or row["postcode"] or row["latitude"] is not None
    if row["location_confidential"] or not known:
        return None
    service_id = row["id"]
    location: dict[str, Any] = {
        "id": str(uuid5(service_id, "location")),
        "location_type": "physical",
        "accessibility": [
            {"id": str(uuid5(service_id, f"access {code}")), "description": ACCESS_WORDS[code]}
            for code in row["access"]
            if code in ACCESS_WORDS
        ],
    }
    if row["venue"]:
        location["name"] = row["venue"]
    if row["latitude"] is not None and row["longitude"] is not None:
        location |= {"latitude": row["latitude"], "longitude": row["longitude"]}
    if all(row[name] for name in ("address", "town", "postcode")):
        location["addresses"] = [
            {
                "id": str(uuid5(service_id, "address")),
                "address_1": row["address"],
                "city": row["town"],
                "state_province": row["county"] or row["town"],
                "postal_code": row["postcode"],
                "country": "GB",
                "address_type": "physical",
            }
        ]
    return {"id": str(uuid5(service_id, "place")), "location": location}
