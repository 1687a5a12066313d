"""Searches that officers have saved: their own, and those shared in the agency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search by name; `filters` are the query of the log's page. `owner` is who saved it."""

    id: UUID
    user_id: UUID
    name: str
    filters: Mapping[str, str]
    shared: bool
    owner: str | None


_FOR_USER = text(
    """
    SELECT s.id, s.user_id, s.name, s.filters, s.shared, u.display_name
    FROM saved_search s LEFT JOIN staff_user u ON u.id = s.user_id
    WHERE s.agency_id = :us AND (s.user_id = :user OR s.shared) ORDER BY lower(s.name), s.id
    """
)


def for_user(connection: Connection, us: UUID, user: UUID) -> Sequence[SavedSearch]:
    """Return a user's searches and those that colleagues share, by name."""
    rows = connection.execute(_FOR_USER, {"us": us, "user": user})
    return [SavedSearch(*row) for row in rows]


def remove(connection: Connection, search_id: UUID, *, user: UUID) -> bool:
    """Remove a user's own search; False where there is none."""
    done = connection.execute(
        text("DELETE FROM saved_search WHERE id = :id AND user_id = :user"),
        {"id": search_id, "user": user},
    )
    return bool(done.rowcount)
