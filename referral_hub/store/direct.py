"""Statements that are whole transactions, prepared once and handed straight to libpq.

Accepting a referral is a session look-up, one read and one write. On that path a general engine
spends more on a statement than the statement's own work: it compiles, adapts each value, makes a
result with its own row class. A `Link` sends the bytes of `store.wire` and returns the bytes of the
answer. It runs as `hub_app` with the options of the other connections (`store.engine`), in
autocommit, and knows no transactions: whatever needs several statements goes through the engine.

Where the request has a time to be answered in (`store.patience`), a statement is waited for until
then, and cancelled.
"""

from __future__ import annotations

import select
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from time import monotonic
from typing import Any

import psycopg
from psycopg import pq

from referral_hub.errors import Overdue, ServiceUnavailable
from referral_hub.store import patience

__all__ = ["Link", "Links", "Values", "without_details"]

Values = tuple[bytes | None, ...]

_MOST_PREPARED = 200
_PATIENCE_SECONDS = 10.0
_CANCEL_SECONDS = 1.0
_CANCELLED = "57014"
_BINARY = 1
_ANSWERED = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class Link:
    """One connection with its prepared statements; used by one thread at a time."""

    __slots__ = ("_connection", "_prepared", "_wire")

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._wire = connection.pgconn
        self._prepared: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return "<Link>"

    def run(self, statement: str, parameters: Sequence[bytes | None]) -> list[Values]:
        """Return the rows of `statement`, values in PostgreSQL's binary format.

        `parameters` are in that format too, for `$1`, `$2`, … Raises psycopg.Error, which holds
        no value of a row, and Overdue.
        """
        name = self._prepared.get(statement) or self._prepare(statement)
        sent: Sequence[Any] = parameters
        asked = (name, sent, _formats(len(sent)), _BINARY)
        seconds = patience.require_time()
        if seconds is None:
            result = self._wire.exec_prepared(*asked)
        else:
            result = self._within(seconds, partial(self._wire.send_query_prepared, *asked))
        if result.status not in _ANSWERED:
            raise self._fault(result)
        columns = range(result.nfields)
        return [
            tuple([result.get_value(row, column) for column in columns])
            for row in range(result.ntuples)
        ]

    @property
    def usable(self) -> bool:
        """Whether the connection still stands."""
        return self._wire.status == pq.ConnStatus.OK

    @property
    def in_transaction(self) -> bool:
        """Whether the server waits for the end of a transaction."""
        return self._wire.transaction_status != pq.TransactionStatus.IDLE

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _within(self, seconds: float, send: Callable[[], None]) -> Any:
        """Send something, cancel it after `seconds`, and lose the connection if that fails."""
        send()
        while self._wire.flush():
            self._await(seconds, select.POLLOUT)
        if not self._answered(seconds):
            self._wire.get_cancel().cancel()
            if not self._answered(_CANCEL_SECONDS):
                self._connection.close()
                raise Overdue
        result = self._wire.get_result()
        while self._wire.get_result() is not None:
            pass
        if result is None or result.error_field(pq.DiagnosticField.SQLSTATE) == _CANCELLED.encode():
            raise Overdue
        return result

    def _answered(self, seconds: float) -> bool:
        """Wait until the whole answer is here; False when it is not within `seconds`."""
        until = monotonic() + seconds
        while self._wire.is_busy():
            if not self._await(until - monotonic(), select.POLLIN):
                return False
            self._wire.consume_input()
        return True

    def _await(self, seconds: float, wanted: int) -> bool:
        poll = select.poll()
        poll.register(self._wire.socket, wanted)
        return bool(poll.poll(max(0.0, seconds) * 1000))

    def _prepare(self, statement: str) -> bytes:
        if len(self._prepared) >= _MOST_PREPARED:
            self._wire.exec_(b"DEALLOCATE ALL")
            self._prepared.clear()
        name = f"hub_{len(self._prepared)}".encode()
        seconds = patience.require_time()  # reading a statement waits for locks as well
        if seconds is None:
            result = self._wire.prepare(name, statement.encode())
        else:
            send = partial(self._wire.send_prepare, name, statement.encode())
            result = self._within(seconds, send)
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise self._fault(result)
        self._prepared[statement] = name
        return name

    def _fault(self, result: Any) -> psycopg.Error:
        error = psycopg.errors.error_from_result(result)
        if not self.usable and not isinstance(error, psycopg.OperationalError):
            error = psycopg.OperationalError("the connection was lost")
        return without_details(error)


class Links:
    """A few kept links; `most` at once, opened when first needed, the newest used first."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]], most: int) -> None:
        self._connect = connect
        self._idle: deque[Link] = deque()
        self._places = threading.BoundedSemaphore(most)

    def __repr__(self) -> str:
        return "<Links>"

    @contextmanager
    def one(self) -> Iterator[Link]:
        """Lend a link. Raises ServiceUnavailable when none becomes free, Overdue, psycopg.Error."""
        seconds = patience.require_time()
        if not self._places.acquire(timeout=min(seconds or _PATIENCE_SECONDS, _PATIENCE_SECONDS)):
            patience.require_time()
            raise ServiceUnavailable("The database is too busy just now.")
        try:
            link = self._taken()
            try:
                yield link
            finally:
                self._give_back(link)
        finally:
            self._places.release()

    def close(self) -> None:
        """Close every link that is not lent."""
        while self._idle:
            self._idle.pop().close()

    def _taken(self) -> Link:
        try:
            return self._idle.pop()
        except IndexError:
            return Link(self._connect())

    def _give_back(self, link: Link) -> None:
        if link.usable and not link.in_transaction:
            self._idle.append(link)
        else:
            link.close()
            self.close()


def without_details(error: psycopg.Error) -> psycopg.Error:
    """Return `error` without PostgreSQL's DETAIL, which repeats key values."""
    diagnostics = error.diag
    primary = diagnostics.message_primary or type(error).__name__
    error.args = (f"{primary} (constraint {diagnostics.constraint_name})",)
    return error


@lru_cache(maxsize=256)
def _formats(count: int) -> tuple[int, ...]:
    return (_BINARY,) * count
