"""From what happened to a log row, ready to be written in the same statement as the change.

The entry holds codes and commitments only. What the commitments mean (who, whom, which record,
which facts) is sealed beside it under the person's subject key, so that erasing the key unlinks the
entry while the tree still verifies. An event about no person is sealed for the acting agency
instead. The index columns repeat ids for the officer's filters; `audit.verify` checks that they
agree with the entry.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from consent.evidence.entry import (
    COMMITMENT_LABEL,
    SALT_BYTES,
    Agencies,
    Entry,
    EntryType,
    LawfulBasis,
    commit,
    encode,
)
from consent.evidence.merkle import leaf_hash
from referral_hub.crypto.keys import KeyService
from referral_hub.crypto.records import OpeningsContext
from referral_hub.crypto.seal import seal_agency_openings, seal_openings
from referral_hub.domain.ids import new_id
from referral_hub.store.change import LogRow

__all__ = ["EntryType", "Event", "LawfulBasis", "SubjectKey", "prepare"]


@dataclass(frozen=True, slots=True, repr=False)
class SubjectKey:
    """The person an event is about: id, origin agency and that person's wrapped key."""

    id: UUID
    owner: UUID
    wrapped: bytes

    def __repr__(self) -> str:
        return "<SubjectKey>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that must be in the log. `cites` are the ids of the facts relied on,
    `inputs` everything that a decision was made from (`consent.inputs`).

    `vouches_for` is the consent event that is written with it. With `seal_for_agency` the openings
    are sealed for the acting agency although a person is concerned: the person's key is going.
    """

    type: EntryType
    sender: UUID
    recipient: UUID | None = None
    actor_agency: UUID | None = None
    actor_user: UUID | None = None
    subject: SubjectKey | None = None
    referral_id: UUID | None = None
    purpose: str | None = None
    classes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    basis: LawfulBasis | None = None
    outcome: str | None = None
    rules: tuple[str, ...] = ()
    policy_hash: str | None = None
    cites: tuple[str, ...] = ()
    inputs: bytes | None = None
    ciphertext_hash: str | None = None
    details: Mapping[str, str | int | tuple[str, ...]] = field(default_factory=dict)
    vouches_for: UUID | None = None
    seal_for_agency: bool = False


def prepare(event: Event, keys: KeyService, at: datetime) -> LogRow:
    """Return the pending row of `event`; fresh salts each time. Raises EntryError, CryptoError."""
    entry_id = new_id(at)
    meant = _meant(event)
    salts = secrets.token_bytes(SALT_BYTES * len(meant))
    openings = {
        name: (salts[SALT_BYTES * place : SALT_BYTES * (place + 1)], value)
        for place, (name, value) in enumerate(meant)
    }
    encoded = encode(
        Entry(
            id=str(entry_id),
            type=event.type,
            at=at,
            agencies=Agencies(
                sender=str(event.sender),
                recipient=_text(event.recipient),
                actor=_text(event.actor_agency),
            ),
            purpose=event.purpose,
            classes=event.classes,
            fields=event.fields,
            basis=event.basis,
            outcome=event.outcome,
            rules=event.rules,
            policy_hash=event.policy_hash,
            commitments={
                name: commit(COMMITMENT_LABEL, name, salt=salt, value=value)
                for name, (salt, value) in openings.items()
            },
            ciphertext_hash=event.ciphertext_hash,
            details=event.details,
        )
    )
    row = {
        "id": entry_id,
        "entry": encoded,
        "leaf_hash": leaf_hash(encoded),
        "type": event.type.value,
        "at": at,
        "sender_agency_id": event.sender,
        "recipient_agency_id": event.recipient,
        "actor_agency_id": event.actor_agency,
        "actor_user_id": event.actor_user,
        "subject_id": event.subject.id if event.subject else None,
        "referral_id": event.referral_id,
        "outcome": event.outcome,
    }
    opening = _opening(event, keys, entry_id, openings) if openings else None
    return LogRow(row, opening, event.vouches_for)


def _meant(event: Event) -> list[tuple[str, bytes]]:
    meant = [
        ("actor", event.actor_user),
        ("subject", event.subject.id if event.subject else None),
        ("record", event.referral_id),
        ("facts", "\n".join(sorted(event.cites)) or None),
    ]
    named = [(name, str(value).encode()) for name, value in meant if value is not None]
    return named if event.inputs is None else [*named, ("inputs", event.inputs)]


def _opening(
    event: Event, keys: KeyService, entry_id: UUID, openings: dict[str, tuple[bytes, bytes]]
) -> dict[str, object]:
    agency = event.actor_agency or event.sender
    if event.subject is None or event.seal_for_agency:
        sealed = seal_agency_openings(
            keys, agency_id=str(agency), entry_id=str(entry_id), openings=openings
        )
        version: int | None = keys.version_of(sealed)
        sealed_for = None
    else:
        context = OpeningsContext(str(entry_id), str(event.subject.owner), str(event.subject.id))
        sealed = seal_openings(
            keys, wrapped_subject_key=event.subject.wrapped, context=context, openings=openings
        )
        version, sealed_for = None, event.subject.id
    return {
        "entry_id": entry_id,
        "subject_id": sealed_for,
        "agency_id": agency,
        "sealed_openings": sealed,
        "key_version": version,
    }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
