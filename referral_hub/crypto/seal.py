"""Sealing: what may be called by whoever stores something. Nothing here opens anything for a
caller.

A record version gets a fresh key; each field is sealed under a key derived for that field, so
that releasing two fields to a recipient releases two keys and not the record. The record key is
wrapped under the subject key, which the root wraps.

Limit: which fields exist, and the length of each in steps of 64 bytes, stays visible to whoever
holds the ciphertext.
"""

from __future__ import annotations

from collections.abc import Mapping

from referral_hub.crypto import aead, contexts
from referral_hub.crypto.binding import write_parts
from referral_hub.crypto.envelope import for_agency, seal_envelope
from referral_hub.crypto.kdf import Prk, extract
from referral_hub.crypto.keys import KeyService
from referral_hub.crypto.records import (
    ImportPartContext,
    MatterWordsContext,
    NoteContext,
    OpeningsContext,
    RecordContext,
    SealedNote,
    SealedRecord,
    StatementContext,
    hash_ciphertexts,
)
from referral_hub.crypto.subject import open_subject_key
from referral_hub.errors import CryptoError

RECORD_SALT = b"referral-hub/record/v1"
Openings = Mapping[str, tuple[bytes, bytes]]


def seal_record(
    keys: KeyService,
    *,
    wrapped_subject_key: bytes,
    context: RecordContext,
    fields: Mapping[str, bytes],
) -> SealedRecord:
    """Seal each field of a record version under its own key.

    `fields` maps a field id ("identity.first_name") to its bytes. Raises CryptoError if there are
    none, or if the subject key is not that of `context`.
    """
    if not fields:
        raise CryptoError("fields are empty: a record without fields is not sealed")
    subject = _subject(keys, context, wrapped_subject_key)
    record_key = aead.new_key()
    commitment = aead.key_commitment(record_key)
    field_root = Prk(extract(RECORD_SALT, record_key))
    shared = contexts.fields_binding(context, commitment)
    ciphertexts = {
        field_id: aead.encrypt(
            field_root.key(contexts.field_key_info(field_id)),
            aead.pad(value),
            contexts.field_binding(shared, field_id),
        )
        for field_id, value in fields.items()
    }
    bound = contexts.record_binding(context)
    return SealedRecord(
        wrapped_record_key=aead.encrypt(subject.key(bound), record_key, bound),
        key_commitment=commitment,
        ciphertexts=ciphertexts,
        ciphertext_hash=hash_ciphertexts(commitment, ciphertexts),
    )


def seal_openings(
    keys: KeyService, *, wrapped_subject_key: bytes, context: OpeningsContext, openings: Openings
) -> bytes:
    """Seal a log entry's commitment openings, field → (salt, value), under the subject key."""
    subject = _subject(keys, context, wrapped_subject_key)
    bound = contexts.openings_binding(context)
    return aead.encrypt(subject.key(bound), aead.pad(_write_openings(openings)), bound)


def seal_statement(
    keys: KeyService, *, wrapped_subject_key: bytes, context: StatementContext, words: bytes
) -> bytes:
    """Seal who assessed or decided for a person, and why, under that person's key."""
    subject = _subject(keys, context, wrapped_subject_key)
    bound = contexts.statement_binding(context)
    return aead.encrypt(subject.key(bound), aead.pad(words), bound)


def seal_agency_openings(
    keys: KeyService, *, agency_id: str, entry_id: str, openings: Openings
) -> bytes:
    """Like `seal_openings`, for an entry that is about no person: wrapped for the acting agency."""
    wrap = for_agency(keys.wrap_for_agency, agency_id)
    context = contexts.agency_openings_context(agency_id, entry_id)
    return seal_envelope(wrap, context, _write_openings(openings))


def seal_note(keys: KeyService, *, context: NoteContext, text: bytes) -> SealedNote:
    """Seal a message about a task so that its two agencies, and no third, can open it."""
    if len(set(context.readers())) != 2:
        raise CryptoError("a note needs two different agencies: origin and recipient")
    key = aead.new_key()
    bound = contexts.note_context(context)
    origin, recipient = (keys.wrap_for_agency(agency, bound, key) for agency in context.readers())
    return SealedNote(
        wrapped_for_origin=origin,
        wrapped_for_recipient=recipient,
        key_commitment=aead.key_commitment(key),
        ciphertext=aead.encrypt(key, aead.pad(text), contexts.note_binding(context)),
    )


def seal_matter_words(keys: KeyService, *, context: MatterWordsContext, words: bytes) -> bytes:
    """Seal what an officer writes about a matter, for their agency alone."""
    wrap = for_agency(keys.wrap_for_agency, context.agency_id)
    return seal_envelope(wrap, contexts.matter_words_context(context), words)


def seal_draft(keys: KeyService, *, user_id: str, draft_id: str, data: bytes) -> bytes:
    """Seal a half-filled form so that only its own user's session opens it."""
    return seal_envelope(keys.wrap, contexts.draft_context(user_id, draft_id), data)


def seal_staged(keys: KeyService, *, agency_id: str, item_id: str, data: bytes) -> bytes:
    """Seal what waits for a person of one agency, under that agency's keys."""
    wrap = for_agency(keys.wrap_for_agency, agency_id)
    return seal_envelope(wrap, contexts.staged_context(agency_id, item_id), data)


def seal_import_part(keys: KeyService, *, context: ImportPartContext, data: bytes) -> bytes:
    """Seal a part of a file for the agency that sent it."""
    wrap = for_agency(keys.wrap_for_agency, context.agency_id)
    return seal_envelope(wrap, contexts.import_part_context(context), data)


def seal_secret(keys: KeyService, *, user_id: str, secret: bytes) -> bytes:
    """Seal a user's sign-in secret, such as the TOTP seed."""
    return seal_envelope(keys.wrap, contexts.secret_context(user_id), secret)


def _subject(
    keys: KeyService, context: RecordContext | OpeningsContext | StatementContext, wrapped: bytes
) -> Prk:
    key = open_subject_key(
        keys, subject_key_id=context.subject_key_id, owner=context.owner, wrapped=wrapped
    )
    return Prk(key)


def _write_openings(openings: Openings) -> bytes:
    if not openings:
        raise CryptoError("openings are empty: an entry without commitments has nothing to seal")
    return write_parts(
        part
        for field, (salt, value) in sorted(openings.items())
        for part in (field.encode(), salt, value)
    )
