"""Bank holidays against the published ones, and time that counts in working hours alone."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_hub.domain.working_days import (
    Nation,
    easter_sunday,
    months_after,
    next_working_day,
    packaged,
    with_days,
)
from referral_hub.domain.working_hours import LONDON, NOTHING, Hours

TABLE = Path(__file__).parents[1] / "tables" / "bank_holidays.csv"
NATIONS = st.sampled_from(Nation)
DAYS = st.dates(date(2024, 1, 1), date(2060, 12, 31))
SPANS = st.integers(0, 60 * 100).map(lambda minutes: timedelta(minutes=minutes))
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2050, 1, 1)).map(  # noqa: DTZ001 - made aware
    lambda at: at.replace(tzinfo=UTC)
)


def _published() -> list[tuple[Nation, int, frozenset[date]]]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    keyed = sorted((row["nation"], date.fromisoformat(row["date"])) for row in rows)
    return [
        (Nation(nation), year, frozenset(day for _, day in days))
        for (nation, year), days in groupby(keyed, key=lambda row: (row[0], row[1].year))
    ]


def hours(nation: Nation = Nation.ENGLAND_AND_WALES) -> Hours:
    return Hours(packaged()[nation], time(9), time(17))


@pytest.mark.parametrize(
    ("nation", "year", "days"),
    [pytest.param(*row, id=f"{row[0]}-{row[1]}") for row in _published()],
)
def test_the_rules_give_exactly_the_published_bank_holidays(
    nation: Nation, year: int, days: frozenset[date]
) -> None:
    assert packaged()[nation].bank_holidays(year) == days


def test_every_nation_is_published_for_four_years() -> None:
    assert [(n, y) for n, y, _ in _published()] == [
        (n, y) for n in sorted(Nation) for y in range(2024, 2028)
    ]


def test_easter_falls_where_the_tables_of_the_prayer_book_say() -> None:
    known = ["2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16", "2029-04-01"]
    known += ["2030-04-21", "2035-03-25", "2038-04-25", "2049-04-18", "2050-04-10"]
    for day in map(date.fromisoformat, known):
        assert easter_sunday(day.year) == day


@given(NATIONS, st.integers(2024, 2150))
def test_every_year_has_its_number_of_bank_holidays_and_none_at_a_weekend(
    nation: Nation, year: int
) -> None:
    known = packaged()[nation]
    days = known.bank_holidays(year) - known.added
    assert len(days) == {"england_and_wales": 8, "scotland": 9, "northern_ireland": 10}[nation]
    assert all(day.weekday() < 5 for day in days)


@given(NATIONS, DAYS)
def test_the_next_working_day_is_the_first_one(nation: Nation, day: date) -> None:
    known = packaged()[nation]
    found = known.next_working_day(day)
    assert known.is_working_day(found)
    between = [day + timedelta(days=n) for n in range((found - day).days)]
    assert not any(known.is_working_day(one) for one in between)
    assert (found - day).days <= 5


def test_statutory_clocks_count_the_days_of_england_and_wales() -> None:
    assert next_working_day(date(2026, 4, 3)) == date(2026, 4, 7)
    assert next_working_day(date(2026, 6, 15)) == date(2026, 6, 15)


@given(DAYS, st.integers(0, 36))
def test_months_later_is_the_same_date_or_the_last_of_a_shorter_month(
    day: date, months: int
) -> None:
    found = months_after(day, months)
    assert (found.year - day.year) * 12 + found.month - day.month == months
    assert found.day == day.day or (
        found.day < day.day and (found + timedelta(days=1)).month != found.month
    )


def test_an_administrators_file_adds_and_takes_away_single_days() -> None:
    text = "[scotland]\nadded = [2026-12-01]\nremoved = [2026-11-30]\n"
    changed = with_days(packaged(), text)
    assert not changed[Nation.SCOTLAND].is_working_day(date(2026, 12, 1))
    assert changed[Nation.SCOTLAND].is_working_day(date(2026, 11, 30))
    assert not packaged()[Nation.SCOTLAND].is_working_day(date(2026, 11, 30))
    assert changed[Nation.NORTHERN_IRELAND] == packaged()[Nation.NORTHERN_IRELAND]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("added = [", "not TOML"),
        ("[wales]\nadded = []", "tables must be"),
        ("[scotland]\nfixed = []", "only the lists"),
        ("[scotland]\nadded = ['1 May']", "scotland.added"),
        ("[scotland]\nadded = 2026-05-01", "scotland.added"),
        ("[scotland]\nremoved = [2026-05-01T10:00:00]", "scotland.removed"),
    ],
)
def test_a_file_that_cannot_be_read_says_which_list(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        with_days(packaged(), text)


@given(NATIONS, INSTANTS, SPANS)
def test_working_time_lies_in_hours_and_measures_what_it_was_given(
    nation: Nation, start: datetime, span: timedelta
) -> None:
    known = hours(nation)
    found = known.after(start, span)
    local = found.astimezone(LONDON)
    assert known.calendar.is_working_day(local.date())
    assert time(9) <= local.time() <= time(17)
    assert found >= start
    assert known.between(start, found) == span


@given(NATIONS, INSTANTS, SPANS, SPANS)
def test_working_time_is_monotone_and_adds_up(
    nation: Nation, start: datetime, one: timedelta, more: timedelta
) -> None:
    known = hours(nation)
    middle, end = known.after(start, one), known.after(start, one + more)
    assert middle <= end
    assert known.between(middle, end) == more
    assert known.between(end, start) == NOTHING


@given(NATIONS, INSTANTS, st.integers(1, 30))
def test_whole_days_keep_the_hour_on_both_sides_of_a_change_of_the_clocks(
    nation: Nation, start: datetime, days: int
) -> None:
    known = hours(nation)
    begun = known.after(start, NOTHING).astimezone(LONDON)
    found = known.after(start, days * known.length).astimezone(LONDON)
    same = begun.time() == found.time()
    assert same or (begun.time() == time(9) and found.time() == time(17))


@pytest.mark.parametrize(
    ("start", "hours_later", "end"),
    [
        ("2026-03-27T16:00+00:00", 2, "2026-03-30T09:00+00:00"),  # ten o'clock in summer time
        ("2026-10-23T16:00+01:00", 2, "2026-10-26T10:00+00:00"),
        ("2026-03-29T00:30+00:00", 1, "2026-03-30T09:00+00:00"),  # in the night of the change
    ],
)
def test_a_change_of_the_clocks_neither_adds_an_hour_nor_takes_one(
    start: str, hours_later: int, end: str
) -> None:
    found = hours().after(datetime.fromisoformat(start), timedelta(hours=hours_later))
    assert found == datetime.fromisoformat(end)
