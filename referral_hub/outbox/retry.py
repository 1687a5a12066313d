"""When to try a delivery again. Pure.

Capped exponential back-off with full jitter keeps many failing deliveries from coming back
together; a recipient's `Retry-After` is honoured when it asks for longer. After `MOST_ATTEMPTS`,
some fifty hours, a person sees it as a dead letter and can replay it.
"""

from __future__ import annotations

from datetime import timedelta

FIRST = timedelta(seconds=5)
CAP = timedelta(hours=4)
LONGEST_RETRY_AFTER = timedelta(hours=24)
MOST_ATTEMPTS = 24


def delay(attempts: int, jitter: float, retry_after: timedelta | None = None) -> timedelta | None:
    """Return how long to wait after `attempts` tries, or None when a person must look.

    `jitter` is uniform in [0, 1). The wait lies between half and all of the capped exponential.
    """
    if attempts < 1 or not 0 <= jitter < 1:
        raise ValueError("attempts count from 1 and jitter lies in [0, 1)")
    if attempts >= MOST_ATTEMPTS:
        return None
    ceiling = min(FIRST * (1 << min(attempts - 1, 20)), CAP)
    wait = ceiling * (0.5 + jitter / 2)
    asked = min(retry_after or timedelta(0), LONGEST_RETRY_AFTER)
    return max(wait, asked)
