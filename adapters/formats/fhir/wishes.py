"""How somebody would like to be helped, as a ServiceRequest says it.

Published elements are used where they say the same; the hub's own extensions, where FHIR has none.

| wishes | ServiceRequest |
|---|---|
| first | performer, by the hub's agency id |
| tasks | orderDetail.coding of the hub's task types (FHIR wants `code` beside it) |
| days | occurrenceTiming.repeat.dayOfWeek |
| never | extension never-this-one, a valueIdentifier with the hub's agency id |
| prefers, company, essential, is_so, is_not | extensions, a valueCode each |
| council_chooses | extension council-chooses, valueBoolean |
"""

from __future__ import annotations

from typing import Any

from adapters.formats.fhir import codes
from adapters.formats.fhir.message import Found, Message
from adapters.formats.fhir.reading import (
    Element,
    extension_codes,
    extension_true,
    extensions,
    identifiers,
    listed,
)
from adapters.formats.fhir.reading import (
    codes as codes_of,
)

_DAYS = {day: day[:2].upper() for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


def read_wishes(message: Message, request: Found, places: dict[str, str]) -> dict[str, Any] | None:
    """Return what the request says of wishes; None where it says nothing."""
    resource, path = request.resource, request.path
    order = listed(resource, "orderDetail")
    extension = f"{path}.extension"
    found = {
        "first": (_first(message, resource), f"{path}.performer"),
        "never": (_never(resource), extension),
        "tasks": (
            [code for one in order for code in codes_of(one, codes.HUB_TASK_TYPE)],
            f"{path}.orderDetail",
        ),
        "days": (_days(resource), f"{path}.occurrenceTiming.repeat.dayOfWeek"),
        "company": (extension_codes(resource, codes.PREFERRED_COMPANY), extension),
        "essential": (extension_codes(resource, codes.ESSENTIAL_NEED), extension),
        "is_so": (extension_codes(resource, codes.IS_SO), extension),
        "is_not": (extension_codes(resource, codes.IS_NOT), extension),
        "prefers": (_one(extension_codes(resource, codes.PREFERRED_MANNER)), extension),
        "council_chooses": (extension_true(resource, codes.COUNCIL_CHOOSES), extension),
    }
    places.update({f"wishes/{name}": place for name, (_, place) in found.items()})
    return {name: value for name, (value, _) in found.items() if value} or None


def _first(message: Message, request: Element) -> list[str]:
    named = []
    for reference in listed(request, "performer"):
        entry = message.find(reference)
        logical = {"identifier": [one for one in [reference.get("identifier")] if one]}
        named += identifiers(entry.resource if entry else logical, codes.HUB_AGENCY)
    return list(dict.fromkeys(named))


def _never(request: Element) -> list[str]:
    found = [one.get("valueIdentifier") for one in extensions(request, codes.NEVER_THIS_ONE)]
    return identifiers({"identifier": [one for one in found if one]}, codes.HUB_AGENCY)


def _days(request: Element) -> list[str]:
    repeat = (request.get("occurrenceTiming") or {}).get("repeat") or {}
    return list(dict.fromkeys(_DAYS.get(day, day) for day in listed(repeat, "dayOfWeek")))


def _one(given: list[str]) -> str | None:
    """The only one; several are told apart by no order, and no code is two."""
    return " ".join(given) or None
