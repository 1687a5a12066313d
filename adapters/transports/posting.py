"""One request over HTTP to an address that somebody else typed in: what every such wire shares.

The recipient is not trusted: the address is looked at again as text and the connection goes only
where its registration led (`addresses`), the attempt has a total time, at most 64 KiB of answer are
read, redirects are failures (a redirect would send a person's referral where nobody agreed to send
it), the environment's proxies are ignored, and the text of an answer is never kept. Connections are
reused for a while, so that a batch to one partner pays for one handshake, and only by registrations
that lead to the same addresses: one that is looked at anew opens its own.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpcore

from adapters.contract import AddressRefused, Delivery, DeliveryOutcome, Endpoint, Sealed
from adapters.transports.addresses import (
    CheckedBackend,
    InternalAddress,
    MovedAddress,
    Resolve,
    check_address,
    check_text,
    pinned_to,
    system_resolve,
)
from adapters.transports.answers import bounded, failure, host_of
from adapters.transports.deadline import attempt_within

NOT_ALLOWED = "address_not_allowed"
MOVED = "address_changed"
METHODS = frozenset({"POST", "PUT"})
MOST_POOLS = 64
_Where = tuple[str, int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for connecting, for each read or write, and for the attempt as a whole."""

    connect: float = 5.0
    each: float = 10.0
    attempt: float = 20.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What a wire adds: its patience, how long a connection is kept, whether this machine counts.

    `trust` replaces the public authorities, `resolve` the system's resolver.
    """

    patience: Patience
    kept_seconds: float
    connections: int = 20
    here: bool = False
    trust: ssl.SSLContext | None = None
    resolve: Resolve = system_resolve


class CheckedPost:
    """Keeps connections; safe to share between threads."""

    def __init__(self, policy: Policy, now: Callable[[], datetime]) -> None:
        """`now` reads the clock, for Retry-After dates."""
        self._now = now
        self._policy = policy
        self._trust = policy.trust or httpcore.default_ssl_context()
        self._pools: dict[_Where, httpcore.ConnectionPool] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close kept connections."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, where: _Where) -> httpcore.ConnectionPool:
        """The connections to one place; those that were used least lately make room."""
        with self._lock:
            pool = self._pools.pop(where, None) or self._opened()
            self._pools[where] = pool
            if len(self._pools) > MOST_POOLS:
                oldest = self._pools.pop(next(iter(self._pools)))
                if all(one.is_idle() for one in oldest.connections):
                    oldest.close()
            return pool

    def _opened(self) -> httpcore.ConnectionPool:
        policy = self._policy
        return httpcore.ConnectionPool(
            ssl_context=self._trust,
            max_connections=policy.connections,
            keepalive_expiry=policy.kept_seconds,
            network_backend=CheckedBackend(here=policy.here, resolve=policy.resolve),
        )

    def check(self, address: str, *, here: bool = False) -> tuple[str, ...]:
        """Look at an address and return where its name leads. Raises AddressRefused."""
        return check_address(address, here=here, resolve=self._policy.resolve).found

    def request(
        self, endpoint: Endpoint, sealed: Sealed, headers: dict[str, str]
    ) -> tuple[DeliveryOutcome, bytes]:
        """Ask once; returns how it ended and, of a success, the first 64 KiB of its answer."""
        try:
            checked = check_text(endpoint.url, here=self._policy.here)
        except AddressRefused:
            return DeliveryOutcome(Delivery.REFUSED, NOT_ALLOWED), b""
        try:
            with attempt_within(self._policy.patience.attempt), pinned_to(endpoint.pinned):
                pool = self._pool((checked.host, checked.port, tuple(sorted(endpoint.pinned))))
                return self._ask(pool, httpcore.URL(checked.url), sealed, headers)
        except InternalAddress:
            code, delivery = NOT_ALLOWED, Delivery.TRY_AGAIN
        except MovedAddress:
            code, delivery = MOVED, Delivery.TRY_AGAIN
        except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout):
            code, delivery = "no_connection", Delivery.TRY_AGAIN
        except httpcore.TimeoutException:
            code, delivery = "timeout", Delivery.TRY_AGAIN
        except (httpcore.NetworkError, httpcore.ProtocolError):
            code, delivery = "no_answer", Delivery.UNKNOWN
        return DeliveryOutcome(delivery, code), b""

    def _ask(
        self,
        pool: httpcore.ConnectionPool,
        url: httpcore.URL,
        sealed: Sealed,
        more: dict[str, str],
    ) -> tuple[DeliveryOutcome, bytes]:
        headers: dict[bytes | str, bytes | str] = {
            "Host": host_of(url),
            "Content-Type": sealed.content_type,
            "Content-Length": str(len(sealed.body)),
            "Accept-Encoding": "identity",
            "User-Agent": "referral-hub",
        }
        headers.update(more | dict(sealed.headers))
        method = sealed.method if sealed.method in METHODS else "POST"
        patience = self._policy.patience
        times = dict.fromkeys(("read", "write", "pool"), patience.each)
        times["connect"] = patience.connect
        with pool.stream(
            method, url, headers=headers, content=sealed.body, extensions={"timeout": times}
        ) as response:
            answered = {name.lower(): value for name, value in response.headers}
            if 200 <= response.status < 300 or response.status in sealed.already:
                code = f"http_{response.status}"
                return DeliveryOutcome(Delivery.DELIVERED, code), bounded(response)
            return failure(response.status, answered, self._now), b""
