"""One POST of a callback (Standard Webhooks) to an address that a partner's administrator typed in.

Every answer but success is tried again on the schedule, except 410: the partner wants no more of
them. The rest is what every wire over HTTP does (`posting`).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from adapters.contract import Delivery, DeliveryOutcome, Endpoint, Sealed
from adapters.transports.addresses import Resolve, system_resolve
from adapters.transports.posting import NOT_ALLOWED, CheckedPost, Patience, Policy

GONE = "http_410"


class CallbackPost(CheckedPost):
    """Keeps no connection for longer than a batch; safe to share between threads."""

    about = None

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
        patient = patience or Patience(attempt=15.0)
        super().__init__(Policy(patient, 5.0, here=here, trust=trust, resolve=resolve), now)

    def send(self, endpoint: Endpoint, sealed: Sealed) -> DeliveryOutcome:
        """POST once with the signature headers of `sealed`."""
        outcome, _ = self.request(endpoint, sealed, {})
        if outcome.delivery is Delivery.REFUSED and outcome.code not in {GONE, NOT_ALLOWED}:
            return replace(outcome, delivery=Delivery.TRY_AGAIN)
        return outcome
