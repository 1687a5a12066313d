"""One POST (or PUT) of a document to a partner's system.

The effect id goes with every attempt as the `Idempotency-Key`, and the partner's own id for what it
received is kept where it is a plain one. The rest is what every wire over HTTP does (`posting`).
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from adapters.contract import DeliveryOutcome, Endpoint, Sealed, TransportAbout
from adapters.transports.addresses import Resolve, system_resolve
from adapters.transports.posting import CheckedPost, Patience, Policy

__all__ = ["HttpsPush", "Patience"]

_RECEIPT = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


class HttpsPush(CheckedPost):
    """Keeps connections to partners; safe to share between threads."""

    about = TransportAbout(
        title="Our own system takes them (HTTPS)",
        address_label="Web address that takes a referral",
        address_hint="Begins with https:// and leads to the public internet",
        plain=True,
    )

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        here: bool = False,
        patience: Patience | None = None,
        trust: ssl.SSLContext | None = None,
        resolve: Resolve = system_resolve,
    ) -> None:
        """`here` allows this machine, for the demonstration's partner system."""
        patient = patience or Patience()
        super().__init__(Policy(patient, 30.0, here=here, trust=trust, resolve=resolve), now)

    def send(self, endpoint: Endpoint, sealed: Sealed) -> DeliveryOutcome:
        """Send once. The same `effect_id` at every attempt makes a repetition harmless."""
        asked = {"Idempotency-Key": sealed.effect_id, "Accept": "application/json"}
        outcome, answer = self.request(endpoint, sealed, asked)
        return replace(outcome, receipt=_receipt(answer))


def _receipt(data: bytes) -> str | None:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return None
    receipt = answer.get("receipt") if isinstance(answer, dict) else None
    found = isinstance(receipt, str) and _RECEIPT.fullmatch(receipt)
    return str(receipt) if found else None
