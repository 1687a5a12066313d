"""Registers that only the owner of the tables writes: agencies, areas, services, agreements,
endpoints.

The hub's own roles may read them and no more, so a fault in a page cannot add an agency. Agreements
have a register of their own (`store.register_items`), where two people put them in force.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from referral_hub.store import tables
from referral_hub.store.engine import open_owner, reachable

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AgencyLine:
    """An agency as a list shows it."""

    id: UUID
    name: str
    kind: str
    active: bool
    nation: str


@contextmanager
def as_owner(url: str) -> Iterator[Connection]:
    """One transaction as the owner of the tables."""
    engine = open_owner(url)
    try:
        with reachable(), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def is_empty(connection: Connection) -> bool:
    """Tell whether no agency has been registered yet."""
    count = connection.execute(select(func.count()).select_from(tables.agency)).scalar_one()
    return int(count) == 0


def add(connection: Connection, table: str, rows: Sequence[Row]) -> None:
    """Insert rows into a register."""
    if rows:
        connection.execute(insert(tables.metadata.tables[table]), [dict(row) for row in rows])


def agency_named(connection: Connection, name: str) -> UUID | None:
    """Return the agency of exactly this name."""
    statement = select(tables.agency.c.id).where(tables.agency.c.name == name)
    found: UUID | None = connection.execute(statement).scalar()
    return found


def agencies(connection: Connection) -> list[AgencyLine]:
    """Return every agency, by name."""
    table = tables.agency.c
    columns = (table.id, table.name, table.kind, table.active, table.nation)
    statement = select(*columns).order_by(table.name)
    return [AgencyLine(*row) for row in connection.execute(statement)]


def set_active(connection: Connection, agency_id: UUID, *, active: bool) -> None:
    """Say whether an agency takes part."""
    table = tables.agency
    connection.execute(update(table).where(table.c.id == agency_id).values(active=active))


def set_nation(connection: Connection, agency_id: UUID, nation: str) -> None:
    """Say whose bank holidays count for an agency."""
    table = tables.agency
    connection.execute(update(table).where(table.c.id == agency_id).values(nation=nation))


def put_area(connection: Connection, code: str, name: str, owner_agency_id: UUID) -> None:
    """Register an area, or change its name and the council that is accountable for its people."""
    row = {"code": code, "name": name, "owner_agency_id": owner_agency_id}
    statement = upsert(tables.area).values(**row)
    changed = {"name": name, "owner_agency_id": owner_agency_id}
    connection.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed))


def put_endpoint(connection: Connection, row: Row) -> None:
    """Register or replace how an agency is reached and which keys it has."""
    statement = upsert(tables.agency_endpoint).values(**row)
    changed = {name: statement.excluded[name] for name in row if name != "agency_id"}
    connection.execute(statement.on_conflict_do_update(index_elements=["agency_id"], set_=changed))
