"""What waits for whom, what holds it back, and the breakers: codes, counts and instants alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.store.change import to_json

MAIL_SERVER = UUID(int=1)


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for one agency on one way: how much, since when, what needs a person."""

    agency_id: UUID
    way: str
    waiting: int
    oldest: datetime | None
    need_a_person: int
    last_codes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reached:
    """An agency and how it is reached: `transport`, and whether by mail as well."""

    agency_id: UUID
    name: str
    transport: str


@dataclass(frozen=True, slots=True)
class StopRow:
    """A stop, of one agency or of one way, and whose it is."""

    id: UUID
    operator_agency_id: UUID
    agency_id: UUID | None
    way: str | None
    stopped_at: datetime


@dataclass(frozen=True, slots=True)
class BreakerRow:
    """The breaker of one destination."""

    destination: UUID
    way: str
    failures: int
    opened_at: datetime | None
    retry_at: datetime | None
    last_code: str | None


_QUEUES = text(
    """
    SELECT x.recipient_agency_id,
           CASE x.kind WHEN 'invitation' THEN 'email_link' WHEN 'reminder' THEN 'email_link'
               WHEN 'alert' THEN 'email_link' WHEN 'callback' THEN 'callback'
                ELSE s.transport END AS way,
           count(*) FILTER (WHERE x.state = 'due'),
           min(x.created_at) FILTER (WHERE x.state = 'due'),
           count(*) FILTER (WHERE x.state <> 'due'),
           COALESCE((array_agg(x.last_code ORDER BY x.id DESC)
                     FILTER (WHERE x.last_code IS NOT NULL))[1:3], '{}')
    FROM outbox x JOIN agency_standing s ON s.agency_id = x.recipient_agency_id
    WHERE x.state IN ('due', 'dead', 'refused') AND x.kind <> 'advance'
    GROUP BY 1, 2 ORDER BY 1, 2
    """
)
_REACHED = text(
    "SELECT agency_id, name, transport FROM agency_standing WHERE active"
    " AND (CAST(:only AS uuid) IS NULL OR agency_id = :only) ORDER BY name"
)
_OPERATES = text("SELECT EXISTS (SELECT 1 FROM area WHERE owner_agency_id = :agency)")
_STOP = text(
    "INSERT INTO delivery_stop (id, operator_agency_id, agency_id, way, stopped_by, stopped_at)"
    " VALUES (:id, :operator, :agency, :way, :by, :at) ON CONFLICT DO NOTHING RETURNING id"
)
_START = text(
    "DELETE FROM delivery_stop WHERE operator_agency_id = :operator"
    " AND agency_id IS NOT DISTINCT FROM CAST(:agency AS uuid)"
    " AND way IS NOT DISTINCT FROM CAST(:way AS text) RETURNING id"
)
_STOPS = text(
    "SELECT id, operator_agency_id, agency_id, way, stopped_at FROM delivery_stop ORDER BY id"
)
_BREAKERS = (
    "SELECT destination, way, failures, opened_at, retry_at, last_code FROM delivery_breaker"
)
_KEEP = text(
    """
    INSERT INTO delivery_breaker (destination, way, failures, opened_at, retry_at, last_code,
                                  changed_at)
    SELECT b.destination, b.way, b.failures, b.opened_at, b.retry_at, b.last_code, b.changed_at
    FROM json_populate_recordset(NULL::delivery_breaker, :rows) b
    ON CONFLICT (destination) DO UPDATE SET way = excluded.way, failures = excluded.failures,
        opened_at = excluded.opened_at, retry_at = excluded.retry_at,
        last_code = excluded.last_code, changed_at = excluded.changed_at
    """
)
_HURRY = text(
    """
    UPDATE outbox SET due_at = :at
    WHERE state = 'due' AND due_at > :at AND attempts > 0 AND lease_until IS NULL
      AND CASE CAST(:way AS text) WHEN 'email_link' THEN kind IN ('invitation', 'reminder', 'alert')
          WHEN 'callback' THEN kind = 'callback'
              AND id IN (SELECT c.id FROM callback c WHERE c.endpoint_id = :destination)
          ELSE kind NOT IN ('invitation', 'reminder', 'alert', 'advance', 'callback')
              AND recipient_agency_id = :destination END
    """
)
_REVIVE = text(
    "UPDATE outbox SET state = 'due', attempts = 0, due_at = :at, lease_until = NULL,"
    " settled_at = NULL WHERE recipient_agency_id = :agency AND state IN ('dead', 'refused')"
    " AND kind <> 'advance' AND owner_agency_id = acting_agency() RETURNING id"
)


def queues(connection: Connection) -> list[Queue]:
    """Return what waits or gave up, of all that the connection may see."""
    return [Queue(*row) for row in connection.execute(_QUEUES)]


def reached(connection: Connection, only: UUID | None = None) -> list[Reached]:
    """Return every agency that takes part, or only one, by name."""
    return [Reached(*row) for row in connection.execute(_REACHED, {"only": only})]


def operates(connection: Connection, agency_id: UUID) -> bool:
    """Tell whether an agency is accountable for an area, and so for what is delivered there."""
    return bool(connection.execute(_OPERATES, {"agency": agency_id}).scalar())


def stop(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Hold deliveries back; False when the same operator has done so already."""
    return connection.execute(_STOP, dict(row)).scalar() is not None


def start(
    connection: Connection, operator: UUID, *, agency_id: UUID | None, way: str | None
) -> bool:
    """Let deliveries go again; False when this operator has stopped no such."""
    values = {"operator": operator, "agency": agency_id, "way": way}
    return connection.execute(_START, values).scalar() is not None


def stops(connection: Connection) -> list[StopRow]:
    """Return the stops that the connection may see."""
    return [StopRow(*row) for row in connection.execute(_STOPS)]


def breakers(connection: Connection) -> dict[UUID, BreakerRow]:
    """Return every breaker that is not as new."""
    return {row.destination: BreakerRow(*row) for row in connection.execute(text(_BREAKERS))}


def lock_breakers(connection: Connection, destinations: Collection[UUID]) -> dict[UUID, BreakerRow]:
    """Return these destinations' breakers and keep others from changing them (`hub_worker`)."""
    statement = text(f"{_BREAKERS} WHERE destination = ANY(:ids) ORDER BY destination FOR UPDATE")
    rows = connection.execute(statement, {"ids": list(destinations)})
    return {row.destination: BreakerRow(*row) for row in rows}


def keep_breakers(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store breakers (`hub_worker`)."""
    if rows:
        connection.execute(_KEEP, {"rows": to_json(rows)})


def hurry(connection: Connection, destination: UUID, way: str, at: datetime) -> None:
    """Make everything that waits for a destination due: it answers again (`hub_worker`)."""
    values = {"destination": destination, "way": way, "at": at}
    connection.execute(_HURRY, values)


def revive_all(connection: Connection, agency_id: UUID, at: datetime) -> list[UUID]:
    """Make everything that gave up on an agency due again, of what the acting agency owns."""
    return list(connection.execute(_REVIVE, {"agency": agency_id, "at": at}).scalars())
