"""The demonstration's directory: where Mereford's services are, when they open, and its postcodes.

Mereford lies in the Irish Sea, so that nobody lives at its coordinates.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Any
from uuid import UUID

from referral_hub.services.hub import Hub
from referral_hub.services.load_places import load_places
from referral_hub.services.own_listing import publish_missing
from referral_hub.store import own_services

_WEEKDAYS = "MO,TU,WE,TH,FR"
_DAYTIME = [{"byday": _WEEKDAYS, "opens_at": "09:00:00", "closes_at": "17:00:00"}]

# service -> venue, address, postcode, when it is open
PLACES: dict[str, tuple[str, str, str, list[dict[str, Any]]]] = {
    "Neighbourly hours": ("The Old Forge", "12 Forge Lane", "MF2 4TB", _DAYTIME),
    "Friendly visits": ("St Brannoc’s Hall", "3 Church Street", "MF1 3GN", _DAYTIME),
    "Home library": ("Mereford Library", "Market Square", "MF1 2LB", _DAYTIME),
    "Safe and well visit": ("Fire station", "Station Road", "MF4 9FS", _DAYTIME),
    "Valley lunch club": (
        "Valley Hall",
        "1 Mill Road",
        "MF7 3QX",
        [{"byday": "WE", "opens_at": "12:00:00", "closes_at": "14:00:00"}],
    ),
    "Adult care front door": ("Town Hall", "High Street", "MF1 2AA", _DAYTIME),
}


def seed_directory(hub: Hub) -> None:
    """Load the sample of places, say where services are, and publish them."""
    with as_file(files("referral_hub.services").joinpath("mereford_places.csv")) as path:
        load_places(hub, path)
    with hub.database.working() as connection:
        found = [(row["id"], row["agency_id"]) for row in own_services.unpublished(connection)]
    for service_id, agency_id in found:
        _say_where(hub, agency_id, service_id)
    publish_missing(hub)


def _say_where(hub: Hub, agency_id: UUID, service_id: UUID) -> None:
    at = hub.clock()
    with hub.database.acting_for(agency_id) as connection:
        row = own_services.one(connection, agency_id, service_id)
        if row is None or row["name"] not in PLACES:
            return
        venue, address, postcode, opening = PLACES[row["name"]]
        changed = {"opening": row["opening"] or opening, "last_modified": at}
        changed |= {"assured_date": row["assured_date"] or at.date()}
        own_services.change(connection, agency_id, service_id, changed)
        details: dict[str, object] = {
            "venue": venue,
            "address": address,
            "town": "Mereford",
            "postcode": postcode,
        }
        details |= {"county": None, "verified_at": at, "verified_by": None}
        own_services.put_details(connection, agency_id, service_id, details)
