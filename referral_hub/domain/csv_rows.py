"""What one row of an agency's file says, by its mapping: an outcome, our fields, or what to put
right.

Pure. A row without a yes is left out and nothing of it is kept: it is about somebody who agreed to
nothing. A yes with everything that a referral needs is a referral. A yes with something missing is
staged for the agency's own staff. A cell that cannot be what its column says sends the row back,
with the column and how to put it right. The pages of `RowRead` are those of the referral's form, so
that whoever completes a staged row types nothing twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from referral_hub.domain.codes import NeedCode
from referral_hub.domain.csv_mapping import NEED_IF_YES, CsvMapping, DateOrder, RowField, folded
from referral_hub.domain.csv_wishes import WISHES, read_wish, wishes_of, wishes_page
from referral_hub.domain.nhs_number import InvalidNhsNumber, NhsNumber, parse_nhs_number
from referral_hub.domain.staging import WaitsBecause
from referral_hub.domain.wishes import wish_faults

OLDEST_YEARS = 125
_PARTS = re.compile(r"(\d{1,4})[/\-. ](\d{1,2})[/\-. ](\d{1,4})(?:[T ]00:00(?::00)?)?", re.ASCII)
_SPLIT = re.compile(r"[;,|/ ]+")
_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][A-Z]{2})")
_PHONE = re.compile(r"\+?[0-9][0-9 ()-]{8,18}[0-9]")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_REFUSED = frozenset({"Cc", "Cs", "Cn"})
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LONGEST = {
    RowField.REFERENCE: 60,
    RowField.FIRST_NAME: 100,
    RowField.FAMILY_NAME: 100,
    RowField.ADDRESS: 300,
    RowField.WHY: 300,
    RowField.TASK_NOTE: 500,
    RowField.EMAIL: 254,
}
_PARAGRAPHS = frozenset({RowField.ADDRESS, RowField.TASK_NOTE})


class RowOutcome(StrEnum):
    """What becomes of a row."""

    REFERRAL = "referral"
    STAGED = "staged"
    LEFT_OUT = "left_out"
    REPEATED = "repeated"
    RETURNED = "returned"


class CellFault(StrEnum):
    """What a cell cannot be. The words, and how to put it right, stand in the labels' table."""

    YES_NO = "yes_no"
    DATE = "date"
    FUTURE = "future"
    TOO_OLD = "too_old"
    NHS_NUMBER = "nhs_number"
    AREA = "area"
    NEEDS = "needs"
    POSTCODE = "postcode"
    PHONE = "phone"
    EMAIL = "email"
    LANGUAGE = "language"
    TOO_LONG = "too_long"
    CHARACTER = "character"
    NOT_SEEN = "not_seen"
    CODES = "codes"
    AGENCIES = "agencies"
    DAYS = "days"
    FIRST_AND_NEVER = "first_and_never"
    PROTECTED = "protected"
    NO_COMPANY = "no_company"
    SO_AND_NOT = "so_and_not"
    NOT_ESSENTIAL = "not_essential"
    OTHER_TASK = "other_task"


