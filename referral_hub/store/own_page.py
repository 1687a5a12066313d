"""What a person's own page shows besides their referral: how to reach agencies, what they asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Connection, bindparam, text
from sqlalchemy import UUID as SqlUuid


@dataclass(frozen=True, slots=True)
class AskedRow:
    """A copy or a correction that was asked for on the page: where it stands, and by when."""

    kind: str
    reference: str
    state: str
    opened_at: datetime
    due_at: datetime | None


_CONTACTS = text(
    "SELECT DISTINCT ON (agency_id) agency_id, contact FROM agency_contact"
    " WHERE agency_id = ANY(:ids) ORDER BY agency_id, id DESC"
).bindparams(bindparam("ids", type_=ARRAY(SqlUuid)))
_ASKED = text(
    """
    SELECT m.kind, m.reference, m.state, m.opened_at, m.due_at FROM matter m
    WHERE m.id IN (SELECT s.matter_id FROM matter_step s
                   JOIN person_code c ON c.id = s.recorded_by
                   WHERE c.referral_id = :id AND s.event = 'record')
    ORDER BY m.id DESC LIMIT 10
    """
)
_UNTIL = text(
    "SELECT valid_until FROM consent_event WHERE referral_id = :id"
    " AND state IN ('given', 'renewed') ORDER BY recorded_at DESC, id DESC LIMIT 1"
)


def contacts(connection: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return how people reach these agencies, as the agencies say it now."""
    found = connection.execute(_CONTACTS, {"ids": list(ids)})
    return {row.agency_id: row.contact for row in found if row.contact}


def asked(connection: Connection, referral_id: UUID) -> list[AskedRow]:
    """Return what was asked for on this referral's page, the newest first."""
    return [AskedRow(*row) for row in connection.execute(_ASKED, {"id": referral_id})]


def agreed_until(connection: Connection, referral_id: UUID) -> datetime | None:
    """Return when the newest agreement ends; None where it does not."""
    found: datetime | None = connection.execute(_UNTIL, {"id": referral_id}).scalar()
    return found


def would_help(connection: Connection, task_id: UUID) -> None:
    """Note with a task that the person would like to help others."""
    connection.execute(
        text("UPDATE task SET give_help = 'would_like_to' WHERE id = :id"), {"id": task_id}
    )
