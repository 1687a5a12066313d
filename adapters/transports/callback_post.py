"""One POST of a callback (Standard Webhooks) to an address that a partner's administrator typed in.

The name is looked up once for the connection, every address is looked at, and the connection goes
to the one that was looked at, with the name's certificate and Host. Redirects fail. Every answer
but success is tried again on the schedule, except 410: the partner wants no more of them.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import httpcore

from adapters.contract import Delivery, DeliveryOutcome, Endpoint, Sealed
from adapters.transports.addresses import (
    AddressRefused,
    CheckedBackend,
    InternalAddress,
    Resolve,
    check_text,
    system_resolve,
)
from adapters.transports.answers import bounded, failure, host_of
from adapters.transports.deadline import attempt_within
from adapters.transports.https_push import Patience

GONE = "http_410"


class CallbackPost:
    """Keeps no connection for longer than a batch; safe to share between threads."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        here: bool = False,
        patience: Patience | None = None,
        trust: ssl.SSLContext | None = None,
        resolve: Resolve = system_resolve,
    ) -> None:
        """`here` allows this machine; `trust` replaces the public authorities."""
        self._now = now
        self._here = here
        self._patience = patience or Patience(attempt=15.0)
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust or httpcore.default_ssl_context(),
            max_connections=20,
            keepalive_expiry=5.0,
            network_backend=CheckedBackend(here=here, resolve=resolve),
        )

    def close(self) -> None:
        """Close kept connections."""
        self._pool.close()

    def send(self, endpoint: Endpoint, sealed: Sealed) -> DeliveryOutcome:
        """POST once with the signature headers of `sealed`."""
        try:
            checked = check_text(endpoint.url, here=self._here)
        except AddressRefused:
            return DeliveryOutcome(Delivery.REFUSED, "address_not_allowed")
        try:
            with attempt_within(self._patience.attempt):
                return self._post(httpcore.URL(checked.url), sealed)
        except InternalAddress:
            return DeliveryOutcome(Delivery.TRY_AGAIN, "address_not_allowed")
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
            "Accept-Encoding": "identity",
            "User-Agent": "referral-hub",
            **dict(sealed.headers),
        }
        each = self._patience.each
        times = {"connect": self._patience.connect, "read": each, "write": each, "pool": each}
        with self._pool.stream(
            "POST", url, headers=headers, content=sealed.body, extensions={"timeout": times}
        ) as response:
            if 200 <= response.status < 300:
                bounded(response)
                return DeliveryOutcome(Delivery.DELIVERED, f"http_{response.status}")
            answered = {name.lower(): value for name, value in response.headers}
            failed = failure(response.status, answered, self._now)
            again = failed.code != GONE
            return replace(failed, delivery=Delivery.TRY_AGAIN) if again else failed
