"""What each envelope is bound to, said once for sealing, opening and rotation alike."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from referral_hub.crypto.binding import bind, netstring
from referral_hub.crypto.records import (
    ImportPartContext,
    MatterWordsContext,
    NoteContext,
    OpeningsContext,
    RecordContext,
    ReleaseContext,
    StatementContext,
)


def draft_context(user_id: str, draft_id: str) -> Mapping[str, str]:
    """A half-filled form of one user."""
    return {"purpose": "draft", "user_id": user_id, "draft_id": draft_id}


def staged_context(agency_id: str, item_id: str) -> Mapping[str, str]:
    """A staged item of the agency that receives it."""
    return {"purpose": "staged", "agency_id": agency_id, "item_id": item_id}


def import_part_context(part: ImportPartContext) -> Mapping[str, str]:
    """A part of an agency's file."""
    return {
        "purpose": "import",
        "agency_id": part.agency_id,
        "import_id": part.import_id,
        "part": part.part,
        "number": str(part.number),
    }


def secret_context(user_id: str) -> Mapping[str, str]:
    """A user's sign-in secret (TOTP, RFC 6238)."""
    return {"purpose": "sign-in-secret", "user_id": user_id}


def release_context(release: ReleaseContext) -> Mapping[str, str]:
    """Field keys released to one agency for one task and stage."""
    record = release.record
    return {
        "purpose": "release",
        "task_id": release.task_id,
        "stage": release.stage,
        "schema": record.schema,
        "type": record.type,
        "id": record.id,
        "version": str(record.version),
        "owner": record.owner,
        "subject_key_id": record.subject_key_id,
    }


def note_context(note: NoteContext) -> Mapping[str, str]:
    """The key of one note."""
    return {
        "purpose": "note",
        "note_id": note.note_id,
        "task_id": note.task_id,
        "origin_agency": note.origin_agency,
        "recipient_agency": note.recipient_agency,
    }


def note_binding(note: NoteContext) -> bytes:
    """What a note's ciphertext is bound to."""
    return bind("note/v1", note.parts())


def matter_words_context(words: MatterWordsContext) -> Mapping[str, str]:
    """Words about a request, a breach or a complaint, for the agency that keeps it."""
    return {
        "purpose": "matter-words",
        "words_id": words.words_id,
        "matter_id": words.matter_id,
        "agency_id": words.agency_id,
        "kind": words.kind,
    }


def agency_openings_context(agency_id: str, entry_id: str) -> Mapping[str, str]:
    """Commitment openings of a log entry that is about no person."""
    return {"purpose": "openings", "agency_id": agency_id, "entry_id": entry_id}


def record_binding(context: RecordContext) -> bytes:
    """What a record key is bound to under its subject key."""
    return bind("record-key/v1", context.parts())


def fields_binding(context: RecordContext, key_commitment: bytes) -> bytes:
    """The part of `field_binding` that all fields of a record share.

    The commitment stands as the record key's id.
    """
    return bind("field/v1", (*context.parts(), key_commitment.hex()))


def field_binding(shared: bytes, field_id: str) -> bytes:
    """What a field's ciphertext is bound to: its record, version, owner, keys and field id."""
    return shared + netstring(field_id).encode()


@lru_cache(maxsize=1024)
def field_key_info(field_id: str) -> bytes:
    """What a field's key is derived from, besides the record key."""
    return bind("field-key/v1", (field_id,))


def openings_binding(context: OpeningsContext) -> bytes:
    """What commitment openings are bound to under the subject key."""
    return bind("openings/v1", (context.entry_id, context.owner, context.subject_key_id))


def statement_binding(context: StatementContext) -> bytes:
    """What a statement about deciding for a person is bound to under the subject key."""
    parts = (context.statement_id, context.kind, context.owner, context.subject_key_id)
    return bind("statement/v1", parts)
