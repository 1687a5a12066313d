"""Rows of matters (requests, breaches, complaints): codes, ids and instants, and sealed words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.errors import Conflict, NotFound

MOST = 200


@dataclass(frozen=True, slots=True)
class MatterRow:
    """One matter; `referral` and `about` are the references of what it is linked with."""

    id: UUID
    kind: str
    reference: str
    subject_id: UUID | None
    referral_id: UUID | None
    about_id: UUID | None
    details: Mapping[str, Any]
    state: str
    clock: str
    due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    version: int
    referral: str | None
    about: str | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """One line of a matter's history; `seq` is its log entry's number once integrated."""

    id: UUID
    event: str
    state: str
    reason: str | None
    happened_at: datetime
    recorded_at: datetime
    recorder: str | None
    entry_id: UUID
    seq: int | None
    written: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a matter stands after a step, as it is kept for lists."""

    state: str
    clock: str
    due_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, repr=False)
class WordsRow:
    """Sealed words (`hub_worker` reads them)."""

    id: UUID
    step_id: UUID
    kind: str
    sealed_words: bytes

    def __repr__(self) -> str:
        return "<WordsRow>"


@dataclass(frozen=True, slots=True)
class ItemRow:
    """What was decided last about one item of an access request."""

    item: str
    handling: str
    exemption: str | None
    step_id: UUID


_MATTER = (
    "SELECT m.id, m.kind, m.reference, m.subject_id, m.referral_id, m.about_id, m.details,"
    " m.state, m.clock, m.due_at, m.opened_at, m.closed_at, m.version, r.reference, o.reference"
    " FROM matter m LEFT JOIN referral r ON r.id = m.referral_id"
    " LEFT JOIN matter o ON o.id = m.about_id"
)
_OPEN = text(
    f"{_MATTER} WHERE m.agency_id = :us AND m.closed_at IS NULL"
    " ORDER BY (m.clock <> 'running'), m.due_at NULLS LAST, m.id LIMIT :most"
)
_CLOSED = text(
    f"{_MATTER} WHERE m.agency_id = :us AND m.closed_at IS NOT NULL"
    " ORDER BY m.closed_at DESC LIMIT :most"
)


def one(connection: Connection, matter_id: UUID) -> MatterRow:
    """Return a matter of the acting agency. Raises NotFound."""
    row = connection.execute(text(f"{_MATTER} WHERE m.id = :id"), {"id": matter_id}).one_or_none()
    if row is None:
        raise NotFound
    return MatterRow(*row)


def called(connection: Connection, reference: str) -> MatterRow | None:
    """Return the acting agency's matter with this reference."""
    row = connection.execute(
        text(f"{_MATTER} WHERE m.reference = :reference"), {"reference": reference}
    ).one_or_none()
    return None if row is None else MatterRow(*row)


def open_ones(connection: Connection, us: UUID) -> list[MatterRow]:
    """Return what is not over: running clocks by when they are due, then the others."""
    return [MatterRow(*row) for row in connection.execute(_OPEN, {"us": us, "most": MOST})]


def closed_ones(connection: Connection, us: UUID, *, most: int) -> list[MatterRow]:
    """Return what was closed last."""
    return [MatterRow(*row) for row in connection.execute(_CLOSED, {"us": us, "most": most})]


def steps(connection: Connection, matter_id: UUID) -> list[StepRow]:
    """Return a matter's history, oldest first."""
    rows = connection.execute(
        text(
            "SELECT s.id, s.event, s.state, s.reason, s.happened_at, s.recorded_at,"
            " u.display_name, s.entry_id, l.seq,"
            " EXISTS (SELECT 1 FROM matter_words w WHERE w.step_id = s.id AND w.kind <> 'hidden')"
            " FROM matter_step s LEFT JOIN staff_user u ON u.id = s.recorded_by"
            " LEFT JOIN log_entry l ON l.id = s.entry_id WHERE s.matter_id = :id ORDER BY s.id"
        ),
        {"id": matter_id},
    )
    return [StepRow(*row) for row in rows]


def move(connection: Connection, matter: MatterRow, standing: Standing) -> None:
    """Write where a matter stands. Raises Conflict when it was moved since it was read."""
    done = connection.execute(
        text(
            "UPDATE matter SET state = :state, clock = :clock, due_at = :due_at,"
            " closed_at = :closed_at, version = version + 1 WHERE id = :id AND version = :version"
        ),
        {
            "id": matter.id,
            "version": matter.version,
            "state": standing.state,
            "clock": standing.clock,
            "due_at": standing.due_at,
            "closed_at": standing.closed_at,
        },
    )
    if not done.rowcount:
        raise Conflict("Somebody else has moved this on since you opened it.")


def items(connection: Connection, matter_id: UUID) -> dict[str, ItemRow]:
    """Return what was decided last about each item, by item."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT ON (item) item, handling, exemption, step_id FROM matter_item"
            " WHERE matter_id = :id ORDER BY item, id DESC"
        ),
        {"id": matter_id},
    )
    return {row.item: ItemRow(*row) for row in rows}


def words(connection: Connection, matter_id: UUID) -> list[WordsRow]:
    """Return everything that was written about a matter, oldest first (`hub_worker` only)."""
    rows = connection.execute(
        text(
            "SELECT id, step_id, kind, sealed_words FROM matter_words WHERE matter_id = :id"
            " ORDER BY id"
        ),
        {"id": matter_id},
    )
    return [WordsRow(*row) for row in rows]


def key_of(connection: Connection, subject_id: UUID) -> bytes | None:
    """Return a person's wrapped key, None when it is gone (`hub_worker` only)."""
    found: bytes | None = connection.execute(
        text("SELECT wrapped_key FROM subject WHERE id = :id"), {"id": subject_id}
    ).scalar()
    return found


def has_open_request(connection: Connection, subject_id: UUID) -> bool:
    """Whether a person has asked for their records and has not been answered."""
    found = connection.execute(
        text(
            "SELECT 1 FROM matter WHERE subject_id = :id AND kind = 'access_request'"
            " AND closed_at IS NULL LIMIT 1"
        ),
        {"id": subject_id},
    )
    return found.scalar() is not None
