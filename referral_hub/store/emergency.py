"""Emergency access as rows: tickets, the sealed words about them, and the alerts of officers.

A ticket is spent by one conditional update, so two presses at once spend it once. Everything is
inserted by `store.change`, in the statement that writes the log entry.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.errors import NotFound


@dataclass(frozen=True, slots=True)
class Ticket:
    """One emergency access: whose, for what, until when, and whether it has been used."""

    id: UUID
    referral_id: UUID
    task_id: UUID
    slot: int
    origin_agency_id: UUID
    actor_agency_id: UUID
    user_id: UUID
    role: str
    cause: str
    note_id: UUID
    opened_at: datetime
    closes_at: datetime
    used_at: datetime | None
    override_entry_id: UUID
    use_entry_id: UUID | None


@dataclass(frozen=True, slots=True)
class Alert:
    """What an officer is told: a reference, when and by which agency, and what came of a review."""

    id: UUID
    access_id: UUID
    reference: str
    origin_name: str
    actor_name: str
    cause: str
    raised_at: datetime
    closes_at: datetime
    used_at: datetime | None
    override_entry_id: UUID
    reviewed_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True, repr=False)
class OfficerRow:
    """An agency, its officer's contact in their own words, and where the agency is told by mail."""

    agency_id: UUID
    name: str
    officer_contact: str
    mail_address: str | None

    def __repr__(self) -> str:
        return f"<OfficerRow of {self.agency_id}>"


@dataclass(frozen=True, slots=True, repr=False)
class WrittenNote:
    """Sealed words about an emergency access (`hub_worker` only)."""

    id: UUID
    task_id: UUID
    origin_agency_id: UUID
    recipient_agency_id: UUID
    author_agency_id: UUID
    kind: str
    wrapped_for_origin: bytes
    wrapped_for_recipient: bytes
    key_commitment: bytes
    ciphertext: bytes
    at: datetime

    def __repr__(self) -> str:
        return "<WrittenNote>"


_TICKET = ", ".join(Ticket.__slots__)
_NOTE = ", ".join(WrittenNote.__slots__)
_ALERT = """
    SELECT l.id, l.access_id, l.reference, o.name, u.name, e.cause, l.raised_at, e.closes_at,
           e.used_at, e.override_entry_id, l.reviewed_at, l.outcome
    FROM emergency_alert l
    JOIN emergency_access e ON e.id = l.access_id
    JOIN agency o ON o.id = l.origin_agency_id
    JOIN agency u ON u.id = l.actor_agency_id
"""
_ANNOUNCE = text(
    """
    INSERT INTO outbox (id, kind, task_id, referral_id, slot, origin_agency_id, owner_agency_id,
                        recipient_agency_id, state, attempts, fence, due_at, created_at)
    SELECT l.id, 'alert', t.id, t.referral_id, t.slot, t.origin_agency_id, t.owner_agency_id,
           l.agency_id, 'due', 0, 0, :at, l.raised_at
    FROM emergency_alert l
    JOIN emergency_access e ON e.id = l.access_id
    JOIN task t ON t.id = e.task_id
    WHERE l.reviewed_at IS NULL AND NOT EXISTS (SELECT 1 FROM outbox x WHERE x.id = l.id)
      AND (EXISTS (SELECT 1 FROM agency_mail m WHERE m.agency_id = l.agency_id AND m.enabled)
           OR (SELECT c.officer_contact LIKE '%_@_%' FROM agency_contact c
               WHERE c.agency_id = l.agency_id ORDER BY c.id DESC LIMIT 1))
    ON CONFLICT (id) DO NOTHING
    """
)
_OFFICERS = text(
    """
    SELECT a.id, a.name,
           coalesce((SELECT c.officer_contact FROM agency_contact c WHERE c.agency_id = a.id
                     ORDER BY c.id DESC LIMIT 1), ''),
           (SELECT m.mail_address FROM agency_mail m WHERE m.agency_id = a.id AND m.enabled)
    FROM agency a WHERE a.id = ANY(:ids) AND a.active
    """
)


def ticket(connection: Connection, ticket_id: UUID) -> Ticket:
    """Return a ticket that the acting agency is a party to. Raises NotFound."""
    row = connection.execute(
        text(f"SELECT {_TICKET} FROM emergency_access WHERE id = :id"), {"id": ticket_id}
    ).one_or_none()
    if row is None:
        raise NotFound
    return Ticket(*row)


