"""A referral on a sheet that people read and file: a tagged PDF with the same as data inside it.

The lines come in the order of the document's fields, which is the recipient's own form's order
where it has one. The embedded file is Hub JSON, so that a case system may file both from one
attachment. The words of fields are the hub's own, kept equal to its pages' by a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from adapters.contract import (
    DocumentKind,
    FieldValue,
    FormatAbout,
    FormatError,
    ReferralDocument,
)
from adapters.formats.hub_json import HubJson
from adapters.formats.needs import listed
from adapters.formats.sheet_words import ACCESS, CONTACT, FIELDS, KINDS, NEEDS, PRIORITIES
from adapters.formats.tagged_pdf import Line, Sheet, write_sheet

ATTACHED = "referral.json"
_DESTROY = "Destroy this sheet and every copy when your part has ended."


class ReferralSheet:
    """A PDF of one or a few pages. Raises FormatError for what is too large to be data as well."""

    content_type = "application/pdf"
    about = FormatAbout("Sheet to file (PDF with the same as JSON inside)")

    def write(self, document: ReferralDocument) -> bytes:
        """The sheet. The title and the file's name say nothing about the person."""
        data = HubJson().write(document)
        return write_sheet(
            Sheet(
                title=f"{KINDS[document.kind]}: {document.reference}",
                before=_before(document),
                lines=lines_of(document.fields),
                after=[f"Entry {document.log_entry} of the log.", _DESTROY],
                attached=(ATTACHED, "application/json", data),
            )
        )


def lines_of(fields: Mapping[str, FieldValue]) -> list[Line]:
    """The fields in words, in their own order; empty ones are left out."""
    try:
        lines = [Line(_label(name), _values(name, value)) for name, value in fields.items()]
    except (TypeError, ValueError, AttributeError, KeyError):
        raise FormatError("fields: not the catalogue's values") from None
    return [line for line in lines if line.values]


def _before(document: ReferralDocument) -> list[str]:
    said = [f"From {document.sender.name}, {_moment(document.issued_at)}."]
    if document.kind.discloses:
        said.append(f"How soon: {PRIORITIES.get(document.priority, document.priority)}.")
    if document.respond_by is not None:
        verb = "Answer" if document.kind is DocumentKind.OFFER else "Act"
        said.append(f"{verb} by {_moment(document.respond_by)}.")
    return said


def _label(name: str) -> str:
    return FIELDS.get(name, name.replace(".", ": ").replace("_", " "))


def _values(name: str, value: FieldValue) -> tuple[str, ...]:
    way: Callable[[FieldValue], tuple[str, ...]] = _WAYS.get(name, _text)
    return way(value)


def _text(value: FieldValue) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(one) for one in value if one)
    return tuple(line for line in str(value or "").split("\n") if line)


def _born(value: FieldValue) -> tuple[str, ...]:
    day = date.fromisoformat(str(value))
    return (f"{day.day} {day:%B %Y}",)


def _number(value: FieldValue) -> tuple[str, ...]:
    text = str(value)
    return (f"{text[:3]} {text[3:6]} {text[6:]}",)


def _needs(value: FieldValue) -> tuple[str, ...]:
    return tuple(NEEDS.get(code, code) for code in listed(value))


def _language(value: FieldValue) -> tuple[str, ...]:
    told = _members(value)
    interpreter = ", with an interpreter" if told.get("interpreter") is True else ""
    return (f"{told['tag']}{interpreter}",)


def _access(value: FieldValue) -> tuple[str, ...]:
    told = _members(value)
    found = [ACCESS.get(code, code) for code in listed(told.get("needs"))]
    return (*found, *_text(told.get("note")))


def _preferences(value: FieldValue) -> tuple[str, ...]:
    told = _members(value)
    found = []
    for name, word in (("preferred", "Prefers"), ("never", "Never")):
        if codes := listed(told.get(name)):
            found.append(f"{word}: {', '.join(CONTACT.get(code, code) for code in codes)}")
    return (*found, *_text(told.get("note")))


def _members(value: FieldValue) -> Mapping[str, FieldValue]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _moment(moment: datetime) -> str:
    told = moment.astimezone(UTC)
    return f"{told.day} {told:%B %Y, %H:%M} UTC"


_WAYS: Mapping[str, Callable[[FieldValue], tuple[str, ...]]] = {
    "identity.date_of_birth": _born,
    "identity.nhs_number": _number,
    "contact.preferences": _preferences,
    "need.needs": _needs,
    "access_needs.language": _language,
    "access_needs.access": _access,
}
