"""What an officer looks for, and how that is written down without writing down about whom.

Filters are codes, dates and ids. What is logged of a search is which filters were used, with the
codes of those that are about no person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.evidence.entry import EntryType
from referral_hub.store.audit_log import Wanted

LONDON = ZoneInfo("Europe/London")
_IN_CLEAR = ("type", "outcome", "basis", "agency", "rule", "reason", "since", "until")


class DecisionOutcome(StrEnum):
    """How a decision, a release or a look ended."""

    PERMIT = "permit"
    HOLD = "hold"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """None is any. `agency` is any other party; `since` and `until` are whole days in London.

    `rule` and `reason` are codes of consent; `basis` is like `article6:e`; `reference` is a
    referral's, `person` the id of a person of the own agency, `entry` one entry's id.
    """

    type: EntryType | None = None
    outcome: DecisionOutcome | None = None
    agency: UUID | None = None
    user: UUID | None = None
    person: UUID | None = None
    reference: str | None = None
    basis: str | None = None
    rule: str | None = None
    reason: str | None = None
    since: date | None = None
    until: date | None = None
    entry: UUID | None = None

    def used(self) -> tuple[str, ...]:
        """The names of the filters that are set, in order."""
        return tuple(
            sorted(field.name for field in fields(self) if getattr(self, field.name) is not None)
        )

    def codes(self) -> Mapping[str, str]:
        """The values of the filters that are about no person, as codes."""
        return {
            name: str(getattr(self, name)) for name in _IN_CLEAR if getattr(self, name) is not None
        }

    def wanted(self, *, referral: UUID | None, before: UUID | None = None) -> Wanted:
        """Return what the store looks for; `referral` is the one called `reference`."""
        ends = None if self.until is None else first_id(midnight(self.until + timedelta(days=1)))
        ends = min((bound for bound in (ends, before) if bound is not None), default=None)
        return Wanted(
            type=self.type,
            outcome=self.outcome,
            party=self.agency,
            user=self.user,
            referral=referral,
            subject=self.person,
            basis=self.basis,
            codes=tuple(code for code in (self.rule, self.reason) if code is not None),
            oldest=None if self.since is None else first_id(midnight(self.since)),
            below=ends,
            id=self.entry,
        )


def fingerprint(filters: Filters, *, report: str, referral: UUID | None) -> str:
    """Return a code that is equal for equal reports over equal filters.

    SHA-256 over codes and random ids (the referral's id, never its reference), 32 hex digits.
    """
    ids = [("user", filters.user), ("referral", referral), ("entry", filters.entry)]
    ids += [("person", filters.person)] if filters.person else []
    parts = [("report", report), *filters.codes().items(), *ids]
    text = "\n".join(f"{name} {value}" for name, value in parts)
    return hashlib.sha256(f"referral-hub/search/v1\n{text}".encode()).hexdigest()[:32]


def first_id(at: datetime) -> UUID:
    """Return the smallest id that `domain.ids.new_id` can make at `at` (UUIDv7)."""
    milliseconds = max(0, int(at.timestamp() * 1000))
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (0b10 << 62))


def made_at(entry_id: UUID) -> datetime:
    """Return the instant that a UUIDv7 was made at, to the millisecond."""
    return datetime.fromtimestamp((entry_id.int >> 80) / 1000, UTC)


def midnight(day: date) -> datetime:
    """Return the instant at which a day begins in London."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)
