"""When a delivery is tried again: a reviewed table, and properties that hold for every wait."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referral_hub.outbox.retry import CAP, FIRST, LONGEST_RETRY_AFTER, MOST_ATTEMPTS, delay

PROPERTY = settings(max_examples=100, deadline=None)

TABLE = Path(__file__).parents[1] / "tables" / "retry.csv"
ATTEMPTS = st.integers(min_value=1, max_value=MOST_ATTEMPTS - 1)
JITTER = st.floats(min_value=0, max_value=1, exclude_max=True)
ASKED = st.none() | st.timedeltas(timedelta(days=-400), timedelta(days=400))


def _rows() -> list[dict[str, str]]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", [pytest.param(row, id=row["case"]) for row in _rows()])
def test_the_wait_is_the_reviewed_one(row: dict[str, str]) -> None:
    asked = row["retry_after_seconds"]
    retry_after = timedelta(seconds=float(asked)) if asked else None
    expected = row["wait_seconds"]
    wait = delay(int(row["attempts"]), float(row["jitter"]), retry_after)
    assert wait == (None if expected == "person" else timedelta(seconds=float(expected)))


@PROPERTY
@given(ATTEMPTS, JITTER, ASKED)
def test_the_wait_is_never_nothing_and_never_more_than_a_day(
    attempts: int, jitter: float, asked: timedelta | None
) -> None:
    wait = delay(attempts, jitter, asked)
    assert wait is not None
    assert FIRST / 2 <= wait <= max(CAP, LONGEST_RETRY_AFTER)


@PROPERTY
@given(ATTEMPTS, JITTER)
def test_without_a_wish_the_wait_lies_between_half_and_all_of_the_capped_exponential(
    attempts: int, jitter: float
) -> None:
    ceiling = min(FIRST * 2 ** (attempts - 1), CAP)
    wait = delay(attempts, jitter)
    assert wait is not None
    assert ceiling / 2 <= wait <= ceiling


@PROPERTY
@given(ATTEMPTS, JITTER, ASKED)
def test_a_wish_never_shortens_the_wait(
    attempts: int, jitter: float, asked: timedelta | None
) -> None:
    plain, wished = delay(attempts, jitter), delay(attempts, jitter, asked)
    assert plain is not None
    assert wished is not None
    assert wished >= plain


@PROPERTY
@given(JITTER)
def test_a_later_try_never_waits_for_less(jitter: float) -> None:
    waits = [delay(attempts, jitter) or timedelta(0) for attempts in range(1, MOST_ATTEMPTS)]
    assert waits == sorted(waits)


def test_a_delivery_is_tried_for_more_than_a_day_and_less_than_a_week() -> None:
    shortest = sum((delay(n, 0.0) or timedelta(0) for n in range(1, MOST_ATTEMPTS)), timedelta(0))
    assert timedelta(days=1) < shortest < 2 * shortest < timedelta(days=7)


@pytest.mark.parametrize(
    ("attempts", "jitter"), [(0, 0.0), (-1, 0.5), (1, 1.0), (1, -0.1), (1, float("nan"))]
)
def test_senseless_arguments_are_errors(attempts: int, jitter: float) -> None:
    with pytest.raises(ValueError, match="attempts count from 1"):
        delay(attempts, jitter)