@dataclass(frozen=True, slots=True)
class Places:
    """Today in London, the areas that the hub knows, by code, and its agencies, by name."""

    today: date
    areas: Mapping[str, str]
    agencies: Mapping[str, UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class RowRead:
    """What a row says. `values` are our fields, typed; `faults` are (column, code)."""

    outcome: RowOutcome
    values: Mapping[str, Any] = field(default_factory=dict)
    why: WaitsBecause | None = None
    faults: tuple[tuple[str, CellFault], ...] = ()

    def __repr__(self) -> str:
        return f"<RowRead {self.outcome.value}>"


def read_row(cells: Mapping[str, str], mapping: CsvMapping, places: Places) -> RowRead:
    """Return what the row says; `cells` are by the mapping's own column names."""
    agreed = _Reader(mapping, places)
    for column, code in mapping.columns.items():
        if code == RowField.AGREED:
            agreed.read(column, code, cells.get(column, ""))
    if not agreed.faults and not agreed.values.get(RowField.AGREED):
        return RowRead(RowOutcome.LEFT_OUT)
    reader = _Reader(mapping, places)
    for column, code in mapping.columns.items():
        if code != RowField.IGNORE:
            reader.read(column, code, cells.get(column, ""))
    values = reader.values
    if values.get(RowField.SEEN) is False:
        seen = next(name for name, code in mapping.columns.items() if code == RowField.SEEN)
        reader.faults.append((seen, CellFault.NOT_SEEN))
    reader.faults += _not_meant(values, mapping)
    if reader.faults:
        return RowRead(RowOutcome.RETURNED, faults=tuple(reader.faults))
    if RowField.AREA not in values and mapping.area:
        values[RowField.AREA] = mapping.area
    why = _waits(values, mapping)
    return RowRead(RowOutcome.STAGED if why else RowOutcome.REFERRAL, values, why)


def pages_of(values: Mapping[str, Any], mapping: CsvMapping) -> dict[str, dict[str, Any]]:
    """Return the referral's pages, as a form would have them, filled in with what a row says."""
    born: date | None = values.get(RowField.DATE_OF_BIRTH)
    parts = (("day", born.day), ("month", born.month), ("year", born.year)) if born else ()
    agreed = mapping.agreed_to
    pages: dict[str, dict[str, Any]] = {
        "person": {
            **_texts(values, "first_name", "family_name", "nhs_number"),
            **{f"date_of_birth-{name}": str(value) for name, value in parts},
        },
        "address": _texts(values, "area", "address", "postcode"),
        "contact": {**_texts(values, "phone", "email"), "contact_note": ""},
        "access": {"language": values.get(RowField.LANGUAGE, "en"), "access_note": ""},
        "needs": {"needs": sorted(values.get(RowField.NEEDS, ()))},
        "why": {**_texts(values, "why", "task_note"), "priority": mapping.priority.value},
        "agreement": {"agreed": "yes", "notice": agreed.notice},
    }
    if said := wishes_page(wishes_of(values)):
        pages["recipients"] = said
    if agreed.complete:
        pages["sharing"] = {
            "agencies": sorted(map(str, agreed.agencies)),
            "classes": sorted(agreed.classes),
        }
        pages["taken"] = {"method": agreed.method.value, "given_by": "self"}
        pages["terms"] = {"service": "yes", "until": _MONTHS.get(agreed.months, "6_months")}
    return pages


_MONTHS = {3: "3_months", 6: "6_months", 12: "12_months"}


def _texts(values: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {name: str(values.get(name) or "") for name in names}


def _waits(values: Mapping[str, Any], mapping: CsvMapping) -> WaitsBecause | None:
    if not mapping.agreed_to.complete:
        return WaitsBecause.AGREEMENT_UNCLEAR
    named = (RowField.FIRST_NAME, RowField.FAMILY_NAME, RowField.DATE_OF_BIRTH, RowField.AREA)
    if not all(values.get(name) for name in named):
        return WaitsBecause.PERSON_INCOMPLETE
    if not values.get(RowField.NEEDS) or not values.get(RowField.WHY):
        return WaitsBecause.NEEDS_MISSING
    return None


class _Reader:
    """Reads the cells of one row and notes what cannot be read."""

    def __init__(self, mapping: CsvMapping, places: Places) -> None:
        self._mapping, self._places = mapping, places
        self.values: dict[str, Any] = {}
        self.faults: list[tuple[str, CellFault]] = []

    def read(self, column: str, code: str, cell: str) -> None:
        """Read one cell; a blank one says nothing."""
        given = _tidy(cell, lines=code in _PARAGRAPHS)
        if not given:
            return
        if any(unicodedata.category(c) in _REFUSED or c in _BIDI for c in given if c != "\n"):
            self.faults.append((column, CellFault.CHARACTER))
            return
        try:
            if code.startswith(NEED_IF_YES):
                self._flag(code.removeprefix(NEED_IF_YES), given)
            else:
                self._plain(RowField(code), given)
        except _UnreadableError as problem:
            self.faults.append((column, problem.fault))

    def _flag(self, need: str, given: str) -> None:
        if self._yes(given):
            self._need(NeedCode(need))

    def _plain(self, code: RowField, given: str) -> None:
        if code is RowField.NEEDS:
            for word in self._needs(given):
                self._need(word)
            return
        if code in _LONGEST and len(given) > _LONGEST[code]:
            raise _UnreadableError(CellFault.TOO_LONG)
        read: Mapping[RowField, Callable[[str], object]] = {
            RowField.AGREED: self._yes,
            RowField.SEEN: self._yes,
            RowField.VISIT_DATE: self._day,
            RowField.DATE_OF_BIRTH: self._day,
            RowField.NHS_NUMBER: _nhs_number,
            RowField.AREA: self._area,
            RowField.LANGUAGE: self._language,
            RowField.POSTCODE: _postcode,
            RowField.PHONE: _phone,
            RowField.EMAIL: _email,
            **dict.fromkeys(WISHES, partial(self._wish, code)),
            RowField.FIRST: self._agencies,
            RowField.NEVER: self._agencies,
        }
        self.values[code] = read[code](given) if code in read else given

    def _need(self, need: NeedCode) -> None:
        self.values.setdefault(RowField.NEEDS, set()).add(need)

    def _yes(self, given: str) -> bool:
        word = folded(given)
        if word in self._mapping.yes:
            return True
        if word in self._mapping.no:
            return False
        raise _UnreadableError(CellFault.YES_NO)

    def _needs(self, given: str) -> list[NeedCode]:
        spelled = self._mapping.needs
        whole = spelled.get(folded(given))
        if whole:
            return [whole]
        found = []
        for word in filter(None, _SPLIT.split(given)):
            need = spelled.get(folded(word)) or _NEEDS.get(folded(word))
            if need is None:
                raise _UnreadableError(CellFault.NEEDS)
            found.append(need)
        return found

    def _area(self, given: str) -> str:
        known, word = self._places.areas, folded(given)
        code = self._mapping.areas.get(word)
        if code in known:
            return str(code)
        for area, name in known.items():
            if word in {folded(area), folded(name)}:
                return area
        raise _UnreadableError(CellFault.AREA)

    def _wish(self, code: RowField, given: str) -> object:
        found = read_wish(code, [folded(word) for word in _SPLIT.split(given) if word])
        if found is None:
            days = code is RowField.DAYS
            raise _UnreadableError(CellFault.DAYS if days else CellFault.CODES)
        return found

    def _agencies(self, given: str) -> frozenset[UUID]:
        known = {folded(name): agency for name, agency in self._places.agencies.items()}
        known |= {str(agency): agency for agency in self._places.agencies.values()}
        found = [known.get(folded(one)) for one in given.split(";") if one.strip()]
        if None in found:
            raise _UnreadableError(CellFault.AGENCIES)
        return frozenset(one for one in found if one is not None)

    def _language(self, given: str) -> str:
        if not _LANGUAGE.fullmatch(given.casefold()):
            raise _UnreadableError(CellFault.LANGUAGE)
        return given.casefold()

    def _day(self, given: str) -> date:
        day = _read_date(given, self._mapping.dates)
        if day is None:
            raise _UnreadableError(CellFault.DATE)
        if day > self._places.today:
            raise _UnreadableError(CellFault.FUTURE)
        if self._places.today.year - day.year > OLDEST_YEARS:
            raise _UnreadableError(CellFault.TOO_OLD)
        return day


class _UnreadableError(Exception):
    def __init__(self, fault: CellFault) -> None:
        self.fault = fault
        super().__init__(fault.value)


_NEEDS = {code.value: code for code in NeedCode}


def _not_meant(values: Mapping[str, Any], mapping: CsvMapping) -> list[tuple[str, CellFault]]:
    """What cannot be meant together, each with the column that says it."""
    columns = {code: name for name, code in mapping.columns.items()}
    return [
        (columns[name], CellFault(fault.value))
        for name, fault in wish_faults(wishes_of(values), values.get(RowField.NEEDS, ()))
    ]


def _tidy(cell: str, *, lines: bool) -> str:
    text = unicodedata.normalize("NFC", cell) if not cell.isascii() else cell
    if not lines:
        return " ".join(text.split())
    return "\n".join(" ".join(one.split()) for one in text.splitlines()).strip()


def _read_date(given: str, order: DateOrder) -> date | None:
    found = _PARTS.fullmatch(given)
    if found is None:
        return None
    numbers = dict(zip(_ORDERS[order], found.groups(), strict=True))
    if len(found[1]) == 4:
        numbers = dict(zip("ymd", found.groups(), strict=True))
    if len(numbers["y"]) != 4:
        return None
    try:
        return date(int(numbers["y"]), int(numbers["m"]), int(numbers["d"]))
    except ValueError:
        return None


_ORDERS = {order: order.value for order in DateOrder}


def _nhs_number(given: str) -> NhsNumber:
    try:
        return parse_nhs_number(given)
    except InvalidNhsNumber:
        raise _UnreadableError(CellFault.NHS_NUMBER) from None


def _postcode(given: str) -> str:
    found = _POSTCODE.fullmatch(given.upper())
    if found is None:
        raise _UnreadableError(CellFault.POSTCODE)
    return f"{found[1]} {found[2]}"


def _phone(given: str) -> str:
    if not _PHONE.fullmatch(given):
        raise _UnreadableError(CellFault.PHONE)
    return given


def _email(given: str) -> str:
    if not _EMAIL.fullmatch(given):
        raise _UnreadableError(CellFault.EMAIL)
    return given