def open_ticket(
    connection: Connection, task_id: UUID, *, user_id: UUID, at: datetime
) -> Ticket | None:
    """Return the user's newest ticket for a task that can still be used at `at`."""
    row = connection.execute(
        text(
            f"SELECT {_TICKET} FROM emergency_access WHERE task_id = :task AND user_id = :user"
            " AND used_at IS NULL AND closes_at > :at ORDER BY id DESC LIMIT 1"
        ),
        {"task": task_id, "user": user_id, "at": at},
    ).one_or_none()
    return None if row is None else Ticket(*row)


def spend(connection: Connection, ticket_id: UUID, *, at: datetime, entry_id: UUID) -> bool:
    """Mark a ticket as used by the look that `entry_id` logs; False if it was used already."""
    done = connection.execute(
        text(
            "UPDATE emergency_access SET used_at = :at, use_entry_id = :entry"
            " WHERE id = :id AND used_at IS NULL AND closes_at > :at"
        ),
        {"id": ticket_id, "at": at, "entry": entry_id},
    )
    return done.rowcount == 1


def count_waiting(connection: Connection) -> int:
    """Return how many alerts of the acting agency wait for a review."""
    found = connection.execute(
        text("SELECT count(*) FROM emergency_alert WHERE reviewed_at IS NULL")
    )
    return int(found.scalar_one())


def waiting(connection: Connection, *, most: int) -> list[Alert]:
    """Return the alerts of the acting agency that wait for a review, oldest first."""
    rows = connection.execute(
        text(f"{_ALERT} WHERE l.reviewed_at IS NULL ORDER BY l.raised_at, l.id LIMIT :most"),
        {"most": most},
    )
    return [Alert(*row) for row in rows]


def reviewed(connection: Connection, *, most: int) -> list[Alert]:
    """Return what the acting agency reviewed last, newest first."""
    rows = connection.execute(
        text(
            f"{_ALERT} WHERE l.reviewed_at IS NOT NULL ORDER BY l.reviewed_at DESC, l.id LIMIT"
            " :most"
        ),
        {"most": most},
    )
    return [Alert(*row) for row in rows]


def alert(connection: Connection, alert_id: UUID) -> Alert:
    """Return one alert of the acting agency. Raises NotFound."""
    row = connection.execute(text(f"{_ALERT} WHERE l.id = :id"), {"id": alert_id}).one_or_none()
    if row is None:
        raise NotFound
    return Alert(*row)


def announce(connection: Connection, at: datetime) -> int:
    """Store a mail for each alert that waits and has none, where the officer or else their agency
    can be written to.

    The outbox row has the alert's id, so two workers make one. `hub_worker` only.
    """
    return connection.execute(_ANNOUNCE, {"at": at}).rowcount


def to_tell(connection: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the reference of each of these alerts that still waits (`hub_worker` only)."""
    found = connection.execute(
        text(
            "SELECT id, reference FROM emergency_alert WHERE id = ANY(:ids) AND reviewed_at IS NULL"
        ),
        {"ids": list(ids)},
    )
    return {row.id: row.reference for row in found}


def officers(connection: Connection, agency_ids: Collection[UUID]) -> list[OfficerRow]:
    """Return how the officers of these agencies are reached (`hub_worker` only)."""
    return [OfficerRow(*row) for row in connection.execute(_OFFICERS, {"ids": list(agency_ids)})]


def settle(
    connection: Connection,
    alert_id: UUID,
    *,
    by: tuple[UUID, UUID],
    outcome: str,
    at: datetime,
) -> bool:
    """Record a review, `by` (reviewer, log entry); False if somebody reviewed already."""
    done = connection.execute(
        text(
            "UPDATE emergency_alert SET reviewed_at = :at, reviewer_id = :reviewer,"
            " outcome = :outcome, review_entry_id = :entry"
            " WHERE id = :id AND reviewed_at IS NULL"
        ),
        {"id": alert_id, "at": at, "reviewer": by[0], "entry": by[1], "outcome": outcome},
    )
    return done.rowcount == 1


def notes(connection: Connection, access_id: UUID) -> Sequence[WrittenNote]:
    """Return everything written about a ticket, oldest first (`hub_worker` only)."""
    rows = connection.execute(
        text(f"SELECT {_NOTE} FROM emergency_note WHERE access_id = :id ORDER BY id"),
        {"id": access_id},
    )
    return [WrittenNote(*row) for row in rows]
