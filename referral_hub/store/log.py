"""The log's rows: pending entries, numbered entries, tiles and checkpoints.

Entries are appended by `store.change`; this module numbers and reads them. Numbering happens under
one advisory lock, so two integrators never give the same index, and a killed one leaves nothing
half done: the lock goes with its connection and the rows with its transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import UUID as SqlUuid

from referral_hub.errors import LogUnavailable
from referral_hub.store.change import to_json

INTEGRATION_LOCK = 0x5EA1ED10


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed checkpoint: tree size, root hash and the whole note."""

    size: int
    root: bytes
    note: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry's exact bytes with the columns that index it; `seq` is None while pending."""

    id: UUID
    seq: int | None
    entry: bytes
    leaf_hash: bytes
    type: str
    at: datetime
    sender_agency_id: UUID | None
    recipient_agency_id: UUID | None
    actor_agency_id: UUID | None
    actor_user_id: UUID | None
    subject_id: UUID | None
    referral_id: UUID | None
    outcome: str | None


ENTRY_COLUMNS = ", ".join(StoredEntry.__slots__)

_LOCK = text("SELECT pg_advisory_lock(:key)")
_UNLOCK = text("SELECT pg_advisory_unlock(:key)")
_PENDING = text("SELECT id, leaf_hash FROM log_entry WHERE seq IS NULL ORDER BY id LIMIT :most")
_LATEST = text("SELECT size, root, note, at FROM log_checkpoint ORDER BY size DESC LIMIT 1")
_TILE = text("SELECT hashes FROM log_tile WHERE level = :level AND idx = :idx")
_NUMBER = text(
    """
    WITH numbered AS (
        UPDATE log_entry SET seq = :start + n.position - 1
        FROM unnest(:ids) WITH ORDINALITY AS n(id, position)
        WHERE log_entry.id = n.id AND log_entry.seq IS NULL RETURNING log_entry.id
    ), tiles AS (
        INSERT INTO log_tile (level, idx, hashes)
        SELECT level, idx, hashes FROM json_populate_recordset(NULL::log_tile, :tiles)
        ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes
    ), signed AS (
        INSERT INTO log_checkpoint (size, root, note, at) VALUES (:size, :root, :note, :at)
    )
    SELECT expect_rows((SELECT count(*) FROM numbered), :expected)
    """
).bindparams(bindparam("ids", type_=ARRAY(SqlUuid)))
_UNNUMBERED = text(
    "SELECT count(*) FROM log_entry WHERE id = ANY(:ids) AND seq IS NULL"
).bindparams(bindparam("ids", type_=ARRAY(SqlUuid)))


@contextmanager
def writable() -> Iterator[None]:
    """Turn whatever the database refuses while entries are numbered into LogUnavailable."""
    try:
        yield
    except DBAPIError as error:
        raise LogUnavailable("The log could not be written, so nothing was disclosed.") from error


@contextmanager
def integration_lock(connection: Connection) -> Iterator[None]:
    """Hold the right to number entries; `connection` has no transaction open before or after."""
    connection.execute(_LOCK, {"key": INTEGRATION_LOCK})
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(_UNLOCK, {"key": INTEGRATION_LOCK})
        connection.commit()


def pending(connection: Connection, most: int) -> list[tuple[UUID, bytes]]:
    """Return (id, leaf hash) of entries without a number, oldest first."""
    return [(row.id, row.leaf_hash) for row in connection.execute(_PENDING, {"most": most})]


def latest_checkpoint(connection: Connection) -> StoredCheckpoint | None:
    """Return the newest checkpoint; None for an empty log."""
    row = connection.execute(_LATEST).one_or_none()
    return None if row is None else StoredCheckpoint(**row._mapping)


def read_tile(connection: Connection, level: int, index: int) -> bytes:
    """Return a tile's hashes, `b""` when there is none."""
    found: bytes | None = connection.execute(_TILE, {"level": level, "idx": index}).scalar()
    return found or b""


def number(
    connection: Connection,
    ids: Sequence[UUID],
    *,
    start: int,
    tiles: Mapping[tuple[int, int], bytes],
    checkpoint: StoredCheckpoint,
) -> None:
    """Number `ids` from `start` and store changed tiles and their checkpoint: all or nothing."""
    rows = [{"level": level, "idx": idx, "hashes": data} for (level, idx), data in tiles.items()]
    connection.execute(
        _NUMBER,
        {
            "start": start,
            "ids": list(ids),
            "tiles": to_json(rows),
            "size": checkpoint.size,
            "root": checkpoint.root,
            "note": checkpoint.note,
            "at": checkpoint.at,
            "expected": len(ids),
        },
    )


def count_unnumbered(connection: Connection, ids: Sequence[UUID]) -> int:
    """Return how many of `ids` are still pending."""
    return int(connection.execute(_UNNUMBERED, {"ids": list(ids)}).scalar_one())


def all_checkpoints(connection: Connection) -> list[StoredCheckpoint]:
    """Return every checkpoint, smallest first."""
    rows = connection.execute(text("SELECT size, root, note, at FROM log_checkpoint ORDER BY size"))
    return [StoredCheckpoint(**row._mapping) for row in rows]


def entries_in_order(connection: Connection) -> Iterator[StoredEntry]:
    """Stream every numbered entry in order of its number, in bounded memory."""
    statement = text(f"SELECT {ENTRY_COLUMNS} FROM log_entry WHERE seq IS NOT NULL ORDER BY seq")
    streaming = connection.execution_options(stream_results=True, yield_per=2000)
    for row in streaming.execute(statement):
        yield StoredEntry(*row)
