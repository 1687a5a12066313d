"""Small readers of FHIR's data types: the first coding of a system, an extension's value, a name.

All return plain values or None. Whether a missing value matters is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Element = Mapping[str, Any]


def listed(element: Element, name: str) -> Sequence[Any]:
    """The list at `name`, or an empty one."""
    found = element.get(name)
    return found if isinstance(found, list) else ()


def codes(concept: Element | None, system: str) -> Iterator[str]:
    """The codes that a CodeableConcept has in `system`."""
    for coding in listed(concept or {}, "coding"):
        if coding.get("system") == system and coding.get("code"):
            yield coding["code"]


def extensions(element: Element, url: str) -> Iterator[Element]:
    """The extensions of `element` with that URL."""
    return (one for one in listed(element, "extension") if one.get("url") == url)


def extension_codes(element: Element, url: str) -> list[str]:
    """The `valueCode`s of the extensions with that URL."""
    return [one["valueCode"] for one in extensions(element, url) if one.get("valueCode")]


def extension_true(element: Element, url: str) -> bool:
    """Whether an extension with that URL has the value true."""
    return any(one.get("valueBoolean") is True for one in extensions(element, url))


def identifiers(element: Element, system: str) -> list[str]:
    """The values of the identifiers of that system."""
    return [
        one["value"]
        for one in listed(element, "identifier")
        if one.get("system") == system and one.get("value")
    ]


def official_name(patient: Element) -> tuple[int, Element] | None:
    """The name in use with its place: the official one, else the usual, else the first."""
    names = list(enumerate(listed(patient, "name")))
    for use in ("official", "usual"):
        for place, name in names:
            if name.get("use") == use:
                return place, name
    return names[0] if names else None


def telecom(element: Element, *systems: str) -> str | None:
    """The best contact point of those systems by rank (1 is best), skipping old ones."""
    points = [
        (one.get("rank") or 99, place, one["value"])
        for place, one in enumerate(listed(element, "telecom"))
        if one.get("system") in systems and one.get("value") and one.get("use") != "old"
    ]
    return min(points)[2] if points else None
