"""Rows of the store as the values that consent and routing decide over.

The two pure packages know no database; this is the one place where a column becomes a fact. A row
that does not fit the closed lists raises, and a decision that cannot be made is a refusal, never a
guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson

from consent.model import (
    Article6,
    Article9,
    BestInterests,
    CapacityRecord,
    ChildRecord,
    ConfidentialityBasis,
    ConsentEvent,
    DataClass,
    EventState,
    EventType,
    GivenBy,
    Method,
    PersonFlags,
    ProxyAuthority,
    Purpose,
    RecipientStanding,
    RecipientType,
    SharingAgreement,
)
from consent.notices import is_own
from consent.policy import current_policy
from referral_hub.domain.routing import age_on

Row = Mapping[str, Any]

ADULT_AT = 18
GROWN_UP = date(1900, 1, 1)


def instant(value: str | datetime | None) -> datetime | None:
    """Return an aware UTC instant from a column or its JSON text."""
    if value is None:
        return None
    return _read(value) if isinstance(value, str) else value.astimezone(UTC)


@lru_cache(maxsize=1024)
def _read(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def required_instant(value: str | datetime) -> datetime:
    """Like `instant`, for a column that is never null."""
    read = instant(value)
    if read is None:
        raise ValueError("an instant is missing")
    return read


def consent_event(row: Row) -> ConsentEvent:
    """Return a row of `consent_event` as the ledger's value."""
    return ConsentEvent(
        id=str(row["id"]),
        subject_id=str(row["subject_id"]),
        state=EventState(row["state"]),
        event_type=EventType(row["event_type"]),
        purpose=Purpose(row["purpose"]),
        classes=frozenset(map(DataClass, row["classes"])),
        recipients=frozenset(map(str, row["recipients"])),
        confidentiality=ConfidentialityBasis(row["confidentiality"]),
        service_agreement=row["service_agreement"],
        notice_id=row["notice_id"],
        notice_version=row["notice_version"],
        notice_language=row["notice_language"],
        method=Method(row["method"]),
        given_by=GivenBy(row["given_by"]),
        taken_by=str(row["taken_by"]),
        valid_from=required_instant(row["valid_from"]),
        valid_until=instant(row["valid_until"]),
        recorded_at=required_instant(row["recorded_at"]),
        proxy_id=_text(row["proxy_id"]),
        supersedes=_text(row["supersedes"]),
        evidence=row["evidence"],
        own_words=row["notice_hash"] if is_own(row["notice_version"]) else "",
    )


def proxy(row: Row) -> ProxyAuthority:
    """Return a row of `proxy_authority`."""
    return ProxyAuthority(
        id=str(row["id"]),
        subject_id=str(row["subject_id"]),
        kind=GivenBy(row["kind"]),
        evidence_id=row["evidence_id"],
        purposes=frozenset(map(Purpose, row["purposes"])),
        classes=frozenset(map(DataClass, row["classes"])),
        valid_from=required_instant(row["valid_from"]),
        valid_until=instant(row["valid_until"]),
        flagged=row["flagged"],
    )


def capacity(subject_id: str, row: Row) -> CapacityRecord:
    """Return a row of `capacity_record`; who assessed, who decided and why are ids of statements.

    A day is midnight UTC.
    """
    assessment, decision = _text(row["assessment_id"]), _text(row["decision_id"])
    return CapacityRecord(
        id=str(row["id"]),
        subject_id=subject_id,
        lacks_capacity=row["lacks_capacity"],
        assessed_by=assessment or "",
        assessed_at=_midnight(row["assessed_on"]) or required_instant(row["recorded_at"]),
        best_interests=BestInterests(decision, decided, decision)
        if decision and (decided := _midnight(row["decided_on"]))
        else None,
    )


