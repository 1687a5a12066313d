"""Objects of Open Referral UK 3.0 as the hub publishes them, from records that it holds.

A list shows the members that a service has one of; `/services/{id}` shows all. The profile's
OpenAPI gives `/service_at_locations/{id}` the schema of a service, while its example is a service
at a location; what is written here is both: the object of the example with the service's name and
status beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.formats.open_referral.members import OBJECTS, ONE_TO_ONE

Record = Mapping[str, Any]
VERSION = "HSDS-UK-3.0"
PROFILE = "https://docs.openreferraluk.org/en/latest/"
OPENAPI = "https://raw.githubusercontent.com/openreferral/uk-profile/main/schema/openapi.json"


def about() -> dict[str, str]:
    """Return what `/` says of the API."""
    return {"version": VERSION, "profile": PROFILE, "openapi_url": OPENAPI}


def service_item(record: Record) -> dict[str, Any]:
    """Return a service as a list shows it."""
    made = {name: record[name] for name in ONE_TO_ONE if name in record}
    if "organization" in record:
        made["organization"] = _flat(record["organization"], "organization")
    return made


def place_item(record: Record, at: Record) -> dict[str, Any]:
    """Return a service at a location as a list shows it."""
    made: dict[str, Any] = {"id": at["id"]}
    if "location" in at:
        made["location"] = _flat(at["location"], "location")
    return made | {"service": service_item(record)}


def place_whole(record: Record, at: Record) -> dict[str, Any]:
    """Return a service at a location with all there is to it."""
    return {**at, "name": record["name"], "status": record["status"], "service": dict(record)}


def _flat(thing: Record, kind: str) -> dict[str, Any]:
    return {
        name: thing[name]
        for name, said in OBJECTS[kind].items()
        if name in thing and not said.startswith("list")
    }
