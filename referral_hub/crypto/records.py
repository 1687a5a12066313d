"""The shapes that are sealed and opened. Ids and ciphertext only: nothing here is plaintext.

A context is what a ciphertext belongs to. It is bound into every seal, so a row swapped with
another, an older version put back, or a key moved between people fails to open instead of showing
the wrong person's data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from referral_hub.crypto.binding import write_parts


@dataclass(frozen=True, slots=True)
class RecordContext:
    """Which record version a ciphertext is: `owner` is the origin agency's id."""

    schema: str
    type: str
    id: str
    version: int
    owner: str
    subject_key_id: str

    def parts(self) -> tuple[str, ...]:
        """The values in their bound order."""
        version = str(self.version)
        return (self.schema, self.type, self.id, version, self.owner, self.subject_key_id)


@dataclass(frozen=True, slots=True, repr=False)
class SealedRecord:
    """What `seal_record` made: ciphertexts by field id, and their hash for the log entry."""

    wrapped_record_key: bytes
    key_commitment: bytes
    ciphertexts: Mapping[str, bytes]
    ciphertext_hash: bytes

    def __repr__(self) -> str:
        return "<SealedRecord>"


@dataclass(frozen=True, slots=True, repr=False)
class StoredRecord:
    """A record as read back; `ciphertexts` may hold only the fields that were read."""

    context: RecordContext
    wrapped_subject_key: bytes
    wrapped_record_key: bytes
    key_commitment: bytes
    ciphertexts: Mapping[str, bytes]

    def __repr__(self) -> str:
        return "<StoredRecord>"


@dataclass(frozen=True, slots=True)
class ReleaseContext:
    """Which release of which record: the task it was made for and its stage (offer, accepted)."""

    record: RecordContext
    task_id: str
    stage: str


@dataclass(frozen=True, slots=True)
class OpeningsContext:
    """Which log entry a set of commitment openings belongs to, and whose key seals them."""

    entry_id: str
    owner: str
    subject_key_id: str


@dataclass(frozen=True, slots=True)
class StatementContext:
    """Which statement about deciding for a person, and whose key seals it."""

    statement_id: str
    kind: str
    owner: str
    subject_key_id: str


@dataclass(frozen=True, slots=True)
class MatterWordsContext:
    """Which words about a request, a breach or a complaint, and whose agency keeps them."""

    words_id: str
    matter_id: str
    agency_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class ImportPartContext:
    """Which part of which agency's file: the file as it came, or the rows that go back."""

    agency_id: str
    import_id: str
    part: str
    number: int


@dataclass(frozen=True, slots=True)
class NoteContext:
    """A message about a task between the two agencies that may read it."""

    note_id: str
    task_id: str
    origin_agency: str
    recipient_agency: str

    def readers(self) -> tuple[str, str]:
        """The two agencies, origin first."""
        return (self.origin_agency, self.recipient_agency)

    def parts(self) -> tuple[str, ...]:
        """The values in their bound order."""
        return (self.note_id, self.task_id, *self.readers())


@dataclass(frozen=True, slots=True, repr=False)
class SealedNote:
    """A note's ciphertext and its key, wrapped once for each of the two agencies."""

    wrapped_for_origin: bytes
    wrapped_for_recipient: bytes
    key_commitment: bytes
    ciphertext: bytes

    def __repr__(self) -> str:
        return "<SealedNote>"


def hash_ciphertexts(key_commitment: bytes, ciphertexts: Mapping[str, bytes]) -> bytes:
    """SHA-256 over the commitment and every (field id, ciphertext), in field order."""
    parts = [b"referral-hub/ciphertext-hash/v1", key_commitment]
    for field_id in sorted(ciphertexts):
        parts += [field_id.encode(), ciphertexts[field_id]]
    return hashlib.sha256(write_parts(parts)).digest()
