"""Shared reference data: areas and the agencies that look after them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class AreaRow:
    """A place by code, and the council that is accountable for its people."""

    code: str
    name: str
    owner_agency_id: UUID


def areas(connection: Connection) -> list[AreaRow]:
    """Return every area, by name."""
    rows = connection.execute(text("SELECT code, name, owner_agency_id FROM area ORDER BY name"))
    return [AreaRow(*row) for row in rows]


def agency_named(connection: Connection, name: str) -> UUID | None:
    """Return the agency of exactly this name."""
    found: UUID | None = connection.execute(
        text("SELECT id FROM agency WHERE name = :name"), {"name": name}
    ).scalar()
    return found


def kind_of(connection: Connection, agency_id: UUID) -> str:
    """Return the kind of a registered agency."""
    found: str = connection.execute(
        text("SELECT kind FROM agency WHERE id = :id"), {"id": agency_id}
    ).scalar_one()
    return found


def agreed_recipients(connection: Connection, sender: UUID, at: datetime) -> dict[UUID, str]:
    """Return the agencies that a sharing agreement in date lets `sender` share with, by name."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT a.id, a.name FROM sharing_agreement g"
            " JOIN agency a ON a.id = g.recipient_agency_id"
            " WHERE g.sender_agency_id = :us AND a.active AND :at >= g.valid_from"
            " AND :at < g.valid_until ORDER BY a.name"
        ),
        {"us": sender, "at": at},
    )
    return {row.id: row.name for row in rows}


def agencies_by_name(connection: Connection) -> dict[str, UUID]:
    """Return the id of each active agency."""
    found = connection.execute(text("SELECT name, id FROM agency WHERE active"))
    return {row.name: row.id for row in found}


def agency_ids(connection: Connection) -> list[UUID]:
    """Return every agency's id."""
    return list(connection.execute(text("SELECT id FROM agency ORDER BY id")).scalars())
