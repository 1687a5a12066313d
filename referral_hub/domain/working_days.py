"""Working days of the three nations, and months on a calendar, as clocks count them.

Bank holidays are rules in a reviewed file (`bank_holidays.toml`), so that a clock that runs into a
year that nobody has published yet is right unless a proclamation changes that year. What is
proclaimed later is an administrator's to add, in a file with single days: `with_days`.
"""

from __future__ import annotations

import calendar
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

SATURDAY = 5
DAY = timedelta(days=1)
_RULES = frozenset({"fixed", "easter", "mondays"})
_DAYS = frozenset({"added", "removed"})


class Nation(StrEnum):
    """Whose bank holidays count."""

    ENGLAND_AND_WALES = "england_and_wales"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern_ireland"


@dataclass(frozen=True, slots=True)
class Calendar:
    """A nation's working days: rules, and single days that were added or taken away."""

    nation: Nation
    fixed: tuple[tuple[int, int], ...]
    easter: tuple[int, ...]
    mondays: tuple[tuple[bool, int], ...]
    added: frozenset[date] = frozenset()
    removed: frozenset[date] = frozenset()
    _years: dict[int, frozenset[date]] = field(default_factory=dict, compare=False, repr=False)

    def bank_holidays(self, year: int) -> frozenset[date]:
        """Return the days of `year`, substitute days included."""
        if year not in self._years:
            self._years[year] = self._of(year)
        return self._years[year]

    def is_working_day(self, day: date) -> bool:
        """Whether it is neither at a weekend nor a bank holiday."""
        return day.weekday() < SATURDAY and day not in self.bank_holidays(day.year)

    def next_working_day(self, day: date) -> date:
        """Return the day itself where it is a working day, else the first one after it."""
        while not self.is_working_day(day):
            day += DAY
        return day

    def _of(self, year: int) -> frozenset[date]:
        sunday = easter_sunday(year)
        found = {sunday + offset * DAY for offset in self.easter}
        found |= {_monday(year, month, first=first) for first, month in self.mondays}
        fixed = sorted(date(year, month, day) for month, day in self.fixed)
        found |= {day for day in fixed if day.weekday() < SATURDAY}
        for day in (day for day in fixed if day.weekday() >= SATURDAY):
            substitute = day
            while substitute.weekday() >= SATURDAY or substitute in found:
                substitute += DAY
            found.add(substitute)
        added = {day for day in self.added if day.year == year}
        return frozenset((found | added) - self.removed)


def easter_sunday(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (the anonymous computus of 1876)."""
    golden, century, rest = year % 19, year // 100, year % 100
    leaps, over = divmod(century, 4)
    correction = (8 * century + 13) // 25
    epact = (19 * golden + century - leaps - correction + 15) % 30
    quarter, remains = divmod(rest, 4)
    shift = (golden + 11 * epact) // 319
    weekday = (2 * over + 2 * quarter - remains - epact + shift + 32) % 7
    month = (epact - shift + weekday + 90) // 25
    return date(year, month, (epact - shift + weekday + month + 19) % 32)


@cache
def packaged() -> Mapping[Nation, Calendar]:
    """Return the packaged calendars. Raises ValueError where a nation or a rule is missing."""
    text = files("referral_hub.domain").joinpath("bank_holidays.toml").read_text(encoding="utf-8")
    table = {name: row for name, row in tomllib.loads(text).items() if name != "version"}
    if set(table) != {nation.value for nation in Nation}:
        raise ValueError("bank_holidays.toml: each nation needs exactly one table")
    return MappingProxyType({Nation(name): _calendar(name, row) for name, row in table.items()})


def with_days(calendars: Mapping[Nation, Calendar], text: str) -> Mapping[Nation, Calendar]:
    """Return `calendars` with the single days of an administrator's file.

    Raises ValueError, naming the table and the list and never a value.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise ValueError("the file is not TOML") from None
    unknown = set(table) - {nation.value for nation in Nation}
    if unknown:
        raise ValueError(f"tables must be {', '.join(Nation)}")
    changed = dict(calendars)
    for name, row in table.items():
        if not isinstance(row, dict) or not set(row) <= _DAYS:
            raise ValueError(f"{name}: only the lists added and removed")
        known = changed[Nation(name)]
        changed[Nation(name)] = replace(
            known,
            added=known.added | _dates(name, row, "added"),
            removed=known.removed | _dates(name, row, "removed"),
            _years={},
        )
    return MappingProxyType(changed)


def next_working_day(day: date) -> date:
    """Return the day itself or the first working day after it, in England and Wales."""
    return packaged()[Nation.ENGLAND_AND_WALES].next_working_day(day)


def months_after(day: date, months: int) -> date:
    """Return the corresponding date some months on, or the last day of a month without it."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _monday(year: int, month: int, *, first: bool) -> date:
    if first:
        beginning = date(year, month, 1)
        return beginning + (-beginning.weekday() % 7) * DAY
    end = date(year, month, calendar.monthrange(year, month)[1])
    return end - end.weekday() * DAY


def _calendar(name: str, row: Mapping[str, Any]) -> Calendar:
    if set(row) != _RULES | _DAYS:
        raise ValueError(f"{name}: lists must be {', '.join(sorted(_RULES | _DAYS))}")
    return Calendar(
        nation=Nation(name),
        fixed=tuple(_month_and_day(text) for text in row["fixed"]),
        easter=tuple(row["easter"]),
        mondays=tuple(_first_or_last(text) for text in row["mondays"]),
        added=_dates(name, row, "added"),
        removed=_dates(name, row, "removed"),
    )


def _month_and_day(text: str) -> tuple[int, int]:
    month, _, day = text.partition("-")
    return int(month), int(day)


def _first_or_last(text: str) -> tuple[bool, int]:
    which, _, month = text.partition(" ")
    if which not in {"first", "last"}:
        raise ValueError("mondays: first or last, and the month")
    return which == "first", int(month)


def _dates(name: str, row: Mapping[str, Any], column: str) -> frozenset[date]:
    found: object = row.get(column, [])
    if not isinstance(found, list) or any(type(day) is not date for day in found):
        raise ValueError(f"{name}.{column}: a list of dates such as 2026-06-15")
    return frozenset(day for day in found if isinstance(day, date))
