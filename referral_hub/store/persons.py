"""What an agency may say of its own person besides their referrals: that they have died, and whom
they never want to be asked.
"""

from __future__ import annotations

from collections.abc import Collection
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


def never_of(connection: Connection, subject_id: UUID) -> list[UUID]:
    """Return the agencies that the acting agency's person rules out."""
    found = connection.execute(
        text("SELECT unnest(never_share_with) FROM subject WHERE id = :id"), {"id": subject_id}
    )
    return list(found.scalars())


def set_never(
    connection: Connection, subject_id: UUID, *, added: Collection[UUID], lifted: Collection[UUID]
) -> None:
    """Add agencies to those that the person rules out, and take others away."""
    connection.execute(
        text(
            "UPDATE subject SET never_share_with = ARRAY(SELECT one"
            " FROM (SELECT unnest(never_share_with) UNION SELECT unnest(CAST(:added AS uuid[])))"
            " AS x (one) WHERE one <> ALL (CAST(:lifted AS uuid[])) ORDER BY one) WHERE id = :id"
        ),
        {"id": subject_id, "added": list(added), "lifted": list(lifted)},
    )
