"""Keep the breakers: what the attempts of a batch say about their destinations.

Runs in the transaction that settles the attempts. A destination that answers again is hurried: what
waited for it does not wait for its own next time.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from adapters.contract import DeliveryOutcome
from referral_hub.domain.deliveries import Way
from referral_hub.outbox.breaker import Breaker, after, is_there
from referral_hub.store import deliveries
from referral_hub.store.deliveries import BreakerRow
from referral_hub.store.engine import Connection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt at a destination and how it ended."""

    destination: UUID
    way: Way
    outcome: DeliveryOutcome


def note_attempts(connection: Connection, tried: Iterable[Tried], at: datetime) -> None:
    """Move the breakers of the destinations of `tried`, in the order of the attempts."""
    by_destination: dict[UUID, list[Tried]] = defaultdict(list)
    for one in tried:
        if is_there(one.outcome) is not None:
            by_destination[one.destination].append(one)
    if not by_destination:
        return
    known = deliveries.lock_breakers(connection, list(by_destination))
    kept = []
    for destination, attempts in by_destination.items():
        before = _breaker(known.get(destination))
        now = before
        for one in attempts:
            now = after(now, one.outcome, at)
        if now == before:
            continue
        kept.append(_row(destination, attempts[0].way, now, at))
        if before.opened_at is None and now.opened_at is not None:
            log.warning("breaker_opened", extra={"code": now.last_code})
        if before.opened_at is not None and now.opened_at is None:
            log.info("breaker_closed", extra={"code": before.last_code})
            deliveries.hurry(connection, destination, attempts[0].way.value, at)
    deliveries.keep_breakers(connection, kept)


def _breaker(row: BreakerRow | None) -> Breaker:
    if row is None:
        return Breaker()
    return Breaker(row.failures, row.opened_at, row.retry_at, row.last_code)


def _row(destination: UUID, way: Way, breaker: Breaker, at: datetime) -> dict[str, object]:
    return {
        "destination": destination,
        "way": way.value,
        "changed_at": at,
        **asdict(breaker),
    }
