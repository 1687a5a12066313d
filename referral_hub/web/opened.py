"""What was opened, in plain words: a section for each data class, a line for each field that is there.

A field that was not permitted has no line, not an empty one: the page never says what else exists. The order is the
catalogue's. Nothing here opens anything; `services.release` did, after its log entry stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


@dataclass(frozen=True, slots=True)
class _Reader:
    labels: Labels
    areas: Mapping[str, str]

    def values(self, field_id: str, value: Any) -> tuple[str, ...]:
        match field_id, value:
            case "identity.date_of_birth", str():
                return (day(date.fromisoformat(value)),)
            case "identity.nhs_number", str():
                return (f"{value[:3]} {value[3:6]} {value[6:]}",)
            case "contact.area", str():
                return (self.areas.get(value, value),)
            case "contact.preferences", {"preferred": preferred, "never": never, "note": note}:
                return self._preferences(preferred, never, note)
            case "need.needs", list():
                return tuple(self.labels.words(code, "NeedCode") for code in value)
            case "access_needs.language", {"tag": tag, "interpreter": interpreter}:
                name = self.labels.languages().get(tag, tag)
                return (f"{name}, with an interpreter" if interpreter else name,)
            case "access_needs.access", {"needs": needs, "note": note}:
                return (*(self.labels.words(code, "AccessNeed") for code in needs), *_lines(note))
            case _, str():
                return _lines(value)
        raise ValueError(f"the field {field_id} has a shape that no page knows")

    def _preferences(
        self, preferred: Iterable[str], never: Iterable[str], note: str | None
    ) -> tuple[str, ...]:
        ways, ruled_out = self._ways(preferred), self._ways(never)
        return (
            *((f"Prefers: {ways}",) if ways else ()),
            *((f"Never: {ruled_out}",) if ruled_out else ()),
            *_lines(note),
        )

    def _ways(self, codes: Iterable[str]) -> str:
        words = [self.labels.words(code, "ContactMethod") for code in codes]
        return and_list([word[:1].lower() + word[1:] for word in words])


def _ordered(fields: Iterable[str]) -> list[str]:
    """Field ids in the order in which a reader wants them."""
    return sorted(fields, key=lambda name: (_ORDER.get(name, len(_ORDER)), name))


def _lines(text: str | None) -> tuple[str, ...]:
    return tuple(line for line in (text or "").split("\n") if line)


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
            "need.task_note",
            "access_needs.language",
            "access_needs.access",
        )
    )
}
