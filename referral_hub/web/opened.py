"""What was opened, in plain words: a section for each data class, a line for each field.

A field that was not permitted has no line, not an empty one: the page never says what else
exists. The order is the catalogue's. Nothing here opens anything; `services.release` did, after
its log entry stood.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from consent.model import DataClass
from referral_hub.web.labels import Labels
from referral_hub.web.rendering import and_list, day


@dataclass(frozen=True, slots=True, repr=False)
class OpenedLine:
    """A field in words; `values` are the lines of its answer."""

    label: str
    values: tuple[str, ...]

    def __repr__(self) -> str:
        return "<OpenedLine (redacted)>"


@dataclass(frozen=True, slots=True, repr=False)
class OpenedSection:
    """The fields of one data class."""

    heading: str
    lines: tuple[OpenedLine, ...]

    def __repr__(self) -> str:
        return "<OpenedSection (redacted)>"


def sections(
    fields: Mapping[str, Any], labels: Labels, areas: Mapping[str, str]
) -> tuple[OpenedSection, ...]:
    """Return `fields` (values by field id) as sections; classes without a field are left out."""
    read = _Reader(labels, areas)
    found = []
    for data_class in DataClass:
        mine = [name for name in _ordered(fields) if name.startswith(f"{data_class.value}.")]
        lines = [OpenedLine(labels.field(name), read.values(name, fields[name])) for name in mine]
        shown = tuple(line for line in lines if line.values)
        if shown:
            heading = labels.words(data_class.value, "DataClass.received")
            found.append(OpenedSection(heading, shown))
    return tuple(found)


def field_lines(
    field_id: str, value: Any, labels: Labels, areas: Mapping[str, str]
) -> tuple[str, ...]:
    """Return one field's answer as lines; a value that words were taken out of is shown as text."""
    try:
        return _Reader(labels, areas).values(field_id, value)
    except (TypeError, ValueError, KeyError):
        return _lines(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def in_order(
    fields: Mapping[str, Any],
    labels: Labels,
    areas: Mapping[str, str],
    *,
    order: Iterable[str] = (),
) -> tuple[OpenedLine, ...]:
    """Return `fields` as lines in `order` (field ids); what it does not name follows."""
    read = _Reader(labels, areas)
    wanted = [name for name in dict.fromkeys(order) if name in fields]
    rest = [name for name in _ordered(fields) if name not in wanted]
    lines = (OpenedLine(labels.field(n), read.values(n, fields[n])) for n in (*wanted, *rest))
    return tuple(line for line in lines if line.values)


class _Reader:
    """Turns a field's value into the lines of its answer; what has no way of its own is text."""

    def __init__(self, labels: Labels, areas: Mapping[str, str]) -> None:
        self._labels = labels
        self._ways: Mapping[str, Callable[[Any], tuple[str, ...]]] = {
            "identity.date_of_birth": lambda value: (day(date.fromisoformat(value)),),
            "identity.nhs_number": lambda value: (f"{value[:3]} {value[3:6]} {value[6:]}",),
            "contact.area": lambda value: (areas.get(value, value),),
            "contact.preferences": self._preferences,
            "need.needs": lambda value: tuple(labels.words(code, "NeedCode") for code in value),
            "access_needs.language": self._language,
            "access_needs.access": self._access,
        }

    def values(self, field_id: str, value: Any) -> tuple[str, ...]:
        return self._ways.get(field_id, _lines)(value)

    def _language(self, value: Mapping[str, Any]) -> tuple[str, ...]:
        name = self._labels.languages().get(value["tag"], value["tag"])
        return (f"{name}, with an interpreter" if value["interpreter"] else name,)

    def _access(self, value: Mapping[str, Any]) -> tuple[str, ...]:
        needs = (self._labels.words(code, "AccessNeed") for code in value["needs"])
        return (*needs, *_lines(value["note"]))

    def _preferences(self, value: Mapping[str, Any]) -> tuple[str, ...]:
        preferred, never = self._by(value["preferred"]), self._by(value["never"])
        return (
            *((f"Prefers: {preferred}",) if preferred else ()),
            *((f"Never: {never}",) if never else ()),
            *_lines(value["note"]),
        )

    def _by(self, codes: Iterable[str]) -> str:
        words = [self._labels.words(code, "ContactMethod") for code in codes]
        return and_list([word[:1].lower() + word[1:] for word in words])


def _ordered(fields: Iterable[str]) -> list[str]:
    """Field ids in the order in which a reader wants them."""
    return sorted(fields, key=lambda name: (_ORDER.get(name, len(_ORDER)), name))


def _lines(text: object) -> tuple[str, ...]:
    return tuple(line for line in str(text or "").split("\n") if line)


_ORDER = {
    name: position
    for position, name in enumerate(
        (
            "identity.first_name",
            "identity.family_name",
            "identity.date_of_birth",
            "identity.nhs_number",
            "contact.area",
            "contact.address",
            "contact.phone",
            "contact.email",
            "contact.preferences",
            "need.needs",
            "need.help",
            "need.task_note",
            "access_needs.language",
            "access_needs.access",
        )
    )
}
