"""How long this request may still wait for the database; nothing is said for most of them.

A door that promises an answer by a certain time (`web.in_time`) says so once, and everything that
goes to the database asks here: a statement is not begun when the time is over, and one that runs is
cancelled. What was cancelled has changed nothing; where even that is not known, because the
connection was lost, the same request again finds what became of it by its key.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from time import monotonic

from referral_hub.errors import Overdue

__all__ = ["Begun", "begin", "end", "left", "require_time"]

Begun = Token[float | None]
_until: ContextVar[float | None] = ContextVar("patience_until", default=None)


def begin(seconds: float) -> Begun:
    """Let this request wait for `seconds` from now; `end` takes what is returned."""
    return _until.set(monotonic() + seconds)


def end(begun: Begun) -> None:
    """Let it wait for as long as it takes again."""
    _until.reset(begun)


def left() -> float | None:
    """Return the seconds that are left, below zero when they are over; None without a limit."""
    until = _until.get()
    return None if until is None else until - monotonic()


def require_time() -> float | None:
    """Return the seconds that are left. Raises Overdue when there are none."""
    seconds = left()
    if seconds is not None and seconds <= 0:
        raise Overdue
    return seconds
