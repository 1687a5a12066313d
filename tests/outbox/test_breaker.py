"""When a destination is left alone, row by row of the reviewed table."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import Delivery, DeliveryOutcome
from referral_hub.outbox.breaker import (
    LONGEST_REST,
    OPENS_AFTER,
    Breaker,
    BreakerState,
    after,
    is_there,
    state_of,
)

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
TABLE = Path(__file__).parents[1] / "tables" / "breaker.csv"
with TABLE.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))
AWAY = DeliveryOutcome(Delivery.TRY_AGAIN, "timeout")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_a_breaker_moves_as_the_table_says(row: dict[str, str]) -> None:
    opened = row["open_seconds_ago"]
    before = Breaker(
        failures=int(row["failures"]),
        opened_at=AT - timedelta(seconds=int(opened)) if opened else None,
        retry_at=AT + timedelta(seconds=int(row["retry_in_seconds"])) if opened else None,
    )
    moved = after(before, DeliveryOutcome(Delivery(row["delivery"]), row["code"]), AT)
    assert moved.failures == int(row["failures_after"])
    assert state_of(moved, AT) is BreakerState(row["state_after"])
    if row["rest_seconds"]:
        assert moved.retry_at == AT + timedelta(seconds=int(row["rest_seconds"]))
        assert moved.last_code == row["code"]


def test_an_open_breaker_lets_one_through_when_its_rest_is_over() -> None:
    breaker = Breaker(5, AT, AT + timedelta(seconds=30))
    assert state_of(breaker, AT + timedelta(seconds=29)) is BreakerState.OPEN
    assert state_of(breaker, AT + timedelta(seconds=30)) is BreakerState.HALF_OPEN


@given(st.integers(min_value=OPENS_AFTER, max_value=200))
def test_a_destination_is_asked_again_within_a_quarter_of_an_hour(failures: int) -> None:
    breaker = Breaker()
    for _ in range(failures):
        breaker = after(breaker, AWAY, AT)
    assert breaker.retry_at is not None
    assert breaker.retry_at - AT <= LONGEST_REST
    assert breaker.opened_at == AT


def test_an_answer_is_an_answer_whatever_it_says() -> None:
    assert is_there(DeliveryOutcome(Delivery.DELIVERED, "http_200"))
    assert is_there(DeliveryOutcome(Delivery.REFUSED, "http_422"))
    assert is_there(AWAY) is False
