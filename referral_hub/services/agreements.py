"""What the person said, as rows of the ledger and as the value that consent decides over.

The same words serve when a referral is accepted and when a held one is put right. What somebody who
decided for the person needs (authority, capacity, a child's record) is written beside the event
(`speaking_for`). Where nobody could speak, the event says that it was decided in the person's best
interests and claims no consent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consent.model import (
    CapacityRecord,
    ChildRecord,
    ConfidentialityBasis,
    ConsentEvent,
    EventState,
    EventType,
    GivenBy,
    ProxyAuthority,
    Purpose,
)
from consent.notices import Notice
from referral_hub.audit import ledger
from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.audit.ledger import record_fact
from referral_hub.domain.commands import Actor, AgreementTaken
from referral_hub.domain.ids import new_id
from referral_hub.services import facts
from referral_hub.services.hub import Hub
from referral_hub.services.speaking_for import SpokenFor, Taking, end_of_day, speaking_for
from referral_hub.store.change import LogRow


@dataclass(frozen=True, slots=True, repr=False)
class Taken:
    """The ledger event with its row, and the records behind it if somebody else decided."""

    event: ConsentEvent
    event_row: Mapping[str, Any]
    spoken_for: SpokenFor

    def __repr__(self) -> str:
        return "<Taken>"

    @property
    def proxies(self) -> tuple[ProxyAuthority, ...]:
        """The authority of whoever spoke, if it was recorded."""
        row = self.spoken_for.proxy
        return (facts.proxy(row),) if row else ()

    @property
    def capacity(self) -> CapacityRecord | None:
        """What was recorded about the person's capacity."""
        row = self.spoken_for.capacity
        return facts.capacity(self.event.subject_id, row) if row else None

    @property
    def child(self) -> ChildRecord | None:
        """What was recorded about deciding for a child."""
        row = self.spoken_for.child
        return facts.child(self.event.subject_id, row) if row else None


def take(taking: Taking, agreement: AgreementTaken, words: Notice) -> Taken:
    """Return what `agreement` adds to the ledger; `words` are those that it names."""
    made = speaking_for(taking, agreement)
    nobody = agreement.given_by is GivenBy.BEST_INTERESTS
    event_type = EventType.IMPLIED if nobody else EventType.EXPLICIT
    basis = ConfidentialityBasis.BEST_INTERESTS if nobody else ConfidentialityBasis.EXPLICIT_CONSENT
    actor, at = taking.actor, taking.at
    event_id = new_id(at)
    row = {
        "id": event_id,
        "origin_agency_id": actor.agency_id,
        "subject_id": taking.subject.id,
        "referral_id": taking.referral_id,
        "state": agreement.state.value,
        "event_type": event_type.value,
        "purpose": Purpose.SUPPORT.value,
        "classes": sorted(agreement.classes),
        "recipients": sorted(map(str, agreement.recipients)),
        "confidentiality": basis.value,
        "service_agreement": agreement.service_agreement,
        "notice_id": agreement.notice_id,
        "notice_version": agreement.notice_version,
        "notice_language": agreement.notice_language,
        "notice_hash": words.sha256,
        "method": agreement.method.value,
        "given_by": agreement.given_by.value,
        "proxy_id": str(made.proxy["id"]) if made.proxy else None,
        "evidence": {} if nobody else {"consent_record": str(event_id)},
        "taken_by": actor.user_id,
        "valid_from": at,
        "valid_until": _ends_at(agreement, made, at),
        "recorded_at": at,
        "supersedes": None,
    }
    return Taken(facts.consent_event(row), row, made)


def _ends_at(agreement: AgreementTaken, made: SpokenFor, at: datetime) -> datetime | None:
    """Return when it ends: with the authority of whoever spoke, if that ends first, so that the end
    is announced and told like any other. An authority that is over already carries nothing (R08).
    """
    ends: datetime | None = end_of_day(agreement.valid_until)
    authority: datetime | None = made.proxy["valid_until"] if made.proxy else None
    if authority is None or authority <= at:
        return ends
    return authority if ends is None else min(ends, authority)


def taken_rows(
    hub: Hub, actor: Actor, taken: Taken | None, subject: SubjectKey, *, at: datetime
) -> tuple[list[LogRow], dict[str, list[Mapping[str, Any]]]]:
    """Return the log row of what was said, and the rows by table that it vouches for."""
    if taken is None:
        return [], {}
    beside = taken.spoken_for.ids
    event = _event_of(taken.event, taken.event_row, actor, subject, beside=beside)
    entry = prepare(event, hub.keys, at)
    rows = {"consent_event": [taken.event_row], **taken.spoken_for.rows(entry.entry["id"])}
    return [entry], rows


def consent_log_event(
    row: Mapping[str, Any], actor: Actor, subject: SubjectKey, *, beside: tuple[str, ...] = ()
) -> Event:
    """Return the log event of a row of `consent_event`, which commits to the whole row.

    `beside` are the ids of the records that are written with it.
    """
    return _event_of(facts.consent_event(row), row, actor, subject, beside=beside)


def _event_of(
    taken: ConsentEvent,
    row: Mapping[str, Any],
    actor: Actor,
    subject: SubjectKey,
    *,
    beside: tuple[str, ...],
) -> Event:
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
        cites=(taken.id, record_fact(row), *beside),
        details={ledger.MARK: ledger.VERSION}
        | ({} if withdrawn and not taken.recipients else said),
        vouches_for=row["id"],
    )
