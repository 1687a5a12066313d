"""When records are due, by schedule; the cases stand in a table."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_hub.domain.codes import AgencyKind
from referral_hub.domain.retention import (
    Schedule,
    later,
    review_day,
    schedule_for,
    shortest,
    terms,
)

TABLE = Path(__file__).parents[1] / "tables" / "retention.csv"


def _rows() -> list[dict[str, str]]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"{row['schedule']}: {row['why']}")
def test_a_record_is_due_on_the_day_that_its_schedule_says(row: dict[str, str]) -> None:
    minor_until = date.fromisoformat(row["minor_until"]) if row["minor_until"] else None
    closed = date.fromisoformat(row["closed"])
    found = review_day(Schedule(row["schedule"]), closed, minor_until=minor_until)
    assert found == date.fromisoformat(row["review"])


def test_every_schedule_has_a_case_and_its_seeded_years() -> None:
    assert {row["schedule"] for row in _rows()} == {code.value for code in Schedule}
    assert {code: row.years for code, row in terms().items()} == {
        Schedule.ADULT_HEALTH: 8,
        Schedule.ADULT_SOCIAL_CARE: 8,
        Schedule.CHILDREN: 8,
        Schedule.MENTAL_HEALTH: 20,
    }
    assert terms()[Schedule.CHILDREN].birthday == 25


@pytest.mark.parametrize("kind", AgencyKind)
def test_every_kind_of_agency_has_a_schedule_and_a_child_has_its_own(kind: AgencyKind) -> None:
    adult = Schedule.ADULT_HEALTH if kind is AgencyKind.GP_PRACTICE else Schedule.ADULT_SOCIAL_CARE
    assert schedule_for(kind, child=False) is adult
    assert schedule_for(kind, child=True) is Schedule.CHILDREN


@given(
    st.sampled_from(Schedule), st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.none() | st.dates(
        date(1990, 1, 1), date(2100, 1, 1))
)  # fmt: skip
def test_nothing_is_due_before_the_shortest_time_and_a_child_never_before_an_adult(
    schedule: Schedule, closed: date, minor_until: date | None
) -> None:
    found = review_day(schedule, closed, minor_until=minor_until)
    assert found >= later(closed, shortest())
    assert found >= review_day(schedule, closed)
