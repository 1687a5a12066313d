"""What was written about deciding for a person, still sealed (`hub_worker` reads it)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True, repr=False)
class StatementRow:
    """A sealed statement, by whose key it opens."""

    id: UUID
    origin_agency_id: UUID
    subject_id: UUID
    kind: str
    sealed_words: bytes
    recorded_at: datetime

    def __repr__(self) -> str:
        return "<StatementRow>"


@dataclass(frozen=True, slots=True, repr=False)
class DecisionRow:
    """A council's sealed reasons where child and parent disagree, as a note of two agencies."""

    id: UUID
    task_id: UUID
    origin_agency_id: UUID
    owner_agency_id: UUID
    share: bool
    wrapped_for_origin: bytes
    wrapped_for_owner: bytes
    key_commitment: bytes
    ciphertext: bytes
    decided_at: datetime

    def __repr__(self) -> str:
        return "<DecisionRow>"


_STATEMENTS, _DECISIONS = (", ".join(row.__slots__) for row in (StatementRow, DecisionRow))


def of_referral(connection: Connection, referral_id: UUID) -> list[StatementRow]:
    """Return every statement of a referral, oldest first."""
    rows = connection.execute(
        text(f"SELECT {_STATEMENTS} FROM statement WHERE referral_id = :id ORDER BY id"),
        {"id": referral_id},
    )
    return [StatementRow(*row) for row in rows]


def decisions_of(connection: Connection, referral_id: UUID) -> list[DecisionRow]:
    """Return every decision about a child of a referral, oldest first."""
    rows = connection.execute(
        text(f"SELECT {_DECISIONS} FROM child_decision WHERE referral_id = :id ORDER BY id"),
        {"id": referral_id},
    )
    return [DecisionRow(*row) for row in rows]
