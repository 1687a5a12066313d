"""What RQ runs when the bell rings: the worker process's own drain, set when it started.

RQ finds a job by name, so the name is fixed and the argument is a constant word. The work itself is
given by `answer_with`: a process that was not started as a worker answers nothing, and the sweep
delivers instead.
"""

from __future__ import annotations

from collections.abc import Callable


class _Bell:
    """Holds what this worker process does when the bell rings."""

    def __init__(self) -> None:
        self.work: Callable[[], None] | None = None


_BELL = _Bell()


def answer_with(work: Callable[[], None]) -> None:
    """Let this process answer the bell by calling `work`."""
    _BELL.work = work


def answer_bell(what: str) -> None:
    """The RQ job. `what` is the word "outbox"; nothing about any referral travels through Redis."""
    if what == "outbox" and _BELL.work is not None:
        _BELL.work()
