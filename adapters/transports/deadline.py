"""Network streams that stop at a moment, whatever the other side does.

HTTP clients bound each read, so a recipient that sends one byte every few seconds keeps a worker
for ever (a slow-loris from the server's side). Here every connect, read and write is given only
what is left of the attempt. The moment is a context variable: one attempt runs in one thread.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore

_ends_at: ContextVar[float] = ContextVar("attempt_ends_at")


@contextmanager
def attempt_within(seconds: float) -> Iterator[None]:
    """Bound everything that the streams of this module do inside the block."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens TCP connections whose every operation ends with the attempt."""

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(  # noqa: PLR0917 - httpcore fixes this signature
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        stream = self._backend.connect_tcp(host, port, left, local_address, socket_options)
        return DeadlineStream(stream)


class DeadlineStream(httpcore.NetworkStream):
    """A stream that gives each operation what is left of the attempt."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None, expired: type[httpcore.TimeoutException]) -> float:
    left = _ends_at.get() - time.monotonic()
    if left <= 0:
        raise expired
    return left if timeout is None else min(timeout, left)
