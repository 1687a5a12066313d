"""What a data protection officer looks at first: what they must answer by when, what was decided,
what left, what waits, what ends soon, and who reads much or at odd hours.

Counts and references, never content. That somebody read about a person of their own surname is
counted from what was noted when they did (`services.own_surname`); no index of names is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.domain.registers import REVIEW_AHEAD
from referral_hub.services.audit_filters import LONDON, Filters, first_id, midnight
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import Asked, Report, log_once
from referral_hub.services.matters import Listed, listed
from referral_hub.store import matters, refusals, register_items, saved_searches
from referral_hub.store import overview as store
from referral_hub.store.overview import (
    MOST_ROWS,
    Decided,
    Disclosed,
    Expiring,
    Held,
    Reading,
)
from referral_hub.store.refusals import Reviewed
from referral_hub.store.register_items import Due
from referral_hub.store.saved_searches import SavedSearch

__all__ = ["MOST_ROWS", "PERIODS", "Overview", "overview"]

PERIODS = (7, 30, 90)
CONSENT_ENDS_WITHIN = timedelta(days=30)
AGREEMENT_ENDS_WITHIN = timedelta(days=90)
MANY_PEOPLE = 20


@dataclass(frozen=True, slots=True)
class Overview:
    """One agency's side of the last `days` days, and what is true now."""

    days: int
    since: date
    decided: Sequence[Decided]
    disclosed: Sequence[Disclosed]
    overrides: int
    held: Sequence[Held]
    consents: Sequence[Expiring]
    agreements: Sequence[Expiring]
    reading: Sequence[Reading]
    due: Sequence[Listed]
    review: Sequence[Due]
    waiting: int
    refusals: Sequence[Reviewed]
    saved: Sequence[SavedSearch]

    def unusual(self, reading: Reading) -> bool:
        """Whether an officer should ask about it: out of hours, many people in one day, or
        somebody of the reader's own surname.
        """
        many = reading.most_people >= MANY_PEOPLE
        return many or reading.out_of_hours > 0 or reading.own_surname > 0

    @property
    def unreviewed(self) -> int:
        """How many refusals and holds of this time nobody has reviewed."""
        return sum(row.count for row in self.refusals if row.finding is None)


def overview(hub: Hub, actor: Actor, days: int) -> Overview:
    """Return the overview of the last `days` days; that it was read is logged. Raises Forbidden."""
    access.require(actor, Permission.READ_AUDIT)
    at, us = hub.clock(), actor.agency_id
    since = _first_day(at, days)
    oldest = first_id(midnight(since))
    with hub.database.acting_for(us) as connection:
        found = Overview(
            days=days,
            since=since,
            decided=store.decided(connection, us, oldest),
            disclosed=store.disclosed(connection, us, oldest),
            overrides=store.overrides(connection, us, oldest),
            held=store.held(connection, us),
            consents=store.expiring_consents(connection, us, at=at, within=CONSENT_ENDS_WITHIN),
            agreements=store.expiring_agreements(
                connection, us, at=at, within=AGREEMENT_ENDS_WITHIN
            ),
            reading=store.reading(connection, us, oldest),
            due=[listed(row, at) for row in matters.open_ones(connection, us)],
            review=register_items.due(
                connection, us, at=at, soon=at.astimezone(LONDON).date() + REVIEW_AHEAD
            ),
            waiting=register_items.waiting(connection, us),
            refusals=refusals.counted(connection, us, oldest),
            saved=saved_searches.for_user(connection, us, actor.user_id),
        )
        log_once(hub, actor, Asked(Report.OVERVIEW, Filters(since=since)), connection)
    return found


def _first_day(at: datetime, days: int) -> date:
    return (at - timedelta(days=days)).astimezone(LONDON).date()
