"""Shared reference data: areas and the agencies that look after them."""

from __future__ import annotations

from dataclasses import dataclass
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


def agency_ids(connection: Connection) -> list[UUID]:
    """Return every agency's id."""
    return list(connection.execute(text("SELECT id FROM agency ORDER BY id")).scalars())
