"""What a staged item says, as lines to read: whatever was given, and nothing about what was not.

The item's pages are raw, as a form would have them, and may be incomplete or hold something that no
form would take; here they are only shown. The order is the form's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from referral_hub.domain.codes import AccessNeed, ContactMethod, NeedCode
from referral_hub.services.open_staged import StagedContent
from referral_hub.web.forms.referral import Answer
from referral_hub.web.labels import Labels
from referral_hub.web.opened import OpenedLine, OpenedSection

_FIELDS = {
    "person.first_name": "First name",
    "person.family_name": "Last name",
    "person.date_of_birth": "Date of birth",
    "person.nhs_number": "NHS number",
    "address.area": "Area",
    "address.address": "Address",
    "address.postcode": "Postcode",
    "contact.phone": "Phone",
    "contact.email": "Email",
    "contact.preferred": "Preferred contact",
    "contact.never": "Never contact by",
    "contact.contact_note": "Note on contact",
    "access.language": "Language",
    "access.interpreter": "Interpreter",
    "access.access": "Access needs",
    "access.access_note": "Note on access",
    "needs.needs": "Needs",
    "why.why": "Why",
    "why.task_note": "Note for helpers",
    "why.priority": "How soon",
    "agreement.agreed": "Agreed to share",
    "terms.service": "May be contacted",
}
_DATES = ("person.date_of_birth",)
_TICKED: dict[str, type[StrEnum]] = {
    "contact.preferred": ContactMethod,
    "contact.never": ContactMethod,
    "access.interpreter": Answer,
    "access.access": AccessNeed,
    "needs.needs": NeedCode,
}
_CODES = {"why.priority": "Priority", "agreement.agreed": "Answer", "terms.service": "Answer"}


def staged_sections(
    content: StagedContent, labels: Labels, areas: Mapping[str, str]
) -> tuple[OpenedSection, ...]:
    """Return what the item says about the person, and what came beside it."""
    lines = []
    for path, name in _FIELDS.items():
        values = _values(content.pages, path, labels, areas)
        if values:
            lines.append(OpenedLine(name, values))
    beside = [
        OpenedLine(labels.words(code, "StagedFact"), _beside(code, value, labels))
        for code, value in content.beside.items()
        if value
    ]
    named = (("What it says", tuple(beside)), ("Filled in for you", tuple(lines)))
    return tuple(OpenedSection(heading, found) for heading, found in named if found)


def form_lines(
    page: str, fields: Mapping[str, Any], labels: Labels, areas: Mapping[str, str]
) -> Iterator[str]:
    """Yield what one page of a form says, in the form's words where it has some for a field."""
    told = set()
    for path, name in _FIELDS.items():
        values = _values({page: fields}, path, labels, areas) if path.startswith(page) else ()
        if values:
            yield f"{name}: {', '.join(values)}"
        told.add(path.partition(".")[2])
    parts = {f"{name}-{part}" for name in told for part in ("day", "month", "year")}
    for name, value in fields.items():
        known = f"{page}.{name}" in _FIELDS or (page == "person" and name in parts)
        if value and not known:
            label = labels.words(name, "StagedFact" if page == "beside" else "HeldPart")
            shown = _beside(name, str(value), labels) if page == "beside" else _plain(value)
            yield f"{label}: {', '.join(shown)}"


def _plain(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else str(value).split("\n")
    return tuple(str(one) for one in listed if one)


def _values(
    pages: Mapping[str, Mapping[str, Any]], path: str, labels: Labels, areas: Mapping[str, str]
) -> tuple[str, ...]:
    page, _, field = path.partition(".")
    given = pages.get(page, {})
    if path in _DATES:
        parts = [str(given.get(f"{field}-{part}") or "") for part in ("day", "month", "year")]
        return (" ".join(parts),) if all(parts) else ()
    value = given.get(field)
    if path in _TICKED:
        known = _TICKED[path]
        ticked = [code for code in known if code.value in (value or ())]
        return tuple(labels.words(code.value, known.__name__) for code in ticked)
    if path == "address.area":
        return (areas.get(str(value), str(value)),) if value else ()
    if path == "access.language":
        return (labels.languages().get(str(value), str(value)),) if value else ()
    if path in _CODES:
        return (labels.words(str(value), _CODES[path]),) if value else ()
    return tuple(line for line in str(value or "").split("\n") if line)


def _beside(code: str, value: str, labels: Labels) -> tuple[str, ...]:
    kind = {"noticed": "Noticed", "said": "Said"}.get(code)
    return (labels.words(value, kind),) if kind else tuple(value.split("\n"))
