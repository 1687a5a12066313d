"""Rows of `draft`: sealed forms of one user. Row-level security adds the agency to every statement.

Each statement also names the user, because colleagues share an agency but not their half-filled
forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from referral_hub.store.tables import draft


class DraftKind(StrEnum):
    """A half-filled referral, what became of one, or a page sent after a time-out."""

    REFERRAL = "referral"
    SENT = "sent"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class DraftKey:
    """Which draft, of which kind, user and agency."""

    id: UUID
    kind: DraftKind
    user_id: UUID
    agency_id: UUID


@dataclass(frozen=True, slots=True, repr=False)
class SealedForm:
    """Ciphertext, and the root key version that rotation compares."""

    data: bytes
    key_version: int

    def __repr__(self) -> str:
        return "<SealedForm>"


def insert_draft(
    connection: Connection,
    key: DraftKey,
    *,
    sealed: SealedForm,
    at: datetime,
) -> None:
    """Add a sealed form; one that is there already stays as it is."""
    connection.execute(
        insert(draft)
        .values(
            id=key.id,
            agency_id=key.agency_id,
            user_id=key.user_id,
            kind=key.kind,
            sealed_form=sealed.data,
            key_version=sealed.key_version,
            updated_at=at,
        )
        .on_conflict_do_nothing()
    )


def read_draft(connection: Connection, key: DraftKey, *, lock: bool = False) -> bytes | None:
    """Return the sealed form; `lock` keeps a second window from overwriting what this one reads."""
    query = select(draft.c.sealed_form).where(*_is(key))
    return connection.execute(query.with_for_update() if lock else query).scalar()


def update_draft(
    connection: Connection, key: DraftKey, *, sealed: SealedForm, at: datetime
) -> None:
    """Replace a sealed form."""
    connection.execute(
        update(draft)
        .where(*_is(key))
        .values(
            sealed_form=sealed.data,
            key_version=sealed.key_version,
            updated_at=at,
            version=draft.c.version + 1,
        )
    )


def latest(connection: Connection, user_id: UUID) -> UUID | None:
    """Return the half-filled referral that the user touched last."""
    return connection.execute(
        select(draft.c.id)
        .where(draft.c.user_id == user_id, draft.c.kind == DraftKind.REFERRAL)
        .order_by(draft.c.updated_at.desc())
        .limit(1)
    ).scalar()


def delete_draft(connection: Connection, key: DraftKey) -> None:
    """Remove one form; removing it twice is harmless."""
    connection.execute(delete(draft).where(*_is(key)))


def delete_kept_pages(connection: Connection, user_id: UUID) -> None:
    """Remove what earlier time-outs left of this user: only the last page is worth keeping."""
    connection.execute(
        delete(draft).where(draft.c.user_id == user_id, draft.c.kind == DraftKind.PAGE)
    )


def _is(key: DraftKey) -> tuple[ColumnElement[bool], ...]:
    return (draft.c.id == key.id, draft.c.kind == key.kind, draft.c.user_id == key.user_id)
