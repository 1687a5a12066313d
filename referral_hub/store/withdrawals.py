"""The statements of a withdrawal: lock what it will move, and stop what has not left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.errors import NotFound


@dataclass(frozen=True, slots=True, repr=False)
class SubjectKeyRow:
    """A person's id and wrapped key."""

    id: UUID
    wrapped_key: bytes

    def __repr__(self) -> str:
        return "<SubjectKeyRow>"


_CANCEL = text(
    """
    WITH before AS (
        SELECT id, task_id, lease_until FROM outbox
        WHERE referral_id = :id AND state = 'due' AND kind <> 'withdrawal' FOR UPDATE
    ), stopped AS (
        UPDATE outbox SET state = 'cancelled', last_code = 'withdrawn', settled_at = :at
        FROM before WHERE outbox.id = before.id
    )
    SELECT task_id, max(lease_until) FROM before
    WHERE lease_until > :at AND task_id IS NOT NULL GROUP BY task_id
    """
)


def subject_key(connection: Connection, subject_id: UUID) -> SubjectKeyRow:
    """Return the wrapped key of the acting agency's person. Raises NotFound when erased."""
    row = connection.execute(
        text("SELECT id, wrapped_key FROM subject WHERE id = :id"), {"id": subject_id}
    ).one_or_none()
    if row is None or row.wrapped_key is None:
        raise NotFound
    return SubjectKeyRow(row.id, row.wrapped_key)


def lock_tasks(connection: Connection, referral_id: UUID) -> None:
    """Keep every task of a referral from moving until this transaction ends."""
    connection.execute(
        text("SELECT id FROM task WHERE referral_id = :id ORDER BY id FOR UPDATE"),
        {"id": referral_id},
    )


def cancel_unsent(connection: Connection, referral_id: UUID, at: datetime) -> dict[UUID, datetime]:
    """Cancel every unsent delivery; returns tasks whose delivery is leased now, and until when."""
    return {row[0]: row[1] for row in connection.execute(_CANCEL, {"id": referral_id, "at": at})}
