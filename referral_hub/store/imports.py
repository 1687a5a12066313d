"""Imported files as rows: their parts, their progress under a fenced lease, and what rows became.

Everything that a batch of rows writes is one transaction, and where reading goes on is part of it.
A worker that dies in a batch has written nothing of it; one that slept past its lease finds a
higher fence and writes nothing either. So each row counts exactly once, without any other record.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Connection, LargeBinary, bindparam, text
from sqlalchemy.exc import IntegrityError

from referral_hub.errors import NotFound
from referral_hub.store.change import to_json

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One file: whose, under which mapping, how far it has come and what its rows became.

    `position` and `size` are bytes; `line` is the last line that was read.
    """

    id: UUID
    agency_id: UUID
    user_id: UUID
    mapping_version: int
    state: str
    refusal: str | None
    size: int
    foreseen: Counts | None
    counts: Counts
    position: int
    line: int
    fence: int
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row that became something: its line, and the referral or the staged item."""

    line: int
    referral_id: UUID | None
    reference: str | None
    staged_id: UUID | None
    state: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a batch leaves a file."""

    position: int
    line: int
    counts: Counts
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """How a round over a file ended; `foreseen` are the counts of a looking-through."""

    state: str
    at: datetime
    refusal: str | None = None
    foreseen: Counts | None = None


_COLUMNS = ", ".join(ImportRow.__slots__)
_BEGIN = text(
    "INSERT INTO csv_import (id, agency_id, user_id, mapping_version, state, created_at)"
    " VALUES (:id, :agency, :user, :version, 'receiving', :at)"
)
_PARTS = text(
    "INSERT INTO import_part (id, agency_id, import_id, part, number, sealed, key_version)"
    " SELECT id, agency_id, import_id, part, number, sealed, key_version"
    " FROM json_populate_recordset(NULL::import_part, :rows)"
)
_CLAIM = text(
    f"""
    WITH due AS (
        SELECT id FROM csv_import WHERE state IN ('checking', 'importing')
        AND (lease_until IS NULL OR lease_until < :at)
        ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE csv_import SET lease_until = :until, fence = fence + 1
    FROM due WHERE csv_import.id = due.id
    RETURNING {", ".join(f"csv_import.{name}" for name in ImportRow.__slots__)}
    """
)
_HOLD = text("SELECT id FROM csv_import WHERE id = :id AND fence = :fence FOR UPDATE")
_ADVANCE = text(
    "UPDATE csv_import SET position = :position, line = :line, counts = CAST(:counts AS jsonb),"
    " lease_until = :lease WHERE id = :id"
)
_END = text(
    "UPDATE csv_import SET state = :state, refusal = :refusal, ended_at = :at, lease_until = NULL,"
    " foreseen = COALESCE(CAST(:foreseen AS jsonb), foreseen)"
    " WHERE id = :id AND fence = :fence AND state IN ('checking', 'importing')"
)
_CONFIRM = text(
    "UPDATE csv_import SET state = 'importing', position = 0, line = 0, counts = '{}',"
    " lease_until = NULL, ended_at = NULL WHERE id = :id AND state = 'checked'"
)
_DISCARD = text(
    "UPDATE csv_import SET state = 'discarded', ended_at = :at, lease_until = NULL,"
    " fence = fence + 1 WHERE id = :id AND state IN ('receiving', 'checking', 'checked', 'refused')"
)
_KEPT = text(
    "SELECT row_index FROM import_row WHERE agency_id = :agency AND row_index = ANY(:indexes)"
).bindparams(bindparam("indexes", type_=ARRAY(LargeBinary)))
_ROWS = text(
    "INSERT INTO import_row (agency_id, row_index, import_id, line, referral_id, staged_id)"
    " SELECT agency_id, row_index, import_id, line, referral_id, staged_id"
    " FROM json_populate_recordset(NULL::import_row, :rows)"
)
_BECAME = text(
    """
    SELECT k.line, k.referral_id, r.reference, k.staged_id, s.state, s.reason
    FROM import_row k
    LEFT JOIN referral r ON r.id = COALESCE(
        k.referral_id, (SELECT i.referral_id FROM staged_item i WHERE i.id = k.staged_id))
    LEFT JOIN staged_item s ON s.id = k.staged_id
    WHERE k.import_id = :id AND k.line > :after ORDER BY k.line LIMIT :most
    """
)


def begin(connection: Connection, row: Mapping[str, Any]) -> None:
    """Start receiving a file; `row` has id, agency, user, version and at."""
    connection.execute(_BEGIN, row)


