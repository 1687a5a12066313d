"""What people write about an emergency access: why it was claimed, and what a review found.

Words may name a person, so they are sealed for the two agencies concerned and no third. Nothing
here opens anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from referral_hub.crypto.records import NoteContext
from referral_hub.crypto.seal import seal_note
from referral_hub.services.hub import Hub
from referral_hub.store import change, emergency

REASON, REVIEW = "reason", "review"


@dataclass(frozen=True, slots=True, repr=False)
class Words:
    """Words with their id, what they are (`reason` or `review`) and the agency that wrote them."""

    id: UUID
    kind: str
    author: UUID
    text: str

    def __repr__(self) -> str:
        return f"<Words {self.kind}>"


def note_row(hub: Hub, ticket: emergency.Ticket, words: Words, at: datetime) -> change.Row:
    """Return sealed words about a ticket as a row."""
    sealed = seal_note(hub.keys, context=note_context(ticket, words.id), text=words.text.encode())
    return {
        "id": words.id,
        "access_id": ticket.id,
        "task_id": ticket.task_id,
        "origin_agency_id": ticket.origin_agency_id,
        "recipient_agency_id": ticket.actor_agency_id,
        "author_agency_id": words.author,
        "kind": words.kind,
        "wrapped_for_origin": sealed.wrapped_for_origin,
        "wrapped_for_recipient": sealed.wrapped_for_recipient,
        "key_commitment": sealed.key_commitment,
        "ciphertext": sealed.ciphertext,
        "key_version": hub.keys.version_of(sealed.wrapped_for_origin),
        "at": at,
    }


def note_context(ticket: emergency.Ticket, note_id: UUID) -> NoteContext:
    """Return what words about a ticket are bound to."""
    return NoteContext(
        note_id=str(note_id),
        task_id=str(ticket.task_id),
        origin_agency=str(ticket.origin_agency_id),
        recipient_agency=str(ticket.actor_agency_id),
    )
