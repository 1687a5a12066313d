"""The one door to plaintext. Its importers are listed in the import contracts, and the list is
short.

Every function takes the context it expects and fails if the bytes say otherwise; the commitment
of a key is checked before anything is decrypted under it, because GCM alone would let one
ciphertext open to two plaintexts under two keys.

Limit: this module opens what it is asked to. Whether it may is decided, and logged, before the
call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from referral_hub.crypto import aead, contexts
from referral_hub.crypto.binding import Reader, write_parts
from referral_hub.crypto.envelope import (
    for_agency,
    open_envelope,
    open_envelopes,
    seal_envelope,
)
from referral_hub.crypto.kdf import Prk, extract
from referral_hub.crypto.keys import KeyService
from referral_hub.crypto.records import (
    ImportPartContext,
    MatterWordsContext,
    NoteContext,
    OpeningsContext,
    RecordContext,
    ReleaseContext,
    SealedNote,
    StatementContext,
    StoredRecord,
)
from referral_hub.crypto.seal import RECORD_SALT
from referral_hub.crypto.subject import open_subject_key
from referral_hub.errors import CryptoError


def open_fields(
    keys: KeyService, record: StoredRecord, field_ids: Iterable[str]
) -> dict[str, bytes]:
    """Open the named fields and no others. Raises CryptoError for a field the record lacks."""
    field_root = _field_root(keys, record)
    shared = contexts.fields_binding(record.context, record.key_commitment)
    return {
        field_id: _open_field(
            field_root.key(contexts.field_key_info(field_id)),
            _ciphertext(record.ciphertexts, field_id),
            contexts.field_binding(shared, field_id),
        )
        for field_id in field_ids
    }


def release_fields(
    keys: KeyService,
    record: StoredRecord,
    field_ids: Iterable[str],
    *,
    recipient_agency_id: str,
    context: ReleaseContext,
) -> bytes:
    """The keys of the named fields, sealed for one agency, one task and one stage.

    Raises CryptoError if there are no fields, if the record lacks one, or if `context` is about
    another record.
    """
    if context.record != record.context:
        raise CryptoError("release context names another record than the one given")
    names = sorted(set(field_ids))
    if not names:
        raise CryptoError("no fields are named: a release of nothing is not made")
    field_root = _field_root(keys, record)
    parts = [record.key_commitment]
    for name in names:
        _ciphertext(record.ciphertexts, name)
        parts += [name.encode(), field_root.key(contexts.field_key_info(name))]
    wrap = for_agency(keys.wrap_for_agency, recipient_agency_id)
    return seal_envelope(wrap, contexts.release_context(context), write_parts(parts))


def open_released(
    keys: KeyService,
    agency_id: str,
    blob: bytes,
    *,
    ciphertexts: Mapping[str, bytes],
    context: ReleaseContext,
) -> dict[str, bytes]:
    """Open every field of a release, as the agency it was made for.

    `ciphertexts` are the record's; it may hold more fields than were released, never fewer.
    """
    unwrap = for_agency(keys.unwrap_for_agency, agency_id)
    reader = Reader(open_envelope(unwrap, contexts.release_context(context), blob))
    shared = contexts.fields_binding(context.record, reader.part())
    opened: dict[str, bytes] = {}
    while not reader.at_end():
        field_id, key = reader.part().decode(), reader.part()
        bound = contexts.field_binding(shared, field_id)
        opened[field_id] = _open_field(key, _ciphertext(ciphertexts, field_id), bound)
    return opened


def open_openings(
    keys: KeyService, *, wrapped_subject_key: bytes, context: OpeningsContext, sealed: bytes
) -> dict[str, tuple[bytes, bytes]]:
    """A log entry's commitment openings: field → (salt, value)."""
    subject = open_subject_key(
        keys,
        subject_key_id=context.subject_key_id,
        owner=context.owner,
        wrapped=wrapped_subject_key,
    )
    bound = contexts.openings_binding(context)
    return _read_openings(aead.unpad(aead.decrypt(Prk(subject).key(bound), sealed, bound)))


def open_statement(
    keys: KeyService, *, wrapped_subject_key: bytes, context: StatementContext, sealed: bytes
) -> bytes:
    """The words of a statement. Raises CryptoError for another person's, kind or place."""
    subject = open_subject_key(
        keys,
        subject_key_id=context.subject_key_id,
        owner=context.owner,
        wrapped=wrapped_subject_key,
    )
    bound = contexts.statement_binding(context)
    return aead.unpad(aead.decrypt(Prk(subject).key(bound), sealed, bound))


