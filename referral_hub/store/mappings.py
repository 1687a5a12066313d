"""Mappings of files, version by version. Nothing is ever changed or removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.store.change import to_json


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One version of an agency's mapping, as it is stored."""

    version: int
    mapping: Mapping[str, Any]
    saved_by: UUID
    saved_at: datetime


_SELECT = "SELECT version, mapping, saved_by, saved_at FROM import_mapping WHERE agency_id = :us"
_INSERT = text(
    "INSERT INTO import_mapping (agency_id, version, mapping, saved_by, saved_at, entry_id)"
    " VALUES (:us, :version, CAST(:mapping AS jsonb), :by, :at, :entry)"
)


def newest(connection: Connection, agency_id: UUID) -> MappingRow | None:
    """Return the version that holds now, if there is one."""
    row = connection.execute(
        text(f"{_SELECT} ORDER BY version DESC LIMIT 1"), {"us": agency_id}
    ).one_or_none()
    return None if row is None else MappingRow(*row)


def version(connection: Connection, agency_id: UUID, number: int) -> MappingRow | None:
    """Return one version."""
    row = connection.execute(
        text(f"{_SELECT} AND version = :version"), {"us": agency_id, "version": number}
    ).one_or_none()
    return None if row is None else MappingRow(*row)


def all_versions(connection: Connection, agency_id: UUID) -> list[MappingRow]:
    """Return the last twenty versions, newest first."""
    found = connection.execute(text(f"{_SELECT} ORDER BY version DESC LIMIT 20"), {"us": agency_id})
    return [MappingRow(*row) for row in found]


def add(connection: Connection, agency_id: UUID, row: MappingRow, *, entry_id: UUID) -> None:
    """Add a version."""
    connection.execute(
        _INSERT,
        {
            "us": agency_id,
            "version": row.version,
            "mapping": to_json([row.mapping])[1:-1],
            "by": row.saved_by,
            "at": row.saved_at,
            "entry": entry_id,
        },
    )
