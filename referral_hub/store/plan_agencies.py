"""The names of the agencies in a referral's plan."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, select

from referral_hub.store.tables import agency


def names_of(connection: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of active agencies by id."""
    found = connection.execute(
        select(agency.c.id, agency.c.name).where(agency.c.id.in_(ids), agency.c.active)
    )
    return {row.id: row.name for row in found}
