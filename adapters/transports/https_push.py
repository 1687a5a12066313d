"""One POST of sealed bytes to a partner's system.

The recipient is not trusted: the attempt has a total time, at most 64 KiB of answer are read,
redirects are failures (a redirect would send a person's referral where nobody agreed to send it),
the environment's proxies are ignored, and the text of an answer is never kept. Connections are
reused, so that a batch to one partner pays for one handshake.

Plain HTTP is refused unless the address is this machine, for the demonstration's partner system.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

import httpcore

from adapters.contract import Delivery, DeliveryOutcome, Endpoint, Sealed
from adapters.transports.answers import bounded, failure, host_of
from adapters.transports.deadline import DeadlineBackend, attempt_within

_RECEIPT = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for connecting, for each read or write, and for the attempt as a whole."""

    connect: float = 5.0
    each: float = 10.0
    attempt: float = 20.0


class HttpsPush:
    """Keeps connections to partners; safe to share between threads."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        patience: Patience | None = None,
        trust: ssl.SSLContext | None = None,
        connections: int = 20,
    ) -> None:
        """`now` reads the clock, for Retry-After dates; `trust` replaces the public authorities."""
        self._now = now
        self._patience = patience or Patience()
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust or httpcore.default_ssl_context(),
            max_connections=connections,
            keepalive_expiry=30.0,
            network_backend=DeadlineBackend(),
        )

    def close(self) -> None:
        """Close kept connections."""
        self._pool.close()

    def send(self, endpoint: Endpoint, sealed: Sealed) -> DeliveryOutcome:
        """POST once. The same `effect_id` at every attempt makes a repetition harmless."""
        url = _acceptable_url(endpoint.url)
        if url is None:
            return DeliveryOutcome(Delivery.REFUSED, "address_not_https")
        try:
            with attempt_within(self._patience.attempt):
                return self._post(url, sealed)
        except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout):
            return DeliveryOutcome(Delivery.TRY_AGAIN, "no_connection")
        except httpcore.TimeoutException:
            return DeliveryOutcome(Delivery.TRY_AGAIN, "timeout")
        except (httpcore.NetworkError, httpcore.ProtocolError):
            return DeliveryOutcome(Delivery.UNKNOWN, "no_answer")

    def _post(self, url: httpcore.URL, sealed: Sealed) -> DeliveryOutcome:
        headers: dict[bytes | str, bytes | str] = {
            "Host": host_of(url),
            "Content-Type": sealed.content_type,
            "Content-Length": str(len(sealed.body)),
            "Idempotency-Key": sealed.effect_id,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "referral-hub",
        }
        each = self._patience.each
        times = {"connect": self._patience.connect, "read": each, "write": each, "pool": each}
        with self._pool.stream(
            "POST", url, headers=headers, content=sealed.body, extensions={"timeout": times}
        ) as response:
            answered = {name.lower(): value for name, value in response.headers}
            if not 200 <= response.status < 300:
                return failure(response.status, answered, self._now)
            receipt = _receipt(bounded(response))
            return DeliveryOutcome(Delivery.DELIVERED, f"http_{response.status}", receipt=receipt)


def _acceptable_url(address: str) -> httpcore.URL | None:
    try:
        url = httpcore.URL(address)
        address.encode("ascii")
        host = url.host.decode("ascii")
    except (ValueError, UnicodeError, TypeError):
        return None
    if not host or "@" in address.split("/")[2]:
        return None
    plain_but_here = url.scheme == b"http" and _is_this_machine(host)
    return url if url.scheme == b"https" or plain_but_here else None


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _receipt(data: bytes) -> str | None:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return None
    receipt = answer.get("receipt") if isinstance(answer, dict) else None
    found = isinstance(receipt, str) and _RECEIPT.fullmatch(receipt)
    return str(receipt) if found else None
