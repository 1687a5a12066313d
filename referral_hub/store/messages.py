"""Sealed notes about tasks (`hub_worker` only: reading them is the release service's business)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True, repr=False)
class MessageRow:
    """A note's ciphertext and its key, wrapped for each of its two agencies."""

    id: UUID
    task_id: UUID
    author_agency_id: UUID
    kind: str
    wrapped_for_origin: bytes
    wrapped_for_recipient: bytes
    key_commitment: bytes
    ciphertext: bytes
    at: datetime

    def __repr__(self) -> str:
        return "<MessageRow>"


_COLUMNS = ", ".join(MessageRow.__slots__)


def of_tasks(connection: Connection, task_ids: Sequence[UUID]) -> list[MessageRow]:
    """Return every note of these tasks, oldest first."""
    rows = connection.execute(
        text(f"SELECT {_COLUMNS} FROM message WHERE task_id = ANY(:ids) ORDER BY id"),
        {"ids": list(task_ids)},
    )
    return [MessageRow(*row) for row in rows]
