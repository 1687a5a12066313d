"""An agency's own services: what it states of them, as pages edit it and the directory needs it.

Capacity, waiting and the like are columns of `service`, which routing reads; where it can be met
and who checked the record stand beside them in `service_details`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

Row = Mapping[str, Any]

EDITED = (
    *("name", "description", "needs", "areas", "minimum_age", "maximum_age", "capacity"),
    *("capacity_as_of", "capacity_note", "wait_days", "languages", "access", "active", "url"),
    *("email", "fees", "alert", "status", "paused_until", "eligibility", "exclusions", "tasks"),
    *("manners", "cover", "opening", "backup_service_id", "missed_visit_alarm"),
    *("open_people_limit", "rest_days", "latitude", "longitude", "location_confidential"),
    *("minutes_limit", "minutes_per", "usual_minutes", "hard_cases_limit"),
    *("assured_date", "assurer_email", "last_modified"),
)
DETAILS = ("venue", "address", "town", "county", "postcode", "verified_by", "verified_at")
_JSON = frozenset({"cover", "opening"})
_WHOLE = """
    SELECT s.*, a.name AS agency_name, a.kind AS agency_kind, d.venue, d.address, d.town, d.county,
        d.postcode, d.verified_at, d.verified_by, c.address AS agency_address,
        c.contact AS agency_contact, (
            SELECT json_object_agg(code, area.name) FROM area WHERE code = ANY(s.areas)
        ) AS area_names
    FROM service s JOIN agency a ON a.id = s.agency_id
    LEFT JOIN service_details d ON d.service_id = s.id
    LEFT JOIN LATERAL (
        SELECT address, contact FROM agency_contact WHERE agency_id = s.agency_id
        ORDER BY id DESC LIMIT 1
    ) c ON true
"""


def of_agency(connection: Connection, us: UUID) -> Sequence[Row]:
    """Return an agency's services by name, at most 200, with what the agency is."""
    rows = connection.execute(
        text(f"{_WHOLE} WHERE s.agency_id = :us ORDER BY s.name, s.id LIMIT 200"), {"us": us}
    )
    return [dict(row._mapping) for row in rows]


def one(connection: Connection, us: UUID, service_id: UUID) -> Row | None:
    """Return one of an agency's services."""
    row = connection.execute(
        text(f"{_WHOLE} WHERE s.agency_id = :us AND s.id = :id"), {"us": us, "id": service_id}
    ).one_or_none()
    return None if row is None else dict(row._mapping)


def add(connection: Connection, row: Row) -> None:
    """Add a service with its first columns."""
    names = [name for name in ("id", "agency_id", *EDITED) if name in row]
    connection.execute(
        text(f"INSERT INTO service ({', '.join(names)}) VALUES ({', '.join(map(_bound, names))})"),
        _values(row, names),
    )


def change(connection: Connection, us: UUID, service_id: UUID, row: Row) -> bool:
    """Change columns of a service; False where the agency has no such service."""
    names = [name for name in EDITED if name in row]
    done = connection.execute(
        text(
            f"UPDATE service SET {', '.join(f'{name} = {_bound(name)}' for name in names)}"
            " WHERE id = :id AND agency_id = :us"
        ),
        _values(row, names) | {"id": service_id, "us": us},
    )
    return bool(done.rowcount)


def held_cover(connection: Connection, us: UUID, service_id: UUID) -> Sequence[Row] | None:
    """Return what a service states of its cover; until the end nobody else changes it."""
    found: Sequence[Row] | None = connection.execute(
        text("SELECT cover FROM service WHERE id = :id AND agency_id = :us FOR UPDATE"),
        {"id": service_id, "us": us},
    ).scalar()
    return found


def put_details(connection: Connection, us: UUID, service_id: UUID, row: Row) -> None:
    """Insert or change where a service can be met and who checked it."""
    names = [name for name in DETAILS if name in row]
    changed = ", ".join(f"{name} = excluded.{name}" for name in names)
    then = f"DO UPDATE SET {changed}" if names else "DO NOTHING"
    connection.execute(
        text(
            f"INSERT INTO service_details ({', '.join(['service_id', 'agency_id', *names])})"
            f" VALUES ({', '.join([':id', ':us', *(f':{name}' for name in names)])})"
            f" ON CONFLICT (service_id) {then}"
        ),
        {name: row[name] for name in names} | {"id": service_id, "us": us},
    )


_UNPUBLISHED = text(
    """
    SELECT s.id, s.agency_id FROM service s
    WHERE NOT EXISTS (SELECT FROM directory_entry e WHERE e.service_id = s.id)
    ORDER BY s.agency_id, s.id LIMIT 500
    """
)
_STALE = text(
    """
    SELECT id, agency_id FROM (
        SELECT s.id, s.agency_id, dense_rank() OVER (ORDER BY s.agency_id) AS nth
        FROM service s JOIN service_details d ON d.service_id = s.id
        JOIN agency a ON a.id = s.agency_id AND a.active
        WHERE s.status <> 'defunct' AND coalesce(d.reminded_at, '-infinity') < :reminded
            AND coalesce(d.verified_at, s.last_modified, s.capacity_as_of, '-infinity') < :before
    ) stale
    WHERE nth <= 100 ORDER BY agency_id, id
    """
)
_LOCK = 7_402_062


def unpublished(connection: Connection) -> Sequence[Row]:
    """Return services that the directory does not have yet, as the worker."""
    return [dict(row._mapping) for row in connection.execute(_UNPUBLISHED)]


def to_remind(connection: Connection, before: datetime, reminded: datetime) -> Sequence[Row]:
    """Return services whose record was last checked before an instant, and not reminded since.

    A record that nobody checked counts from when it was written. All of an agency's are returned,
    for at most 100 agencies; none while another worker has some, until its transaction ends.
    """
    alone = text("SELECT pg_try_advisory_xact_lock(:key)")
    if not connection.execute(alone, {"key": _LOCK}).scalar_one():
        return []
    rows = connection.execute(_STALE, {"before": before, "reminded": reminded})
    return [dict(row._mapping) for row in rows]


def reminded(connection: Connection, ids: Sequence[UUID], at: datetime) -> None:
    """Note that the providers of these services were reminded, as the worker."""
    connection.execute(
        text("UPDATE service_details SET reminded_at = :at WHERE service_id = ANY(:ids)"),
        {"ids": list(ids), "at": at},
    )


def _bound(name: str) -> str:
    return f"CAST(:{name} AS jsonb)" if name in _JSON else f":{name}"


def _values(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {
        name: orjson.dumps(row[name]).decode() if name in _JSON else row[name] for name in names
    }
