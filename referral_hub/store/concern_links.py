"""Links for concerns as rows: an employer's own, and the one that somebody opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.errors import NotFound


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link without what would open it; `sent` counts its concerns by state and reason."""

    id: UUID
    agency_id: UUID
    label: str
    created_at: datetime
    revoked_at: datetime | None
    sent: list[dict[str, object]] | None = None


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that somebody opened, and the name of the employer."""

    id: UUID
    agency_id: UUID
    agency_name: str


_LIST = text(
    """
    SELECT l.id, l.agency_id, l.label, l.created_at, l.revoked_at,
        (SELECT json_agg(c) FROM (
            SELECT s.state, s.reason, count(*) AS count FROM staged_item s
            WHERE s.batch_id = l.id GROUP BY s.state, s.reason ORDER BY s.state, s.reason
        ) c)
    FROM concern_link l ORDER BY l.revoked_at IS NOT NULL, l.id DESC LIMIT 100
    """
)
_OPEN = text(
    "SELECT l.id, l.agency_id, a.name FROM concern_link l JOIN agency a ON a.id = l.agency_id"
    " WHERE l.token_digest = :digest AND l.revoked_at IS NULL AND a.active"
)


def all_of(connection: Connection) -> list[LinkRow]:
    """Return the acting agency's links, those in use first."""
    return [LinkRow(*row) for row in connection.execute(_LIST)]


def one(connection: Connection, link_id: UUID) -> LinkRow:
    """Return a link of the acting agency. Raises NotFound."""
    row = connection.execute(
        text(
            "SELECT id, agency_id, label, created_at, revoked_at FROM concern_link WHERE id = :id"
        ),
        {"id": link_id},
    ).one_or_none()
    if row is None:
        raise NotFound
    return LinkRow(*row)


def opened(connection: Connection, digest: bytes) -> OpenLink:
    """Return the link in use with this digest (`hub_worker`). Raises NotFound."""
    row = connection.execute(_OPEN, {"digest": digest}).one_or_none()
    if row is None:
        raise NotFound
    return OpenLink(*row)


def revoke(connection: Connection, link_id: UUID, *, by: UUID, at: datetime) -> bool:
    """Stop a link; False if it had been stopped."""
    done = connection.execute(
        text(
            "UPDATE concern_link SET revoked_at = :at, revoked_by = :by"
            " WHERE id = :id AND revoked_at IS NULL"
        ),
        {"id": link_id, "by": by, "at": at},
    )
    return done.rowcount == 1
