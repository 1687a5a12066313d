"""Try again later, or hand it to a person after the last try."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from referral_hub.domain.codes import OutboxState
from referral_hub.outbox.retry import delay
from referral_hub.services.hub import Hub
from referral_hub.store import outbox
from referral_hub.store.outbox import Claimed, Settlement


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that did not succeed: a code, never a message, and how long the recipient asked
    for.
    """

    claim: Claimed
    code: str
    retry_after: timedelta | None = None


Schedule = Callable[[int, float, timedelta | None], timedelta | None]


def settle_later(hub: Hub, failures: Sequence[Failure], *, schedule: Schedule = delay) -> None:
    """Make rows due again after the wait of `schedule`; the last try leaves a dead letter."""
    if not failures:
        return
    at = hub.clock()
    with hub.database.one_worker_statement() as connection:
        outbox.settle(connection, [_later(failure, at, schedule) for failure in failures])


def _later(failure: Failure, at: datetime, schedule: Schedule) -> Settlement:
    claim = failure.claim
    jitter = secrets.randbelow(1_000_000) / 1_000_000
    wait = schedule(claim.attempts, jitter, failure.retry_after)
    if wait is None:
        return Settlement(claim.id, claim.fence, OutboxState.DEAD.value, failure.code, at, at)
    return Settlement(claim.id, claim.fence, OutboxState.DUE.value, failure.code, at + wait, None)
