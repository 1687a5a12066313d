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
from referral_hub.domain.working_days import Nation, packaged

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
    assert packaged()[Nation.ENGLAND_AND_WALES].is_working_day(last)
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