def child(subject_id: str, row: Row) -> ChildRecord:
    """Return a row of `child_record`, with the council's decision where it was asked for one."""
    return ChildRecord(
        id=str(row["id"]),
        subject_id=subject_id,
        gillick_note_id=_text(row["gillick_id"]),
        parental_responsibility_id=_text(row["parental_id"]),
        child_agrees=row["child_agrees"],
        parent_agrees=row["parent_agrees"],
        decision_id=_text(row.get("decision_id")),
        share=row.get("share") or False,
    )


def agreement(row: Row) -> SharingAgreement:
    """Return a row of `sharing_agreement`."""
    return SharingAgreement(
        id=str(row["id"]),
        sender_id=str(row["sender_agency_id"]),
        recipient_id=str(row["recipient_agency_id"]),
        purposes=frozenset(map(Purpose, row["purposes"])),
        classes=frozenset(map(DataClass, row["classes"])),
        article6=Article6(row["article6"]),
        article9=Article9(row["article9"]) if row["article9"] else None,
        evidence=row["evidence"],
        valid_from=required_instant(row["valid_from"]),
        valid_until=required_instant(row["valid_until"]),
    )


def standing(row: Row, at: datetime) -> RecipientStanding:
    """Return a row of `agency_standing`, with insurance judged at `at`."""
    insured_until = instant(row["insured_until"])
    return RecipientStanding(
        agency_id=str(row["agency_id"]),
        type=RecipientType(row["kind"]),
        active=row["active"],
        key_registered=row["key_registered"],
        insured=insured_until is not None and at < insured_until,
        joined_at=required_instant(row["joined_at"]),
    )


def person_flags(
    subject_id: UUID, row: Row | None, *, unsafe: bool, minor: date | None = None
) -> PersonFlags:
    """Return what a person has ruled out; nothing yet for someone new. `unsafe`: this referral says
    that it is not safe to contact them.

    A child is known by `minor_until`, rounded up to a month's first day: a rule about children then
    holds too long by days, never too short. The date of birth is sealed, and stands in no record of
    what a decision was made from: who is no minor is `GROWN_UP`, so that no parent speaks for them.
    `minor` is what a form has just said.
    """
    if row is None:
        return PersonFlags(
            subject_id=str(subject_id),
            date_of_birth=_latest_birth(minor) or GROWN_UP,
            unsafe_to_contact=unsafe,
        )
    return PersonFlags(
        subject_id=str(subject_id),
        never_share_with=frozenset(map(str, row["never_share_with"])),
        conflicts=frozenset(map(str, row["conflicts"])),
        deceased=row["deceased"],
        date_of_birth=_latest_birth(minor or row["minor_until"]) or GROWN_UP,
        unsafe_to_contact=unsafe,
    )


def minor_until(born: date, day: date) -> date | None:
    """Return the first of the month after the 18th birthday of someone who is a minor on `day`."""
    months = (born.year + ADULT_AT) * 12 + born.month
    until = date(months // 12, months % 12 + 1, 1)
    return until if day < until else None


def may_be_child(born: date, day: date) -> bool:
    """Tell whether the rules about children may hold on `day` for someone born on `born`.

    True a few days too long, as `person_flags` takes it once the date of birth is sealed.
    """
    until = minor_until(born, day)
    latest = _latest_birth(until) if until else born
    return latest is not None and age_on(latest, day) < current_policy().child_until


def _latest_birth(until: str | date | None) -> date | None:
    if until is None:
        return None
    read = date.fromisoformat(until) if isinstance(until, str) else until
    return read.replace(year=read.year - ADULT_AT)


@lru_cache(maxsize=64)
def agreements_in(agreements_json: str) -> tuple[SharingAgreement, ...]:
    """Return every agreement of the text, which is read once."""
    return tuple(agreement(row) for row in orjson.loads(agreements_json))


@lru_cache(maxsize=64)
def standings_in(standing_json: str) -> Mapping[UUID, Row]:
    """Return rows of `agency_standing` by agency; the same text is read once."""
    return MappingProxyType({UUID(row["agency_id"]): row for row in orjson.loads(standing_json)})


def _midnight(value: str | date | None) -> datetime | None:
    if value is None:
        return None
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
