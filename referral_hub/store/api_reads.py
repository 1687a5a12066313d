"""What the API reads beside what the pages read: events of an agency, and consents of a referral.

Codes, ids and instants. The two parties that see an event are its referral's sender and the
recipient that the task reached; why something was decided is the sender's alone, because a reason
may say something about the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.errors import NotFound


@dataclass(frozen=True, slots=True)
class EventRow:
    """One step of a task; `reason` is None for its recipient."""

    id: UUID
    referral_id: UUID
    task_id: UUID
    slot: int
    event: str
    state: str
    reason: str | None
    recipient_agency_id: UUID
    entry_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One thing that the person said about a referral."""

    id: UUID
    referral_id: UUID
    state: str
    classes: Sequence[str]
    recipients: Sequence[UUID]
    valid_until: datetime | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class AgencyRow:
    """An agency that takes part."""

    id: UUID
    name: str
    kind: str


_EVENTS = text(
    "SELECT e.id, e.referral_id, e.task_id, t.slot, e.event, e.state,"
    " CASE WHEN e.origin_agency_id = :us THEN e.reason END, e.recipient_agency_id, e.entry_id,"
    " e.at FROM task_event e JOIN task t ON t.id = e.task_id"
    " WHERE :us IN (e.origin_agency_id, e.recipient_agency_id)"
    " AND (CAST(:since AS uuid) IS NULL OR e.id > CAST(:since AS uuid)) AND e.at <= :settled"
    " ORDER BY e.id LIMIT :most"
)
_CONSENTS = (
    "SELECT id, referral_id, state, classes, recipients, valid_until, recorded_at"
    " FROM consent_event WHERE "
)


def events_since(
    connection: Connection, us: UUID, *, since: UUID | None, settled: datetime, most: int
) -> list[EventRow]:
    """Return the acting agency's events after the id `since`, oldest first."""
    rows = connection.execute(_EVENTS, {"us": us, "since": since, "settled": settled, "most": most})
    return [EventRow(*row) for row in rows]


def consents_of(connection: Connection, referral_id: UUID) -> list[ConsentRow]:
    """Return what was said about the acting agency's referral, oldest first."""
    rows = connection.execute(
        text(_CONSENTS + "referral_id = :id ORDER BY id"), {"id": referral_id}
    )
    return [ConsentRow(*row) for row in rows]


def consent(connection: Connection, consent_id: UUID) -> ConsentRow:
    """Return one thing that was said to the acting agency. Raises NotFound."""
    row = connection.execute(text(_CONSENTS + "id = :id"), {"id": consent_id}).one_or_none()
    if row is None or row.referral_id is None:
        raise NotFound
    return ConsentRow(*row)


def agencies(connection: Connection) -> list[AgencyRow]:
    """Return the agencies that take part, by name; shared reference data."""
    rows = connection.execute(text("SELECT id, name, kind FROM agency WHERE active ORDER BY name"))
    return [AgencyRow(*row) for row in rows]
