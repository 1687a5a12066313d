"""Rows read by the release service, as the values that decisions and seals are made with."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from consent.model import Concern, Purpose
from referral_hub.audit.events import SubjectKey
from referral_hub.crypto.records import RecordContext, StoredRecord
from referral_hub.domain.codes import ServiceStatus
from referral_hub.domain.working_hours import LONDON
from referral_hub.errors import CryptoError
from referral_hub.services import facts, record
from referral_hub.services.place import Case
from referral_hub.store.cases import CaseBatch, CaseRows


def case_of(batch: CaseBatch, rows: CaseRows) -> Case:
    """Return the case of one referral. Raises CryptoError when the person has been erased."""
    subject, referral = subject_of(rows), rows.referral
    who = str(subject.id)
    return Case(
        referral_id=referral["id"],
        subject=subject,
        sender=subject.owner,
        person=facts.person_flags(subject.id, rows.subject, unsafe=referral["unsafe_to_contact"]),
        events=tuple(map(facts.consent_event, rows.consent_events)),
        proxies=tuple(map(facts.proxy, rows.proxies)),
        agreements=facts.agreements_in(rows.agreements),
        standings=batch.standings,
        classes=record.classes_of(rows.sealed["field_ids"]),
        capacity=facts.capacity(who, referral["capacity"]) if referral["capacity"] else None,
        child=facts.child(who, referral["child"]) if referral["child"] else None,
        concern=concern_of(referral["id"], subject, referral["created_at"])
        if referral["purpose"] == Purpose.SAFEGUARDING
        else None,
    )


def concern_of(referral_id: UUID, subject: SubjectKey, raised_at: datetime) -> Concern:
    """Return the safeguarding concern that a referral is; its reasons are one of its fields."""
    reasons = f"{referral_id}/{record.CONCERN_FIELD}"
    return Concern(str(referral_id), str(subject.id), reasons, raised_at)


def subject_of(rows: CaseRows) -> SubjectKey:
    """Return the person's key row. Raises CryptoError when it has been deleted."""
    wrapped = rows.subject["wrapped_key"]
    if wrapped is None:
        raise CryptoError("the subject key has been deleted")
    return SubjectKey(rows.subject["id"], rows.subject["origin_agency_id"], wrapped)


def record_context(referral_id: UUID, version: int, subject: SubjectKey) -> RecordContext:
    """Return what a referral's ciphertext is bound to."""
    return RecordContext(
        schema=record.SCHEMA,
        type="referral",
        id=str(referral_id),
        version=version,
        owner=str(subject.owner),
        subject_key_id=str(subject.id),
    )


def stored_record(rows: CaseRows) -> StoredRecord:
    """Return the sealed record as the crypto package opens it."""
    subject = subject_of(rows)
    sealed = rows.sealed
    return StoredRecord(
        context=record_context(rows.referral["id"], sealed["version"], subject),
        wrapped_subject_key=subject.wrapped,
        wrapped_record_key=sealed["wrapped_record_key"],
        key_commitment=sealed["key_commitment"],
        ciphertexts=dict(zip(sealed["field_ids"], sealed["ciphertexts"], strict=True)),
    )


def still_planned(batch: CaseBatch, service_id: UUID | None, at: datetime) -> bool:
    """Tell whether a planned service is still open for business; the owner always is."""
    if service_id is None:
        return True
    row = batch.services.get(service_id)
    if row is None or not row["active"] or row["status"] != ServiceStatus.ACTIVE:
        return False
    paused_until: date | None = row["paused_until"]
    return paused_until is None or paused_until < at.astimezone(LONDON).date()


def age_of(created_at: datetime, at: datetime) -> int:
    """Return whole days since `created_at`."""
    return (at - created_at).days
