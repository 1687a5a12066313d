"""What an officer asks the hub to record about requests, breaches and complaints.

Frozen, typed, and without a field in their `repr`, like the commands of referrals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from referral_hub.domain.matters import (
    Authority,
    BreachChannel,
    BreachKind,
    ComplaintAbout,
    IdentityCheck,
    MatterEvent,
    ReceivedBy,
    Requester,
)


class _Redacted:
    """Mixin: a representation without any field."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} (redacted)>"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class RecordRequest(_Redacted):
    """A person asks for what an agency holds about them. `authority` is a representative's.

    `name`, `contact` and `wanted` are words; None where nothing was written.
    """

    subject_id: UUID
    received_on: date
    by: ReceivedBy
    requester: Requester
    authority: Authority | None
    identity: IdentityCheck
    name: str | None
    contact: str | None
    wanted: str | None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class RecordBreach(_Redacted):
    """A suspected personal data breach, between two days (London), known since `aware_at`.

    `user`, `agency` and `reference` say whose doing it was and what it touched, where known.
    """

    aware_at: datetime
    since: date
    until: date
    kinds: frozenset[BreachKind]
    channel: BreachChannel
    user: UUID | None
    agency: UUID | None
    reference: str | None
    what: str


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class RecordComplaint(_Redacted):
    """Somebody complains about how their data is handled.

    `reference` is a referral's, `request` that of an access request, where it is about one.
    """

    received_on: date
    by: ReceivedBy
    about: ComplaintAbout
    requester: Requester
    name: str | None
    contact: str | None
    what: str
    reference: str | None
    request: str | None


@dataclass(frozen=True, slots=True, repr=False)
class TakeStep(_Redacted):
    """The next step of a matter: on which day, with a reason from the step's list, and words."""

    matter_id: UUID
    event: MatterEvent
    on: date
    reason: str | None
    words: str | None
