"""What the person said, as rows of the ledger and as the value that consent decides over.

The same words serve when a referral is accepted and when a held one is put right. Someone who spoke
for the person needs a recorded authority: it is written beside the event when the document was
seen, and left out when it was not, so that rule R08 refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.model import (
    ConfidentialityBasis,
    ConsentEvent,
    EventState,
    EventType,
    GivenBy,
    ProxyAuthority,
    Purpose,
)
from consent.notices import notice
from referral_hub.audit import ledger
from referral_hub.audit.events import EntryType, Event, SubjectKey
from referral_hub.audit.ledger import record_fact
from referral_hub.domain.commands import Actor, AgreementTaken
from referral_hub.domain.ids import new_id
from referral_hub.services import facts

LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True, repr=False)
class Taken:
    """The ledger event, the authority behind it if any, and their rows."""

    event: ConsentEvent
    event_row: Mapping[str, Any]
    proxy: ProxyAuthority | None
    proxy_row: Mapping[str, Any] | None

    def __repr__(self) -> str:
        return "<Taken>"


def take(
    agreement: AgreementTaken,
    actor: Actor,
    *,
    subject_id: UUID,
    referral_id: UUID,
    at: datetime,
) -> Taken:
    """Return what `agreement` adds to the ledger at `at`. Raises ConsentError for unknown words."""
    proxy_row = _proxy_row(agreement, actor, subject_id, at)
    words = notice(agreement.notice_id, agreement.notice_version, agreement.notice_language)
    event_id = new_id(at)
    row = {
        "id": event_id,
        "origin_agency_id": actor.agency_id,
        "subject_id": subject_id,
        "referral_id": referral_id,
        "state": agreement.state.value,
        "event_type": EventType.EXPLICIT.value,
        "purpose": Purpose.SUPPORT.value,
        "classes": sorted(agreement.classes),
        "recipients": sorted(map(str, agreement.recipients)),
        "confidentiality": ConfidentialityBasis.EXPLICIT_CONSENT.value,
        "service_agreement": agreement.service_agreement,
        "notice_id": agreement.notice_id,
        "notice_version": agreement.notice_version,
        "notice_language": agreement.notice_language,
        "notice_hash": words.sha256,
        "method": agreement.method.value,
        "given_by": agreement.given_by.value,
        "proxy_id": str(proxy_row["id"]) if proxy_row else None,
        "evidence": {"consent_record": str(event_id)},
        "taken_by": actor.user_id,
        "valid_from": at,
        "valid_until": end_of_day(agreement.valid_until),
        "recorded_at": at,
        "supersedes": None,
    }
    return Taken(
        event=facts.consent_event(row),
        event_row=row,
        proxy=facts.proxy(proxy_row) if proxy_row else None,
        proxy_row=proxy_row,
    )


def consent_log_event(row: Mapping[str, Any], actor: Actor, subject: SubjectKey) -> Event:
    """Return the log event of a row of `consent_event`, which commits to the whole row."""
    taken = facts.consent_event(row)
    withdrawn = taken.state in {EventState.WITHDRAWN, EventState.REFUSED}
    said: dict[str, str | int | tuple[str, ...]] = {
        "recipients": tuple(sorted(taken.recipients)),
        "notice": f"{taken.notice_id}/{taken.notice_version}/{taken.notice_language}",
        "method": taken.method.value,
        "given_by": taken.given_by.value,
    }
    return Event(
        type=EntryType.WITHDRAWAL if taken.state is EventState.WITHDRAWN else EntryType.CONSENT,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        subject=subject,
        referral_id=row["referral_id"],
        purpose=taken.purpose.value,
        classes=tuple(sorted(taken.classes)),
        outcome=taken.state.value,
        cites=(taken.id, record_fact(row)),
        details={ledger.MARK: ledger.VERSION}
        | ({} if withdrawn and not taken.recipients else said),
        vouches_for=row["id"],
    )


def end_of_day(day: date | None) -> datetime | None:
    """Return the instant at which `day` ends in London: an agreement "until Friday" includes
    Friday.
    """
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time(), LONDON).astimezone(UTC)


def _proxy_row(
    agreement: AgreementTaken, actor: Actor, subject_id: UUID, at: datetime
) -> Mapping[str, Any] | None:
    if agreement.given_by is GivenBy.SELF or not agreement.authority_seen:
        return None
    proxy_id = new_id(at)
    return {
        "id": proxy_id,
        "origin_agency_id": actor.agency_id,
        "subject_id": subject_id,
        "kind": agreement.given_by.value,
        "evidence_id": f"seen:{proxy_id}",
        "purposes": [Purpose.SUPPORT.value],
        "classes": sorted(agreement.classes),
        "valid_from": at,
        "valid_until": end_of_day(agreement.valid_until),
        "flagged": False,
    }
