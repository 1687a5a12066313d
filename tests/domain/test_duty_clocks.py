"""How long an agency has, case by case from a table, and what must hold for any history."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_hub.domain.duty_clocks import LONDON, Happened, clock, end_of, local_day, terms
from referral_hub.domain.matters import (
    ClockState,
    MatterEvent,
    MatterKind,
    MatterState,
    advance,
    possible,
)
from referral_hub.domain.working_days import (
    bank_holidays,
    is_working_day,
    months_after,
    next_working_day,
)

TABLE = Path(__file__).parents[1] / "tables" / "duty_clocks.csv"
DAYS = st.dates(date(2024, 1, 1), date(2028, 10, 1))
BEGINNINGS = {
    MatterKind.ACCESS_REQUEST: MatterState.RECEIVED,
    MatterKind.BREACH: MatterState.SUSPECTED,
    MatterKind.COMPLAINT: MatterState.RECEIVED,
}


def _rows() -> list[dict[str, str]]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _at(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=LONDON)


def _history(row: dict[str, str]) -> list[Happened]:
    kind, steps = MatterKind(row["kind"]), row["steps"].split()
    began, _, at = steps[0].partition("@")
    state = MatterState(began)
    found = [Happened(MatterEvent.RECORD, state, _at(at))]
    for step in steps[1:]:
        event, _, at = step.partition("@")
        state = advance(kind, state, MatterEvent(event))
        found.append(Happened(MatterEvent(event), state, _at(at)))
    return found


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"{row['kind']}: {row['why']}")
def test_a_clock_stands_where_the_reviewed_table_says(row: dict[str, str]) -> None:
    found = clock(MatterKind(row["kind"]), _history(row))
    assert found.state == row["clock"]
    assert found.paused_days == int(row["paused"])
    assert found.due_at == (datetime.fromisoformat(row["due"]) if row["due"] else None)


def test_every_step_that_moves_a_clock_has_a_case() -> None:
    told = {
        (row["kind"], step.partition("@")[0]) for row in _rows() for step in row["steps"].split()
    }
    for kind, rule in terms().items():
        moving = rule.restarts | rule.pauses | rule.resumes | rule.extends | rule.stops
        assert {(kind.value, event.value) for event in moving} <= told


def test_a_clock_without_a_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="began"):
        clock(MatterKind.BREACH, [])


@given(st.sampled_from([MatterKind.ACCESS_REQUEST, MatterKind.COMPLAINT]), DAYS)
def test_a_last_day_is_a_working_day_after_receipt(kind: MatterKind, day: date) -> None:
    began = [Happened(MatterEvent.RECORD, BEGINNINGS[kind], end_of(day))]
    due = clock(kind, began).due_at
    assert due is not None
    last = local_day(due)
    assert is_working_day(last)
    assert day + timedelta(days=28) <= last <= day + timedelta(days=36)
    assert due.tzinfo is UTC


@given(DAYS, st.integers(0, 40), st.integers(0, 40))
def test_waiting_longer_for_an_answer_never_shortens_the_time(
    day: date, short: int, longer: int
) -> None:
    def due(waited: int) -> datetime:
        at = end_of(day)
        steps = [
            Happened(MatterEvent.RECORD, MatterState.RECEIVED, at),
            Happened(MatterEvent.ASK_CLARIFICATION, MatterState.CLARIFICATION_ASKED, at),
            Happened(MatterEvent.CLARIFY, MatterState.BEING_PREPARED, at + timedelta(days=waited)),
        ]
        found = clock(MatterKind.ACCESS_REQUEST, steps).due_at
        assert found is not None
        return found

    short, longer = sorted((short, longer))
    assert due(short) <= due(longer)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 1)))  # noqa: DTZ001 - made aware next
def test_a_breach_has_exactly_72_elapsed_hours(at: datetime) -> None:
    began = at.replace(tzinfo=LONDON).astimezone(UTC)
    found = clock(MatterKind.BREACH, [Happened(MatterEvent.RECORD, MatterState.SUSPECTED, began)])
    assert found.due_at == began + timedelta(hours=72)
    assert not found.overdue(began + timedelta(hours=72))
    assert found.overdue(began + timedelta(hours=72, microseconds=1))


@given(st.sampled_from(MatterKind), st.data())
def test_whatever_happens_a_clock_that_stopped_stays_stopped(
    kind: MatterKind, data: st.DataObject
) -> None:
    at = datetime(2026, 6, 1, 9, tzinfo=UTC)
    state, steps = BEGINNINGS[kind], [Happened(MatterEvent.RECORD, BEGINNINGS[kind], at)]
    stopped = False
    for day in range(1, 9):
        if not (choices := possible(kind, state)):
            break
        event = data.draw(st.sampled_from(choices))
        state = advance(kind, state, event)
        steps.append(Happened(event, state, at + timedelta(days=day)))
        found = clock(kind, steps)
        stopped = stopped or event in terms()[kind].stops
        assert (found.state is ClockState.STOPPED) is stopped
        assert (found.due_at is None) is (
            found.state in {ClockState.PAUSED, ClockState.NOT_STARTED}
        )


# The calendar


def _easter(year: int) -> date:
    """Anonymous Gregorian computus (Meeus, Jones and Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (a + 11 * h) // 319
    r = (2 * e + 2 * i - k - h + m + 32) % 7
    month = (h - m + r + 90) // 25
    return date(year, month, (h - m + r + month + 19) % 32)


@pytest.mark.parametrize("year", range(2024, 2029))
def test_each_year_has_its_eight_bank_holidays_on_weekdays(year: int) -> None:
    days = sorted(day for day in bank_holidays() if day.year == year)
    assert len(days) == 8
    assert all(day.weekday() < 5 for day in days)
    easter = _easter(year)
    assert {easter - timedelta(days=2), easter + timedelta(days=1)} <= set(days)
    mondays = [day for day in days if day.month in {5, 8}]
    assert [day.weekday() for day in mondays] == [0, 0, 0]
    assert (mondays[0].day, mondays[1].day > 24, mondays[2].day > 24) == (
        min(d for d in range(1, 8) if date(year, 5, d).weekday() == 0), True, True
    )  # fmt: skip


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_the_next_working_day_is_the_first_one(day: date) -> None:
    found = next_working_day(day)
    assert is_working_day(found)
    between = [day + timedelta(days=n) for n in range((found - day).days)]
    assert not any(is_working_day(one) for one in between)


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)), st.integers(0, 36))
def test_months_later_is_the_same_date_or_the_last_of_a_shorter_month(
    day: date, months: int
) -> None:
    found = months_after(day, months)
    assert (found.year - day.year) * 12 + found.month - day.month == months
    assert found.day == day.day or (
        found.day < day.day and (found + timedelta(days=1)).month != found.month
    )
