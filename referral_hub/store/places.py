"""Places of open data: written by the owner of the tables, read by everybody who asks where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, text

from referral_hub.domain.geography import Point
from referral_hub.domain.place_rows import PlaceRow

Row = Mapping[str, Any]

_PUT = text(
    """
    INSERT INTO place (key, name, latitude, longitude, area)
    SELECT DISTINCT ON (r.key) r.key, r.name, r.latitude, r.longitude, a.code
    FROM json_to_recordset(:rows) AS r (
        key text, name text, latitude float, longitude float, area text
    ) LEFT JOIN area a ON a.code = r.area ORDER BY r.key
    ON CONFLICT (key) DO UPDATE SET name = excluded.name, latitude = excluded.latitude,
        longitude = excluded.longitude, area = coalesce(excluded.area, place.area)
    """
)
_DISTRICTS = text(
    """
    INSERT INTO place (key, name, latitude, longitude, area)
    SELECT left(key, -3), left(key, -3), avg(latitude), avg(longitude), min(area) FROM place
    WHERE key ~ '^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$' GROUP BY left(key, -3)
    ON CONFLICT (key) DO UPDATE SET latitude = excluded.latitude, longitude = excluded.longitude
    """
)


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place: its name, where it is, and the hub's area that it belongs to."""

    name: str
    at: Point
    area: str | None


def put(connection: Connection, rows: Sequence[PlaceRow]) -> None:
    """Insert or replace places, as the owner of the tables."""
    made = [
        {
            "key": row.key,
            "name": row.name,
            "latitude": row.at.latitude,
            "longitude": row.at.longitude,
            "area": row.area,
        }
        for row in rows
    ]
    connection.execute(_PUT, {"rows": orjson.dumps(made).decode()})


def put_districts(connection: Connection) -> None:
    """Make each outward code the middle of its postcodes; returns nothing."""
    connection.execute(_DISTRICTS)


def find(connection: Connection, key: str) -> FoundPlace | None:
    """Return the place of a key."""
    row = connection.execute(
        text("SELECT name, latitude, longitude, area FROM place WHERE key = :key"), {"key": key}
    ).one_or_none()
    if row is None:
        return None
    return FoundPlace(row.name, Point(row.latitude, row.longitude), row.area)
