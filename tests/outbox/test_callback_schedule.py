"""Ten attempts in a little over three days, as Standard Webhooks recommends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_hub.outbox.callback_schedule import (
    LONGEST_RETRY_AFTER,
    MOST_ATTEMPTS,
    WAITS,
    callback_delay,
)

HOURS = timedelta(hours=1)


def test_ten_attempts_take_seventy_five_hours_and_at_most_a_tenth_more() -> None:
    assert MOST_ATTEMPTS == 10
    least = [callback_delay(n, 0) for n in range(1, MOST_ATTEMPTS)]
    assert sum(filter(None, least), timedelta()) == 75 * HOURS + timedelta(minutes=35, seconds=5)
    most = [callback_delay(n, 0.999) for n in range(1, MOST_ATTEMPTS)]
    assert sum(filter(None, most), timedelta()) < 84 * HOURS


def test_after_the_tenth_a_person_sees_it() -> None:
    assert callback_delay(10, 0) is None
    assert callback_delay(10, 0.5, timedelta(seconds=1)) is None
    assert callback_delay(99, 0) is None


@given(st.integers(1, 9), st.floats(0, 1, exclude_max=True), st.integers(-5, 10**7))
def test_what_a_partner_asks_for_only_ever_makes_it_later(
    attempts: int, jitter: float, asked: int
) -> None:
    wait = callback_delay(attempts, jitter, timedelta(seconds=asked))
    assert wait is not None
    assert wait >= WAITS[attempts - 1]
    assert wait <= max(WAITS[attempts - 1] * 1.1, LONGEST_RETRY_AFTER)


@pytest.mark.parametrize(("attempts", "jitter"), [(0, 0), (1, 1), (1, -0.1)])
def test_nonsense_is_refused(attempts: int, jitter: float) -> None:
    with pytest.raises(ValueError, match="attempts"):
        callback_delay(attempts, jitter)
