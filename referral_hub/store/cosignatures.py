"""Cosignatures beside the checkpoints that they are over: added, never changed.

A checkpoint's row is evidence and stays as the log signed it; a cosigned note is put together when
it is read. What a witness last cosigned is read from here too, and is only a guess: the witness
itself says where it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from referral_hub.store.log import StoredCheckpoint


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's signature line over the checkpoint of `size`; `time` is what the line states."""

    size: int
    key_id: bytes
    line: bytes
    time: int


_ADD = text(
    """
    INSERT INTO log_cosignature (size, key_id, line, time, at)
    VALUES (:size, :key_id, :line, :time, :at) ON CONFLICT (size, key_id) DO NOTHING
    """
)
_LAST = text("SELECT max(size) FROM log_cosignature WHERE key_id = :key_id")
_COSIGNED = """
    SELECT c.size, c.root, c.note || coalesce(w.lines, ''::bytea) AS note, c.at
    FROM log_checkpoint c CROSS JOIN LATERAL (
        SELECT string_agg(s.line, ''::bytea ORDER BY s.key_id) AS lines, count(*) AS found
        FROM log_cosignature s WHERE s.size = c.size AND s.key_id = ANY(:known)
    ) w
"""
_NEWEST = text(f"{_COSIGNED} ORDER BY c.size DESC LIMIT 1").bindparams(
    bindparam("known", type_=ARRAY(BYTEA))
)
_BEST = text(
    f"{_COSIGNED} WHERE c.size >= :at_least ORDER BY w.found DESC, c.size DESC LIMIT 1"
).bindparams(bindparam("known", type_=ARRAY(BYTEA)))
_ANSWERED = text(
    """
    INSERT INTO witness_state AS s (key_id, outcome, at) VALUES (:key_id, :outcome, :at)
    ON CONFLICT (key_id) DO UPDATE SET outcome = excluded.outcome, at = excluded.at
    WHERE s.outcome <> excluded.outcome
    """
)
_ANSWERS = text(
    "SELECT outcome, at FROM witness_state WHERE key_id = ANY(:known) ORDER BY at"
).bindparams(bindparam("known", type_=ARRAY(BYTEA)))


def add(connection: Connection, found: Cosignature, *, at: datetime) -> None:
    """Keep a cosignature; the first of a witness over a checkpoint stays."""
    values = {"size": found.size, "key_id": found.key_id, "line": found.line}
    connection.execute(_ADD, {**values, "time": found.time, "at": at})


def last_size(connection: Connection, key_id: bytes) -> int:
    """Return the size that this witness cosigned last, as far as is known here; 0 for none."""
    return int(connection.execute(_LAST, {"key_id": key_id}).scalar() or 0)


def newest(connection: Connection, known: Sequence[bytes]) -> StoredCheckpoint | None:
    """Return the newest checkpoint, its note with what `known` witnesses cosigned of it."""
    row = connection.execute(_NEWEST, {"known": list(known)}).one_or_none()
    return None if row is None else StoredCheckpoint(**row._mapping)


def best(
    connection: Connection, known: Sequence[bytes], *, at_least: int
) -> StoredCheckpoint | None:
    """Return the checkpoint from size `at_least` on that most witnesses cosigned, newest first."""
    row = connection.execute(_BEST, {"known": list(known), "at_least": at_least}).one_or_none()
    return None if row is None else StoredCheckpoint(**row._mapping)


def answered(connection: Connection, key_id: bytes, outcome: str, *, at: datetime) -> None:
    """Keep what came of asking a witness last; `at` is since when that has been so."""
    connection.execute(_ANSWERED, {"key_id": key_id, "outcome": outcome, "at": at})


def answers(connection: Connection, known: Sequence[bytes]) -> list[tuple[str, datetime]]:
    """Return (outcome, since) for each of the `known` witnesses that was ever asked."""
    found = connection.execute(_ANSWERS, {"known": list(known)})
    return [(row.outcome, row.at) for row in found]