def open_agency_openings(
    keys: KeyService, *, agency_id: str, entry_id: str, sealed: bytes
) -> dict[str, tuple[bytes, bytes]]:
    """The openings that `seal_agency_openings` sealed."""
    unwrap = for_agency(keys.unwrap_for_agency, agency_id)
    context = contexts.agency_openings_context(agency_id, entry_id)
    return _read_openings(open_envelope(unwrap, context, sealed))


def open_note(keys: KeyService, *, agency_id: str, context: NoteContext, note: SealedNote) -> bytes:
    """A note's text, for one of its two agencies. Raises CryptoError for any other."""
    if agency_id not in context.readers():
        raise CryptoError("this agency is not a party to the note")
    is_origin = agency_id == context.origin_agency
    wrapped = note.wrapped_for_origin if is_origin else note.wrapped_for_recipient
    key = keys.unwrap_for_agency(agency_id, contexts.note_context(context), wrapped)
    aead.check_commitment(key, note.key_commitment)
    return aead.unpad(aead.decrypt(key, note.ciphertext, contexts.note_binding(context)))


def open_matter_words(keys: KeyService, *, context: MatterWordsContext, sealed: bytes) -> bytes:
    """What `seal_matter_words` sealed, as the agency that keeps it. Raises CryptoError."""
    unwrap = for_agency(keys.unwrap_for_agency, context.agency_id)
    return open_envelope(unwrap, contexts.matter_words_context(context), sealed)


def open_draft(keys: KeyService, *, user_id: str, draft_id: str, sealed: bytes) -> bytes:
    """A user's own half-filled form."""
    return open_envelope(keys.unwrap, contexts.draft_context(user_id, draft_id), sealed)


def open_drafts(keys: KeyService, drafts: Iterable[tuple[str, str, bytes]]) -> Iterator[bytes]:
    """Each (user, draft, sealed form) in turn, their keys unwrapped all at once."""
    sealed = [(contexts.draft_context(user, draft), blob) for user, draft, blob in drafts]
    return open_envelopes(keys.unwrap_many, sealed)


def open_staged(keys: KeyService, *, agency_id: str, item_id: str, sealed: bytes) -> bytes:
    """A staged item of the agency that received it. Raises CryptoError for any other."""
    unwrap = for_agency(keys.unwrap_for_agency, agency_id)
    return open_envelope(unwrap, contexts.staged_context(agency_id, item_id), sealed)


def open_staged_items(
    keys: KeyService, agency_id: str, items: Iterable[tuple[str, bytes]]
) -> Iterator[bytes]:
    """Each (item, sealed) of the agency in turn, their keys unwrapped all at once."""
    sealed = [(contexts.staged_context(agency_id, item), blob) for item, blob in items]
    return open_envelopes(partial(keys.unwrap_many_for_agency, agency_id), sealed)


def open_import_part(keys: KeyService, *, context: ImportPartContext, sealed: bytes) -> bytes:
    """A part of the agency's own file; a part in another's place does not open."""
    unwrap = for_agency(keys.unwrap_for_agency, context.agency_id)
    return open_envelope(unwrap, contexts.import_part_context(context), sealed)


def open_secret(keys: KeyService, *, user_id: str, sealed: bytes) -> bytes:
    """A user's own sign-in secret."""
    return open_envelope(keys.unwrap, contexts.secret_context(user_id), sealed)


def _field_root(keys: KeyService, record: StoredRecord) -> Prk:
    context: RecordContext = record.context
    subject = open_subject_key(
        keys,
        subject_key_id=context.subject_key_id,
        owner=context.owner,
        wrapped=record.wrapped_subject_key,
    )
    bound = contexts.record_binding(context)
    record_key = aead.decrypt(Prk(subject).key(bound), record.wrapped_record_key, bound)
    aead.check_commitment(record_key, record.key_commitment)
    return Prk(extract(RECORD_SALT, record_key))


def _open_field(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    return aead.unpad(aead.decrypt(key, sealed, bound))


def _ciphertext(ciphertexts: Mapping[str, bytes], field_id: str) -> bytes:
    try:
        return ciphertexts[field_id]
    except KeyError:
        raise CryptoError(f"field {field_id} is not in the record") from None


def _read_openings(data: bytes) -> dict[str, tuple[bytes, bytes]]:
    reader = Reader(data)
    openings: dict[str, tuple[bytes, bytes]] = {}
    while not reader.at_end():
        field = reader.part().decode()
        openings[field] = (reader.part(), reader.part())
    return openings
