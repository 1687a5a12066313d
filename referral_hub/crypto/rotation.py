"""One step of a root rotation: rewrap a batch of rows, return the ones that changed.

Pure of storage: the resumable loop, its transactions and its bookkeeping belong to the caller,
who selects rows by primary key, writes back what is returned and remembers where it was. Running
a batch twice changes nothing, because what is compared is the root version and not the row's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from referral_hub.crypto import contexts
from referral_hub.crypto.envelope import Wrapping, for_agency, rewrap_envelope
from referral_hub.crypto.keys import KeyService
from referral_hub.crypto.records import (
    ImportPartContext,
    MatterWordsContext,
    NoteContext,
    ReleaseContext,
)
from referral_hub.crypto.subject import subject_key_context


class Shape(Enum):
    """What the bytes of a row are: a wrapped key alone, or an envelope that begins with one."""

    WRAPPED_KEY = "wrapped_key"
    ENVELOPE = "envelope"


@dataclass(frozen=True, slots=True, repr=False)
class WrappedRow:
    """A row to rewrap. Make it by one of the functions below, which know its context."""

    row_id: str
    wrapped: bytes
    context: Mapping[str, str]
    shape: Shape
    agency_id: str | None = None

    def __repr__(self) -> str:
        return f"<WrappedRow {self.row_id}>"


def subject_key_row(*, row_id: str, subject_key_id: str, owner: str, wrapped: bytes) -> WrappedRow:
    """A wrapped subject key."""
    context = subject_key_context(subject_key_id, owner)
    return WrappedRow(row_id, wrapped, context, Shape.WRAPPED_KEY)


def release_row(*, row_id: str, agency_id: str, context: ReleaseContext, blob: bytes) -> WrappedRow:
    """Field keys released to an agency."""
    bound = contexts.release_context(context)
    return WrappedRow(row_id, blob, bound, Shape.ENVELOPE, agency_id)


def note_row(*, row_id: str, agency_id: str, context: NoteContext, wrapped: bytes) -> WrappedRow:
    """A note's key as wrapped for one of its two agencies."""
    bound = contexts.note_context(context)
    return WrappedRow(row_id, wrapped, bound, Shape.WRAPPED_KEY, agency_id)


def agency_openings_row(*, row_id: str, agency_id: str, entry_id: str, sealed: bytes) -> WrappedRow:
    """The openings of a log entry that is about no person."""
    bound = contexts.agency_openings_context(agency_id, entry_id)
    return WrappedRow(row_id, sealed, bound, Shape.ENVELOPE, agency_id)


def matter_words_row(*, row_id: str, context: MatterWordsContext, sealed: bytes) -> WrappedRow:
    """Words about a matter."""
    bound = contexts.matter_words_context(context)
    return WrappedRow(row_id, sealed, bound, Shape.ENVELOPE, context.agency_id)


def draft_row(*, row_id: str, user_id: str, draft_id: str, sealed: bytes) -> WrappedRow:
    """A sealed draft."""
    bound = contexts.draft_context(user_id, draft_id)
    return WrappedRow(row_id, sealed, bound, Shape.ENVELOPE)


def staged_row(*, row_id: str, agency_id: str, item_id: str, sealed: bytes) -> WrappedRow:
    """A staged item."""
    bound = contexts.staged_context(agency_id, item_id)
    return WrappedRow(row_id, sealed, bound, Shape.ENVELOPE, agency_id)


def import_part_row(*, row_id: str, context: ImportPartContext, sealed: bytes) -> WrappedRow:
    """A part of an agency's file."""
    bound = contexts.import_part_context(context)
    return WrappedRow(row_id, sealed, bound, Shape.ENVELOPE, context.agency_id)


def secret_row(*, row_id: str, user_id: str, sealed: bytes) -> WrappedRow:
    """A sealed sign-in secret."""
    return WrappedRow(row_id, sealed, contexts.secret_context(user_id), Shape.ENVELOPE)


def rewrap_batch(keys: KeyService, rows: Iterable[WrappedRow]) -> dict[str, bytes]:
    """Row id → new bytes, for the rows that were not under the newest root version yet.

    Raises CryptoError at the first row that does not open: nothing of the batch is then returned.
    """
    changed: dict[str, bytes] = {}
    for row in rows:
        new = _rewrap(keys, row)
        if new is not row.wrapped:
            changed[row.row_id] = new
    return changed


def _rewrap(keys: KeyService, row: WrappedRow) -> bytes:
    if row.agency_id is None:
        rewrap: Wrapping = keys.rewrap
    else:
        rewrap = for_agency(keys.rewrap_for_agency, row.agency_id)
    if row.shape is Shape.WRAPPED_KEY:
        return rewrap(row.context, row.wrapped)
    return rewrap_envelope(rewrap, row.context, row.wrapped)
