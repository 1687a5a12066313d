"""Rows of appraisals and legal holds, and which people's referrals have all closed long ago."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.errors import NotFound

MOST = 200


@dataclass(frozen=True, slots=True)
class Closed:
    """A person all of whose referrals are closed: ids, references, and the newest appraisal."""

    subject_id: UUID
    references: Sequence[str]
    closed_at: datetime
    minor_until: date | None
    kind: str
    schedule: str | None
    kept_until: date | None
    preserved: bool
    hold_reason: str | None


@dataclass(frozen=True, slots=True)
class Proposed:
    """An appraisal that waits for a second person."""

    id: UUID
    subject_id: UUID
    references: Sequence[str]
    outcome: str
    reason: str | None
    review_on: date | None
    proposed_by: UUID
    proposer: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """A legal hold in force; `asker` asked for it to be lifted."""

    id: UUID
    subject_id: UUID
    references: Sequence[str]
    reason: str
    placed_at: datetime
    placer: str | None
    lift_asked_by: UUID | None
    asker: str | None


_REFERENCES = (
    "ARRAY(SELECT reference FROM referral r WHERE r.subject_id = {}.subject_id ORDER BY r.id)"
)
_OPEN = "('held', 'routed', 'offered', 'information_asked', 'accepted', 'in_progress', 'on_hold')"
_CLOSED = text(
    f"""
    SELECT s.id, c.refs, c.closed_at, s.minor_until, a.kind, s.schedule, k.review_on,
           COALESCE(k.outcome = 'preserve', false), h.reason
    FROM subject s JOIN agency a ON a.id = s.origin_agency_id
    JOIN LATERAL (
        SELECT array_agg(DISTINCT r.reference) AS refs,
               max(GREATEST(r.created_at, r.withdrawn_at, t.moved_at)) AS closed_at,
               bool_or(t.state IN {_OPEN}) AS open
        FROM referral r LEFT JOIN task t ON t.referral_id = r.id WHERE r.subject_id = s.id
    ) c ON c.refs IS NOT NULL AND c.open IS NOT TRUE AND c.closed_at <= :before
    LEFT JOIN LATERAL (
        SELECT outcome, review_on FROM appraisal p WHERE p.subject_id = s.id
            AND p.decision = 'approved' ORDER BY id DESC LIMIT 1
    ) k ON true
    LEFT JOIN legal_hold h ON h.subject_id = s.id AND h.lifted_at IS NULL
    WHERE s.origin_agency_id = :us AND s.erased_at IS NULL AND s.created_at <= :before
      AND (CAST(:only AS uuid) IS NULL OR s.id = :only)
      AND NOT EXISTS (SELECT 1 FROM appraisal o WHERE o.subject_id = s.id AND o.decided_at IS NULL)
    ORDER BY c.closed_at LIMIT :most
    """
)
_PROPOSED = text(
    f"""
    SELECT p.id, p.subject_id, {_REFERENCES.format("p")}, p.outcome,
           p.reason, p.review_on, p.proposed_by, u.display_name
    FROM appraisal p LEFT JOIN staff_user u ON u.id = p.proposed_by
    WHERE p.agency_id = :us AND p.decided_at IS NULL AND (CAST(:only AS uuid) IS NULL
        OR p.id = :only) ORDER BY p.id
    """
)
_HELD = text(
    f"""
    SELECT h.id, h.subject_id, {_REFERENCES.format("h")}, h.reason,
           h.placed_at, u.display_name, h.lift_asked_by, v.display_name
    FROM legal_hold h LEFT JOIN staff_user u ON u.id = h.placed_by
    LEFT JOIN staff_user v ON v.id = h.lift_asked_by
    WHERE h.agency_id = :us AND h.lifted_at IS NULL AND (CAST(:only AS uuid) IS NULL
        OR h.id = :only) ORDER BY h.id
    """
)


def closed(
    connection: Connection, us: UUID, *, before: datetime, only: UUID | None = None
) -> list[Closed]:
    """Return people of `us` whose last referral closed by `before`, the longest ago first."""
    given = {"us": us, "before": before, "only": only, "most": MOST}
    return [Closed(*row) for row in connection.execute(_CLOSED, given)]


def proposed(connection: Connection, us: UUID) -> list[Proposed]:
    """Return what waits for a second person, oldest first."""
    return [Proposed(*row) for row in connection.execute(_PROPOSED, {"us": us, "only": None})]


def one_proposed(connection: Connection, us: UUID, appraisal_id: UUID) -> Proposed:
    """Return one that waits. Raises NotFound."""
    row = connection.execute(_PROPOSED, {"us": us, "only": appraisal_id}).one_or_none()
    if row is None:
        raise NotFound
    return Proposed(*row)


def holds(connection: Connection, us: UUID) -> list[Held]:
    """Return the legal holds in force, oldest first."""
    return [Held(*row) for row in connection.execute(_HELD, {"us": us, "only": None})]


def one_hold(connection: Connection, us: UUID, hold_id: UUID) -> Held:
    """Return one that is in force. Raises NotFound."""
    row = connection.execute(_HELD, {"us": us, "only": hold_id}).one_or_none()
    if row is None:
        raise NotFound
    return Held(*row)


def on_hold(connection: Connection, subject_id: UUID) -> str | None:
    """Return why nothing about this person may be destroyed, None where it may."""
    found: str | None = connection.execute(
        text("SELECT reason FROM legal_hold WHERE subject_id = :id AND lifted_at IS NULL"),
        {"id": subject_id},
    ).scalar()
    return found


def keep_by(connection: Connection, subject_id: UUID, schedule: str | None) -> bool:
    """Record by which schedule a person's records are kept; tell whether that is a change."""
    done = connection.execute(
        text(
            "UPDATE subject SET schedule = :schedule"
            " WHERE id = :id AND schedule IS DISTINCT FROM :schedule"
        ),
        {"id": subject_id, "schedule": schedule},
    )
    return bool(done.rowcount)


def settle(
    connection: Connection, appraisal_id: UUID, *, by: UUID, decision: str, at: datetime
) -> bool:
    """Record the second person's decision, once."""
    done = connection.execute(
        text(
            "UPDATE appraisal SET decided_by = :by, decided_at = :at, decision = :decision"
            " WHERE id = :id AND decided_at IS NULL"
        ),
        {"id": appraisal_id, "by": by, "at": at, "decision": decision},
    )
    return bool(done.rowcount)


def ask_lift(connection: Connection, hold_id: UUID, *, by: UUID, at: datetime) -> bool:
    """Record the first of the two people that lift a hold."""
    done = connection.execute(
        text(
            "UPDATE legal_hold SET lift_asked_by = :by, lift_asked_at = :at"
            " WHERE id = :id AND lift_asked_by IS NULL AND lifted_at IS NULL"
        ),
        {"id": hold_id, "by": by, "at": at},
    )
    return bool(done.rowcount)


def lift(connection: Connection, hold_id: UUID, *, by: UUID, at: datetime) -> bool:
    """Record the second of them, who is somebody else."""
    done = connection.execute(
        text(
            "UPDATE legal_hold SET lifted_by = :by, lifted_at = :at WHERE id = :id"
            " AND lift_asked_by IS NOT NULL AND lift_asked_by <> :by AND lifted_at IS NULL"
        ),
        {"id": hold_id, "by": by, "at": at},
    )
    return bool(done.rowcount)
