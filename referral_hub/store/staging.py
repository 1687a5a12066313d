"""Staged items as rows. They are inserted by `store.change`, with their log entry.

Settling names the state it may come from, so that of two people at once one settles and the other
learns that it has been done. A settled item keeps its codes and loses its content.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.errors import NotFound


@dataclass(frozen=True, slots=True)
class StagedRow:
    """One item without its content. `draft_id` is the referral somebody is making of it."""

    id: UUID
    agency_id: UUID
    sender_agency_id: UUID
    sender_name: str
    source: str
    state: str
    why: str
    batch_id: UUID | None
    line: int | None
    received_at: datetime
    draft_id: UUID | None
    settled_at: datetime | None
    referral_id: UUID | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """How an item ended: by whom, when, and the referral it became or why it did not."""

    state: str
    by: UUID
    at: datetime
    referral_id: UUID | None = None
    reason: str | None = None


_SELECT = """
    SELECT s.id, s.agency_id, s.sender_agency_id, a.name, s.source, s.state, s.why, s.batch_id,
           s.line, s.received_at, s.draft_id, s.settled_at, s.referral_id, s.reason
    FROM staged_item s JOIN agency a ON a.id = s.sender_agency_id
"""
_WAITING = text(
    f"{_SELECT} WHERE s.agency_id = :us AND s.state = 'waiting' AND s.id > :after"
    " ORDER BY s.id LIMIT :most"
)
_SENT = text(
    f"{_SELECT} WHERE s.sender_agency_id = :us AND s.source IN ('api', 'fhir')"
    " AND (CAST(:before AS uuid) IS NULL OR (s.received_at, s.id)"
    " < (SELECT b.received_at, b.id FROM staged_item b WHERE b.id = :before))"
    " ORDER BY s.received_at DESC, s.id DESC LIMIT :most"
)
_ALIKE = text(
    """
    SELECT (SELECT count(*) FROM staged_item o WHERE o.agency_id = :us AND o.id <> :id
            AND o.state = 'waiting' AND o.indexes && s.indexes),
           ARRAY(SELECT r.reference FROM subject p JOIN referral r ON r.subject_id = p.id
                 WHERE p.origin_agency_id = :us AND p.nhs_index = ANY(s.indexes)
                 ORDER BY r.id DESC LIMIT 5)
    FROM staged_item s WHERE s.id = :id
    """
)
_TAKE = text("UPDATE staged_item SET draft_id = :draft WHERE id = :id AND state = 'waiting'")
_SETTLE = text(
    """
    UPDATE staged_item SET state = :state, settled_by = :by, settled_at = :at,
        referral_id = :referral, reason = :reason, sealed = NULL, indexes = '{}',
        key_version = NULL
    WHERE id = :id AND state = 'waiting'
    """
)
_BECAME = text("SELECT state, referral_id FROM staged_item WHERE id = :id")
_NONE = UUID(int=0)


def waiting(
    connection: Connection, agency_id: UUID, *, after: UUID | None, most: int
) -> list[StagedRow]:
    """Return what waits for `agency_id`, oldest first."""
    given = {"us": agency_id, "after": after or _NONE, "most": most}
    return [StagedRow(*row) for row in connection.execute(_WAITING, given)]


def one(connection: Connection, item_id: UUID) -> StagedRow:
    """Return an item that the acting agency received or sent. Raises NotFound."""
    row = connection.execute(text(f"{_SELECT} WHERE s.id = :id"), {"id": item_id}).one_or_none()
    if row is None:
        raise NotFound
    return StagedRow(*row)


def of_batch(
    connection: Connection, batch_id: UUID, *, after: int = 0, most: int
) -> list[StagedRow]:
    """Return what a file or a link staged, in the order of its lines."""
    query = f"{_SELECT} WHERE s.batch_id = :batch AND s.line > :after ORDER BY s.line LIMIT :most"
    given = {"batch": batch_id, "after": after, "most": most}
    return [StagedRow(*row) for row in connection.execute(text(query), given)]


def sent(
    connection: Connection, agency_id: UUID, *, before: UUID | None, most: int
) -> list[StagedRow]:
    """Return what an agency's systems sent and had to wait, newest first."""
    given = {"us": agency_id, "before": before, "most": most}
    return [StagedRow(*row) for row in connection.execute(_SENT, given)]


def of_message(agency_id: UUID, row: Mapping[str, Any]) -> StagedRow:
    """Return what a message of the agency's became, from the JSON of its codes and times."""
    settled, referral = row["settled_at"], row["referral_id"]
    return StagedRow(
        id=UUID(row["id"]),
        agency_id=agency_id,
        sender_agency_id=agency_id,
        sender_name="",
        source=row["source"],
        state=row["state"],
        why=row["why"],
        batch_id=None,
        line=None,
        received_at=datetime.fromisoformat(row["received_at"]),
        draft_id=None,
        settled_at=datetime.fromisoformat(settled) if settled else None,
        referral_id=UUID(referral) if referral else None,
        reason=row["reason"],
    )


def became(connection: Connection, item_id: UUID) -> tuple[str, UUID | None] | None:
    """Return an item's state and the referral that it became; None if there is no such item."""
    row = connection.execute(_BECAME, {"id": item_id}).one_or_none()
    return None if row is None else (row.state, row.referral_id)


def alike(connection: Connection, agency_id: UUID, item_id: UUID) -> tuple[int, Sequence[str]]:
    """Return how many other items wait about the same person, and that person's references.

    Only within `agency_id`: the indexes mean nothing under another agency's key.
    """
    row = connection.execute(_ALIKE, {"us": agency_id, "id": item_id}).one()
    return int(row[0]), tuple(row[1])


def sealed(connection: Connection, item_id: UUID) -> bytes | None:
    """Return what is sealed; None once it was settled (`hub_worker` only)."""
    found: bytes | None = connection.execute(
        text("SELECT sealed FROM staged_item WHERE id = :id"), {"id": item_id}
    ).scalar()
    return found


def take(connection: Connection, item_id: UUID, draft_id: UUID) -> bool:
    """Note which draft is being made of an item; False once it was settled."""
    return connection.execute(_TAKE, {"id": item_id, "draft": draft_id}).rowcount == 1


def settle(connection: Connection, item_id: UUID, how: Settled) -> bool:
    """End an item and forget what it said; False if that was done already."""
    given = {
        "id": item_id,
        "state": how.state,
        "by": how.by,
        "at": how.at,
        "referral": how.referral_id,
        "reason": how.reason,
    }
    return connection.execute(_SETTLE, given).rowcount == 1


def referral_of_draft(connection: Connection, draft_id: UUID) -> UUID | None:
    """Return the referral that a draft became, if it has been sent."""
    found: UUID | None = connection.execute(
        text("SELECT id FROM referral WHERE draft_id = :draft"), {"draft": draft_id}
    ).scalar()
    return found
