"""The order in which an agency wants fields, as a row of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

_KEEP = text(
    "INSERT INTO agency_layout (agency_id, field_ids, updated_at) VALUES (:agency, :fields, :at)"
    " ON CONFLICT (agency_id) DO UPDATE SET field_ids = excluded.field_ids,"
    " updated_at = excluded.updated_at"
)


def order(connection: Connection) -> Sequence[str]:
    """Return the acting agency's order of field ids; empty where it has none."""
    found: Sequence[str] | None = connection.execute(
        text("SELECT field_ids FROM agency_layout WHERE agency_id = acting_agency()")
    ).scalar()
    return found or ()


def keep(connection: Connection, agency_id: UUID, field_ids: Sequence[str], at: datetime) -> None:
    """Store the acting agency's order."""
    connection.execute(_KEEP, {"agency": agency_id, "fields": list(field_ids), "at": at})
