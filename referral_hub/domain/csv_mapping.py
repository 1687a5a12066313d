"""What the columns of an agency's file mean: data that its administrator edits, read here and
judged.

A mapping says which column is which of our fields, how the agency spells yes, no, needs, areas and
dates, and what "agreed" in its file stands for: which words were read out, which agencies and which
information were named, and for how long. Without that no row can become a referral, because a yes
in a cell is nobody's consent to nothing in particular. A mapping is stored as JSON, version by
version; `from_json` refuses whatever is not one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from consent.model import DataClass, Method, Purpose
from referral_hub.domain.codes import NeedCode, Priority

NEED_IF_YES = "need:"
MOST_COLUMNS = 40


class RowField(StrEnum):
    """What a column can be. A yes/no column about one need is `need:` and the need's code."""

    IGNORE = "ignore"
    REFERENCE = "reference"
    VISIT_DATE = "visit_date"
    SEEN = "seen"
    FIRST_NAME = "first_name"
    FAMILY_NAME = "family_name"
    DATE_OF_BIRTH = "date_of_birth"
    NHS_NUMBER = "nhs_number"
    AREA = "area"
    ADDRESS = "address"
    POSTCODE = "postcode"
    PHONE = "phone"
    EMAIL = "email"
    LANGUAGE = "language"
    NEEDS = "needs"
    WHY = "why"
    TASK_NOTE = "task_note"
    AGREED = "agreed"
    PREFERS = "prefers"
    COMPANY = "company"
    FIRST = "first"
    NEVER = "never"
    TASKS = "tasks"
    ESSENTIAL = "essential"
    IS_SO = "is_so"
    IS_NOT = "is_not"
    DAYS = "days"


class DateOrder(StrEnum):
    """In which order a date's parts are written; the separator may be any of / - . and space."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"
    YEAR_FIRST = "ymd"


class MappingFault(StrEnum):
    """What is wrong with a mapping as a whole."""

    NO_AGREED_COLUMN = "no_agreed_column"
    FIELD_TWICE = "field_twice"
    COLUMN_TWICE = "column_twice"
    YES_AND_NO = "yes_and_no"
    NO_COLUMNS = "no_columns"


class MappingError(ValueError):
    """Something that is no mapping. The message names the member and never a value."""


@dataclass(frozen=True, slots=True)
class AgreedTo:
    """What "agreed" in the file stands for. `agencies` are those named to the person.

    `notice` is `id/version/language` of the words that were read out. Nothing is granted by
    emptiness: without agencies, classes or words no row becomes a referral.
    """

    agencies: frozenset[UUID] = frozenset()
    classes: frozenset[DataClass] = frozenset()
    notice: str = ""
    method: Method = Method.IN_PERSON
    months: int = 6
    purpose: Purpose = Purpose.SUPPORT

    @property
    def complete(self) -> bool:
        """Whether a yes in the file says enough to be somebody's agreement."""
        return bool(self.agencies and self.classes and self.notice)


@dataclass(frozen=True, slots=True)
class CsvMapping:
    """An agency's mapping. `columns` maps a column's name to a field's code, case apart.

    `yes`, `no`, `needs` and `areas` are the agency's spellings, folded; codes themselves always
    count. `area` is the area of a row that names none.
    """

    columns: Mapping[str, str]
    dates: DateOrder = DateOrder.DAY_FIRST
    yes: frozenset[str] = frozenset({"yes", "y", "1", "true"})
    no: frozenset[str] = frozenset({"no", "n", "0", "false"})
    needs: Mapping[str, NeedCode] = field(default_factory=dict)
    areas: Mapping[str, str] = field(default_factory=dict)
    area: str | None = None
    priority: Priority = Priority.ROUTINE
    agreed_to: AgreedTo = field(default_factory=AgreedTo)

    def faults(self) -> list[MappingFault]:
        """Return what must be put right before it can be used."""
        found = []
        used = [one for one in self.columns.values() if one != RowField.IGNORE]
        if not used:
            found.append(MappingFault.NO_COLUMNS)
        elif RowField.AGREED not in used:
            found.append(MappingFault.NO_AGREED_COLUMN)
        if len(set(used)) < len(used):
            found.append(MappingFault.FIELD_TWICE)
        if len({folded(name) for name in self.columns}) < len(self.columns):
            found.append(MappingFault.COLUMN_TWICE)
        if self.yes & self.no:
            found.append(MappingFault.YES_AND_NO)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        agreed = self.agreed_to
        return {
            "columns": [list(column) for column in self.columns.items()],
            "dates": self.dates.value,
            "yes": sorted(self.yes),
            "no": sorted(self.no),
            "needs": {name: code.value for name, code in self.needs.items()},
            "areas": dict(self.areas),
            "area": self.area,
            "priority": self.priority.value,
            "agreed_to": {
                "agencies": sorted(map(str, agreed.agencies)),
                "classes": sorted(agreed.classes),
                "notice": agreed.notice,
                "method": agreed.method.value,
                "months": agreed.months,
                "purpose": agreed.purpose.value,
            },
        }


def from_json(stored: Mapping[str, Any]) -> CsvMapping:
    """Return a stored mapping. Raises MappingError."""
    try:
        agreed = stored["agreed_to"]
        return CsvMapping(
            columns={str(name): field_code(code) for name, code in stored["columns"]},
            dates=DateOrder(stored["dates"]),
            yes=_words(stored["yes"]),
            no=_words(stored["no"]),
            needs={folded(name): NeedCode(code) for name, code in stored["needs"].items()},
            areas={folded(name): str(code) for name, code in stored["areas"].items()},
            area=stored["area"],
            priority=Priority(stored["priority"]),
            agreed_to=AgreedTo(
                agencies=frozenset(map(UUID, agreed["agencies"])),
                classes=frozenset(map(DataClass, agreed["classes"])),
                notice=str(agreed["notice"]),
                method=Method(agreed["method"]),
                months=int(agreed["months"]),
                purpose=Purpose(agreed["purpose"]),
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise MappingError(f"not a mapping: {type(problem).__name__}") from None


def field_code(code: str) -> str:
    """Return a field's code, or `need:` and a need's. Raises ValueError for any other text."""
    if code.startswith(NEED_IF_YES):
        return NEED_IF_YES + NeedCode(code.removeprefix(NEED_IF_YES)).value
    return RowField(code).value


def every_field() -> tuple[str, ...]:
    """Return the codes that a column may have, in the order of a page."""
    return (*(one.value for one in RowField), *(f"{NEED_IF_YES}{need.value}" for need in NeedCode))


def folded(text: str) -> str:
    """Return a spelling as it is compared: case and outer or doubled spaces do not count."""
    return " ".join(text.split()).casefold()


def _words(given: Iterable[str]) -> frozenset[str]:
    return frozenset(folded(str(one)) for one in given)
