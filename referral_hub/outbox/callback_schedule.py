"""When to try a callback again: the schedule that Standard Webhooks recommends, with jitter. Pure.

Ten attempts in a little over three days. Jitter only ever adds, at most a tenth, so that a schedule
that a partner reads in our documentation is the least it gets. What a partner asks for with
Retry-After is honoured when it is longer.
"""

from __future__ import annotations

from datetime import timedelta

WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
MOST_ATTEMPTS = len(WAITS) + 1
LONGEST_RETRY_AFTER = timedelta(hours=24)


def callback_delay(
    attempts: int, jitter: float, retry_after: timedelta | None = None
) -> timedelta | None:
    """Return how long to wait after `attempts` tries, None after the last. `jitter` in [0, 1)."""
    if attempts < 1 or not 0 <= jitter < 1:
        raise ValueError("attempts count from 1 and jitter lies in [0, 1)")
    if attempts >= MOST_ATTEMPTS:
        return None
    wait = WAITS[attempts - 1] * (1 + jitter / 10)
    return max(wait, min(retry_after or timedelta(0), LONGEST_RETRY_AFTER))
