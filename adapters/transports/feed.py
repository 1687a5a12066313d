"""Reading a public feed that an administrator typed in: GET, bounded in time and size.

The address is checked as callbacks are (`transports.addresses`): its text first, then every address
that its name stands for at the moment of connecting. A redirect is not followed: the feed has
moved, and a person should say where to, because a redirect is also how an outside server would make
the hub read an inside one. Nothing of a faulty answer is kept or shown.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import httpcore

from adapters.contract import AdapterError, AddressRefused
from adapters.transports.addresses import (
    CheckedBackend,
    InternalAddress,
    Resolve,
    check_text,
    system_resolve,
)
from adapters.transports.answers import host_of
from adapters.transports.deadline import attempt_within

LARGEST_PAGE = 16 * 1024 * 1024


class FeedFailed(AdapterError):
    """A page of a feed could not be read. `code` says why: address_refused, unreachable, moved,
    not_there, status, too_large.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class FeedPatience:
    """Seconds for one page as a whole, and for each read; and the most bytes of a page."""

    attempt: float = 60.0
    each: float = 15.0
    largest: int = LARGEST_PAGE


class FeedReader:
    """Keeps a connection for the length of an import. Close it afterwards."""

    def __init__(
        self,
        *,
        here: bool = False,
        patience: FeedPatience | None = None,
        trust: ssl.SSLContext | None = None,
        resolve: Resolve = system_resolve,
    ) -> None:
        """`here` allows this machine, for development; `trust` replaces the public authorities."""
        self._here = here
        self._patience = patience or FeedPatience()
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust or httpcore.default_ssl_context(),
            max_connections=2,
            keepalive_expiry=15.0,
            network_backend=CheckedBackend(here=here, resolve=resolve),
        )

    def close(self) -> None:
        """Close kept connections."""
        self._pool.close()

    def get(self, url: str) -> bytes:
        """Return the body of a page. Raises FeedFailed."""
        try:
            checked = check_text(url, here=self._here)
        except AddressRefused:
            raise FeedFailed("address_refused") from None
        try:
            with attempt_within(self._patience.attempt):
                return self._read(httpcore.URL(checked.url))
        except InternalAddress:
            raise FeedFailed("address_refused") from None
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
            raise FeedFailed("unreachable") from None

    def _read(self, url: httpcore.URL) -> bytes:
        headers: dict[bytes | str, bytes | str] = {
            "Host": host_of(url),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "referral-hub",
        }
        limits = dict.fromkeys(("connect", "read", "write", "pool"), self._patience.each)
        with self._pool.stream(
            "GET", url, headers=headers, extensions={"timeout": limits}
        ) as response:
            if 300 <= response.status < 400:
                raise FeedFailed("moved")
            if response.status in {404, 410}:
                raise FeedFailed("not_there")
            if response.status != 200:
                raise FeedFailed("status")
            body = bytearray()
            for part in response.iter_stream():
                body += part
                if len(body) > self._patience.largest:
                    raise FeedFailed("too_large")
            return bytes(body)
