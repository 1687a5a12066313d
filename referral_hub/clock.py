"""The only reader of time.

Every rule takes the instant as an argument, so that a decision can be replayed and a test needs no
patching. Ruff bans the other ways to read a clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, in UTC, with microseconds."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds on a clock that never steps; for time-outs and durations only."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Sleep for `seconds` (back-off between polls)."""
    time.sleep(seconds)
