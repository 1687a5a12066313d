"""Working days in England and Wales, and months on a calendar, as statutory clocks count them.

The bank holidays are data. Beyond their last year only weekends are known, so a last day is then
moved too little rather than too much.
"""

from __future__ import annotations

import calendar
import tomllib
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

NATION = "england_and_wales"
SATURDAY = 5


@cache
def bank_holidays() -> frozenset[date]:
    """Return the days of the packaged table. Raises ValueError where one is beyond its end."""
    text = files("referral_hub.domain").joinpath("bank_holidays.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)[NATION]
    days = frozenset(table["days"])
    if any(day > table["until"] for day in days):
        raise ValueError("bank_holidays.toml: a day is later than `until`")
    return days


def is_working_day(day: date) -> bool:
    """Whether it is neither at a weekend nor a bank holiday."""
    return day.weekday() < SATURDAY and day not in bank_holidays()


def next_working_day(day: date) -> date:
    """Return the day itself where it is a working day, else the first one after it."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def months_after(day: date, months: int) -> date:
    """Return the corresponding date some months on, or the last day of a month without it."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
