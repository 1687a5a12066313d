"""How a process strikes itself at a chosen moment, without any test code in the product.

A strike is a signal to oneself: SIGKILL, which nothing survives and nothing can clean up after, or
SIGSTOP. Moments are calls of a function of the product, and SQL statements.
"""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.statements import everywhere


@dataclass(frozen=True)
class Strike:
    """`at`: before or after, call or statement. `where`: module:name, or words of the statement.

    `count` says at which of these moments; an empty `where` is any statement.
    """

    at: str
    where: str
    count: int
    signal: int = signal.SIGKILL


def arm(strike: Strike) -> None:
    """Prepare to be struck."""
    moment = _Moment(strike)
    when, _, what = strike.at.partition(" ")
    if what == "call":
        _around_call(strike.where, when, moment)
        return

    def executing(statement: str) -> None:
        if strike.where in statement:
            moment.reached()

    everywhere(when, executing)


def count_statements() -> Callable[[], int]:
    """Count every statement from now on; returns what tells how many there were."""
    seen: list[None] = []
    everywhere("before", lambda _: seen.append(None))
    return lambda: len(seen)


class _Moment:
    def __init__(self, strike: Strike) -> None:
        self._strike = strike
        self._left = strike.count

    def reached(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._strike.signal)


def _around_call(where: str, when: str, moment: _Moment) -> None:
    module_name, _, path = where.partition(":")
    holder: Any = importlib.import_module(module_name)
    *outer, name = path.split(".")
    for part in outer:
        holder = getattr(holder, part)
    original = getattr(holder, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            moment.reached()
        result = original(*arguments, **named)
        if when == "after":
            moment.reached()
        return result

    setattr(holder, name, wrapped)