def add_parts(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store sealed parts."""
    if rows:
        connection.execute(_PARTS, {"rows": to_json(rows)})


def part(connection: Connection, import_id: UUID, part: str, number: int) -> bytes | None:
    """Return one sealed part; None after the last."""
    found: bytes | None = connection.execute(
        text(
            "SELECT sealed FROM import_part"
            " WHERE import_id = :id AND part = :part AND number = :number"
        ),
        {"id": import_id, "part": part, "number": number},
    ).scalar()
    return found


def count_parts(connection: Connection, import_id: UUID, part: str) -> int:
    """Return how many parts of one kind there are."""
    query = text("SELECT count(*) FROM import_part WHERE import_id = :id AND part = :part")
    return int(connection.execute(query, {"id": import_id, "part": part}).scalar_one())


def drop_parts(connection: Connection, import_id: UUID, part: str | None = None) -> None:
    """Delete the parts of one kind, or all of them."""
    connection.execute(
        text(
            "DELETE FROM import_part WHERE import_id = :id"
            " AND (CAST(:part AS text) IS NULL OR part = :part)"
        ),
        {"id": import_id, "part": part},
    )


def received(connection: Connection, import_id: UUID, *, size: int, file_index: bytes) -> bool:
    """Say that a file is complete and to be looked through; False if it came before."""
    try:
        with connection.begin_nested():
            connection.execute(
                text(
                    "UPDATE csv_import SET state = 'checking', size = :size, file_index = :index"
                    " WHERE id = :id AND state = 'receiving'"
                ),
                {"id": import_id, "size": size, "index": file_index},
            )
    except IntegrityError:
        return False
    return True


def same_file(
    connection: Connection, agency_id: UUID, *, file_index: bytes, version: int
) -> UUID | None:
    """Return the import of the same file under the same mapping."""
    query = (
        "SELECT id FROM csv_import WHERE agency_id = :us AND file_index = :index"
        " AND mapping_version = :version AND state <> 'discarded'"
    )
    given = {"us": agency_id, "index": file_index, "version": version}
    found: UUID | None = connection.execute(text(query), given).scalar()
    return found


def forget(connection: Connection, import_id: UUID, at: datetime) -> None:
    """Drop a file that came before, was too large or broke off, with all its parts."""
    discard(connection, import_id, at)
    drop_parts(connection, import_id)


def one(connection: Connection, import_id: UUID) -> ImportRow:
    """Return a file of the acting agency. Raises NotFound."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM csv_import WHERE id = :id"), {"id": import_id}
    ).one_or_none()
    if row is None:
        raise NotFound
    return ImportRow(*row)


def page(connection: Connection, *, before: UUID | None, most: int) -> list[ImportRow]:
    """Return the acting agency's files, newest first."""
    query = text(
        f"SELECT {_COLUMNS} FROM csv_import WHERE state NOT IN ('receiving', 'discarded')"
        " AND (CAST(:before AS uuid) IS NULL OR id < :before) ORDER BY id DESC LIMIT :most"
    )
    return [ImportRow(*row) for row in connection.execute(query, {"before": before, "most": most})]


def claim(connection: Connection, *, at: datetime, until: datetime) -> ImportRow | None:
    """Lease the oldest file that waits for the worker (`hub_worker` only)."""
    row = connection.execute(_CLAIM, {"at": at, "until": until}).one_or_none()
    return None if row is None else ImportRow(*row)


def hold(connection: Connection, row: ImportRow) -> bool:
    """Lock a file for one batch; False once somebody else has it."""
    given = {"id": row.id, "fence": row.fence}
    return connection.execute(_HOLD, given).scalar() is not None


def advance(connection: Connection, import_id: UUID, progress: Progress) -> None:
    """Record how far a held file has come."""
    connection.execute(
        _ADVANCE,
        {
            "id": import_id,
            "position": progress.position,
            "line": progress.line,
            "counts": to_json([progress.counts])[1:-1],
            "lease": progress.lease_until,
        },
    )


def end(connection: Connection, row: ImportRow, how: Ending) -> bool:
    """Say how a round over a file ended; False once somebody else has it."""
    given = {
        "id": row.id,
        "fence": row.fence,
        "state": how.state,
        "refusal": how.refusal,
        "at": how.at,
        "foreseen": None if how.foreseen is None else to_json([how.foreseen])[1:-1],
    }
    return connection.execute(_END, given).rowcount == 1


def release(connection: Connection, row: ImportRow) -> None:
    """Let another worker go on at once."""
    connection.execute(
        text("UPDATE csv_import SET lease_until = NULL WHERE id = :id AND fence = :fence"),
        {"id": row.id, "fence": row.fence},
    )


def confirm(connection: Connection, import_id: UUID) -> bool:
    """Let a file that was looked through be imported; False unless it waits for that."""
    return connection.execute(_CONFIRM, {"id": import_id}).rowcount == 1


def discard(connection: Connection, import_id: UUID, at: datetime) -> bool:
    """Drop a file that was not imported; False once it is being imported."""
    return connection.execute(_DISCARD, {"id": import_id, "at": at}).rowcount == 1


def kept(connection: Connection, agency_id: UUID, indexes: Collection[bytes]) -> frozenset[bytes]:
    """Return which of these rows became something before."""
    if not indexes:
        return frozenset()
    given = {"agency": agency_id, "indexes": list(indexes)}
    return frozenset(map(bytes, connection.execute(_KEPT, given).scalars()))


def add_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Remember which rows became what."""
    if rows:
        connection.execute(_ROWS, {"rows": to_json(rows)})


def became(connection: Connection, import_id: UUID, *, after: int = 0, most: int) -> list[KeptRow]:
    """Return what the rows of a file became, in the order of its lines."""
    given = {"id": import_id, "after": after, "most": most}
    return [KeptRow(*row) for row in connection.execute(_BECAME, given)]
