"""Who sends FHIR is answered within five seconds, whatever keeps the hub waiting: 408 `timeout`.

Two things can: the database, whose statements know the time that is left (`store.patience`), and
the sender, whose body may never arrive whole. A server hands over the request when its head is
there, and reading from a socket has no end of its own, nor would a limit for each piece stop one
byte a second. So one thread of each process ends the reading of sockets whose time is over; what
arrived until then is thrown away. Either way nothing was changed, or the same message again is told
what became of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from socket import SHUT_RD, socket
from time import monotonic

from flask import Flask, g, request
from werkzeug.exceptions import ClientDisconnected

from referral_hub.store import patience

SECONDS = 5.0
_SOCKETS = ("gunicorn.socket", "werkzeug.socket")


def answer_in_time(app: Flask, promised: Callable[[], bool]) -> None:
    """Let each request to which it is `promised` wait for `SECONDS` and no longer."""

    @app.before_request
    def _begin() -> None:
        if promised():
            g.patience = patience.begin(SECONDS)

    @app.teardown_request
    def _end(_error: BaseException | None) -> None:
        begun = g.pop("patience", None)
        if begun is not None:
            patience.end(begun)


@contextmanager
def arriving() -> Iterator[None]:
    """Read the request's body within its time. Raises Overdue where it did not arrive."""
    seconds = patience.require_time()
    found = next((request.environ[name] for name in _SOCKETS if name in request.environ), None)
    if seconds is None or found is None:
        yield
        return
    try:
        with _WATCH.over(found, monotonic() + seconds):
            yield
    except ClientDisconnected:
        patience.require_time()
        raise


class _Watch:
    """The sockets that are being read, and until when. Its thread begins with the first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = count()
        self._read: dict[int, tuple[float, socket]] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, read: socket, until: float) -> Iterator[None]:
        """End the reading of `read` at `until`, on the monotonic clock, unless this ends first."""
        with self._changed:
            number = next(self._numbers)
            self._read[number] = (until, read)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="in-time", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._read.pop(number, None)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = monotonic()
                for number in [one for one, (until, _) in self._read.items() if until <= now]:
                    with suppress(OSError):
                        self._read.pop(number)[1].shutdown(SHUT_RD)
                next_one = min((until for until, _ in self._read.values()), default=None)
                self._changed.wait(None if next_one is None else next_one - now)


_WATCH = _Watch()
