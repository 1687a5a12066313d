"""What an agency may say of its own person besides their referrals: that they have died."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text


def mark_deceased(connection: Connection, subject_id: UUID, *, died: bool) -> bool:
    """Set whether the acting agency's person has died; False when it was set so already."""
    done = connection.execute(
        text("UPDATE subject SET deceased = :died WHERE id = :id AND deceased <> :died"),
        {"id": subject_id, "died": died},
    )
    return done.rowcount == 1


def is_deceased(connection: Connection, subject_id: UUID) -> bool:
    """Tell whether it is recorded that the acting agency's person has died."""
    found = connection.execute(
        text("SELECT deceased FROM subject WHERE id = :id"), {"id": subject_id}
    )
    return bool(found.scalar())


def referrals_of(connection: Connection, subject_id: UUID) -> list[UUID]:
    """Return the ids of a person's referrals, oldest first."""
    found = connection.execute(
        text("SELECT id FROM referral WHERE subject_id = :id ORDER BY id"), {"id": subject_id}
    )
    return list(found.scalars())
