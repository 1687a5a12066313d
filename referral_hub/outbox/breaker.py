"""When to leave a destination alone, and when to ask it again. Pure.

After `OPENS_AFTER` failures in a row a destination's deliveries wait without using up their tries,
for a time that doubles with each failed probe. Then one delivery goes out as the probe while the
others go on waiting: an answer closes the breaker, silence opens it for longer. Any answer counts,
also a refusal: a system that says no is there. The state is a row that all workers share.
Expected outcomes: `tests/tables/breaker.csv`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from adapters.contract import Delivery, DeliveryOutcome

OPENS_AFTER = 5
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=15)
_SAYS_NOTHING = frozenset(
    {"destination_away", "no_time_left", "endpoint_not_ready", "no_mail_server"}
)
_BUSY = frozenset({"http_408", "http_425", "http_429"})
_MAIL_SERVER_GOES = "smtp_421"


class BreakerState(StrEnum):
    """Whether deliveries go out: all, none, or one that tries."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """Failures in a row; since when it is open, and when the next probe may go."""

    failures: int = 0
    opened_at: datetime | None = None
    retry_at: datetime | None = None
    last_code: str | None = None


def state_of(breaker: Breaker, at: datetime) -> BreakerState:
    """Return what the breaker lets through at `at`."""
    if breaker.opened_at is None or breaker.retry_at is None:
        return BreakerState.CLOSED
    return BreakerState.OPEN if at < breaker.retry_at else BreakerState.HALF_OPEN


def is_there(outcome: DeliveryOutcome) -> bool | None:
    """Tell whether the destination answered; None where the attempt says nothing about it."""
    if outcome.code in _SAYS_NOTHING:
        return None
    if outcome.delivery in {Delivery.DELIVERED, Delivery.REFUSED} or outcome.code in _BUSY:
        return True
    return outcome.code.startswith("smtp_4") and outcome.code != _MAIL_SERVER_GOES


def after(breaker: Breaker, outcome: DeliveryOutcome, at: datetime) -> Breaker:
    """Return the breaker after an attempt at its destination."""
    there = is_there(outcome)
    if there is None:
        return breaker
    if there:
        return Breaker()
    failures = breaker.failures + 1
    failed = replace(breaker, failures=failures, last_code=outcome.code)
    if failures < OPENS_AFTER:
        return failed
    rest = min(FIRST_REST * (1 << min(failures - OPENS_AFTER, 16)), LONGEST_REST)
    return replace(failed, opened_at=breaker.opened_at or at, retry_at=at + rest)
