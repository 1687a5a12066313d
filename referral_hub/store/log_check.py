"""The whole log as a verifier reads it: one snapshot, in order, a few thousand rows at a time.

Everything is read under one REPEATABLE READ snapshot, so that entries, tiles and checkpoints are of
one instant. The snapshot is taken while holding the integration lock, and what the signer remembers
is read at the same time: in between, no integrator can have signed something that the snapshot does
not show. The lock is held for one query, not for the check. Entries come over a connection of their
own that shares the snapshot, the next rows already on their way while these are being checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import psycopg
from sqlalchemy import Connection, TextClause, text

from referral_hub.errors import ServiceUnavailable
from referral_hub.store import log
from referral_hub.store.engine import Database, reachable

AT_ONCE = 1000
_Seen = TypeVar("_Seen")

_INDEXED = """
    e.seq, e.entry, e.leaf_hash, e.actor_agency_id::text, e.recipient_agency_id::text,
    e.sender_agency_id::text, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    e.id::text, e.outcome, e.type, e.actor_user_id IS NOT NULL, e.subject_id IS NOT NULL,
    e.referral_id IS NOT NULL
"""
_NUMBERED = f"SELECT {_INDEXED} FROM log_entry e WHERE e.seq >= 0 ORDER BY e.seq, e.id"
_PENDING = text(
    f"SELECT {_INDEXED} FROM log_entry e WHERE e.seq IS NULL OR e.seq < 0 ORDER BY e.id"
)
COMMITTED_ROWS = """
    SELECT e.seq, e.entry, e.id, e.actor_user_id::text, e.subject_id::text, e.referral_id::text,
           o.sealed_openings, o.agency_id, o.subject_id AS sealed_for, s.origin_agency_id,
           s.wrapped_key, s.erased_at IS NOT NULL AS erased
    FROM log_entry e
    LEFT JOIN log_opening o ON o.entry_id = e.id
    LEFT JOIN subject s ON s.id = COALESCE(o.subject_id, e.subject_id)
"""
_COMMITTED = text(f"{COMMITTED_ROWS} WHERE e.seq >= 0 ORDER BY e.seq")
_DECIDED = text(
    f"""{COMMITTED_ROWS} WHERE e.seq >= :since AND e.type = ANY(:types)
    AND (CAST(:sender AS uuid) IS NULL OR e.sender_agency_id = :sender) ORDER BY e.seq"""
)
_NEWEST_DECIDED = text(
    """
    SELECT seq FROM log_entry
    WHERE sender_agency_id = :sender AND seq >= 0 AND type = ANY(:types)
    ORDER BY seq DESC LIMIT :most
    """
)
_POLICIES = text(
    """
    SELECT a.seq, a.entry, a.actor_user_id::text, p.entry, p.actor_user_id::text
    FROM log_entry a LEFT JOIN log_entry p ON p.type = 'policy' AND p.outcome = 'proposed'
        AND p.id::text = convert_from(a.entry, 'UTF8')::jsonb->'details'->>'proposal'
        AND p.seq < a.seq
    WHERE a.type = 'policy' AND a.outcome = 'approved' AND a.seq >= 0 ORDER BY a.seq
    """
)
_RELEASES = text(
    """
    SELECT r.id::text, r.task_id::text, r.stage, r.field_ids, r.effect_id::text,
           r.origin_agency_id, r.recipient_agency_id, r.referral_id,
           e.seq, e.entry, e.type, e.outcome, e.sender_agency_id, e.recipient_agency_id AS told,
           e.referral_id AS about
    FROM release r LEFT JOIN log_entry e ON e.id = r.entry_id
    ORDER BY e.seq NULLS LAST, r.id
    """
)
_LEDGER = text(
    f"""
    WITH said AS ({COMMITTED_ROWS} WHERE e.type = 'consent' OR
                  (e.type = 'withdrawal' AND e.outcome = 'withdrawn'))
    SELECT said.*, c.id::text AS ledger_id, to_jsonb(c) AS record
    FROM said FULL JOIN consent_event c ON c.entry_id = said.id
    ORDER BY said.seq NULLS LAST, c.id
    """
)
_HISTORIES = text(
    """
    SELECT e.seq, e.entry, e.sender_agency_id, e.recipient_agency_id AS told,
           e.referral_id AS about, t.id::text, t.task_id::text, t.event, t.state, t.reason,
           t.origin_agency_id, t.recipient_agency_id, t.referral_id,
           EXISTS (SELECT 1 FROM release r WHERE r.entry_id = t.entry_id)
    FROM (SELECT * FROM log_entry WHERE type = 'task'
          OR id IN (SELECT entry_id FROM task_event)) e
    FULL JOIN task_event t ON t.entry_id = e.id
    ORDER BY e.seq NULLS LAST, t.id
    """
)
_LOOSE_TASKS = text(
    """
    SELECT NULL::bigint AS seq, t.id::text, 'no_release' FROM task t
    WHERE t.released_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM release r WHERE r.task_id = t.id)
    UNION ALL
    SELECT min(e.seq), t.id::text, 'no_line' FROM task t
    JOIN release r ON r.task_id = t.id AND r.stage = 'offer' JOIN log_entry e ON e.id = r.entry_id
    WHERE t.state NOT IN ('withdrawn', 'withheld') AND NOT EXISTS
        (SELECT 1 FROM task_event h WHERE h.task_id = t.id AND h.event = 'deliver')
    GROUP BY t.id
    UNION ALL
    SELECT NULL, t.id::text, 'no_start' FROM task t WHERE NOT EXISTS
        (SELECT 1 FROM task_event h WHERE h.task_id = t.id AND h.event IN ('place', 'hold'))
    """
)
_ERASURES = text(
    """
    WITH unsealed AS (
        SELECT COALESCE(o.subject_id, e.subject_id, r.subject_id) AS subject, count(*) AS count,
               min(e.seq) AS first,
               encode(sha256(string_agg(uuid_send(e.id), ''::bytea ORDER BY e.id)), 'hex') AS digest
        FROM log_opening o JOIN log_entry e ON e.id = o.entry_id
        LEFT JOIN referral r ON r.id = e.referral_id
        WHERE o.sealed_openings = ''::bytea GROUP BY 1
    ), said AS (
        SELECT DISTINCT ON (subject_id) subject_id AS subject, seq, entry FROM log_entry
        WHERE type = 'erasure' AND outcome = 'erased' ORDER BY subject_id, id DESC
    ), marked AS (
        SELECT id AS subject, wrapped_key IS NULL AS erased FROM subject WHERE erased_at IS NOT NULL
    )
    SELECT subject::text, COALESCE(said.seq, unsealed.first), said.entry,
           COALESCE(marked.erased, false), COALESCE(unsealed.count, 0),
           COALESCE(unsealed.digest, encode(sha256(''), 'hex'))
    FROM said FULL JOIN marked USING (subject) FULL JOIN unsealed USING (subject)
    ORDER BY 2 NULLS LAST, subject
    """
)
_DOUBTS = text("SELECT at FROM witness_state WHERE outcome = 'other_past' ORDER BY at")
_CHECKPOINTS = text("SELECT size, root, note, at FROM log_checkpoint ORDER BY size, id")
_COUNT_TILES = text("SELECT count(*) FROM log_tile")


class CommittedRow(NamedTuple):
    """An entry, the columns its commitments hide, and what opens them; `seq` None while pending."""

    seq: int | None
    entry: bytes
    id: UUID
    actor_user: str | None
    subject: str | None
    referral: str | None
    sealed: bytes | None
    agency: UUID | None
    sealed_for: UUID | None
    owner: UUID | None
    wrapped_key: bytes | None
    erased: bool


class ApprovalRow(NamedTuple):
    """A policy's approval beside the proposal that it names, which may be missing (None)."""

    seq: int
    entry: bytes
    actor: str | None
    proposal: bytes | None
    proposer: str | None


class ReleaseRow(NamedTuple):
    """A disclosure's row beside its log entry; the entry's columns are None where there is none."""

    id: str
    task_id: str
    stage: str
    field_ids: Sequence[str]
    effect_id: str
    origin: UUID
    recipient: UUID
    referral: UUID
    seq: int | None
    entry: bytes | None
    type: str | None
    outcome: str | None
    sender: UUID | None
    told: UUID | None
    about: UUID | None


class LedgerRow(NamedTuple):
    """An entry of an agreement or withdrawal beside its ledger record; either may be missing."""

    committed: CommittedRow | None
    id: str | None
    record: Mapping[str, Any] | None


class HistoryRow(NamedTuple):
    """A line of a task's history beside its entry; either may be missing (all None)."""

    seq: int | None
    entry: bytes | None
    sender: UUID | None
    told: UUID | None
    about: UUID | None
    id: str | None
    task_id: str | None
    event: str | None
    state: str | None
    reason: str | None
    origin: UUID | None
    recipient: UUID | None
    referral: UUID | None
    released: bool


class LooseTask(NamedTuple):
    """A task whose history or disclosure is not there, and which of them (a code)."""

    seq: int | None
    task_id: str
    fault: str


class ErasedRow(NamedTuple):
    """An erasure's entry beside the person: whether they are erased, and what was unsealed.

    `unsealed` entries are; `digest` is over their ids in order, 64 hex digits.
    """

    subject: str
    seq: int | None
    entry: bytes | None
    erased: bool
    unsealed: int
    digest: str


class Snapshot:
    """The log at one instant."""

    def __init__(self, connection: Connection, ahead: Connection) -> None:
        self._connection = connection
        self._ahead = ahead
        self.newest = log.latest_checkpoint(connection)

    def numbered(self) -> Iterator[Sequence[Any]]:
        """Every numbered row in order: seq, entry, leaf hash, then the index columns.

        Past SQLAlchemy and in binary, which halves what an entry costs to fetch.
        """
        driver: Any = self._ahead.connection.driver_connection
        with driver.cursor(name="numbered", binary=True) as cursor, ThreadPoolExecutor(1) as ahead:
            cursor.execute(_NUMBERED)
            coming = ahead.submit(cursor.fetchmany, AT_ONCE)
            while rows := coming.result():
                coming = ahead.submit(cursor.fetchmany, AT_ONCE)
                yield from rows

    def pending(self) -> Iterator[Sequence[Any]]:
        """Every row without a number, or with one below 0, oldest first, in the same columns."""
        return self._stream(_PENDING)

    def committed(self) -> Iterator[CommittedRow]:
        """Every numbered entry with what its commitments are about."""
        return (CommittedRow(*row) for row in self._stream(_COMMITTED))

    def newest_decided(
        self, types: Sequence[str], sender: UUID | None, most: int
    ) -> tuple[int, bool]:
        """Return the place of the oldest of the `most` newest, and whether there are older ones."""
        given = {"types": list(types), "sender": sender, "most": most + 1}
        found = [int(seq) for (seq,) in self._stream(_NEWEST_DECIDED, given)]
        return (found[:most] or [0])[-1], len(found) > most

    def decided(
        self, types: Sequence[str], sender: UUID | None, *, since: int = 0
    ) -> Iterator[CommittedRow]:
        """Numbered entries of these types, about everybody's people or one agency's."""
        given = {"types": list(types), "sender": sender, "since": since}
        return (CommittedRow(*row) for row in self._stream(_DECIDED, given))

    def approvals(self) -> Iterator[ApprovalRow]:
        """Every approval of a policy with its proposal, in the order of the log."""
        return (ApprovalRow(*row) for row in self._stream(_POLICIES))

    def releases(self) -> Iterator[ReleaseRow]:
        """Every disclosure with its entry, in the order of the log."""
        return (ReleaseRow(*row) for row in self._stream(_RELEASES))

    def ledger(self) -> Iterator[LedgerRow]:
        """Every agreement and withdrawal with its record, in the order of the log."""
        for row in self._stream(_LEDGER):
            *said, record_id, record = row
            committed = None if said[1] is None else CommittedRow(*said)
            yield LedgerRow(committed, record_id, record)

    def histories(self) -> Iterator[HistoryRow]:
        """Every line of every task's history with its entry, in the order of the log."""
        return (HistoryRow(*row) for row in self._stream(_HISTORIES))

    def erasures(self) -> Iterator[ErasedRow]:
        """Every erasure, and every person or entry that looks erased, in the order of the log."""
        return (ErasedRow(*row) for row in self._stream(_ERASURES))

    def loose_tasks(self) -> Iterator[LooseTask]:
        """Every task that misses its first line, its delivery or its disclosure."""
        return (LooseTask(*row) for row in self._stream(_LOOSE_TASKS))

    def checkpoints(self) -> Iterator[log.StoredCheckpoint]:
        """Every stored checkpoint, smallest first; nothing about it is believed yet."""
        return (log.StoredCheckpoint(*row) for row in self._stream(_CHECKPOINTS))

    def doubts(self) -> Iterator[datetime]:
        """Since when each witness remembers another past of this log, of those that do."""
        return (row[0] for row in self._stream(_DOUBTS))

    def read_tile(self, level: int, index: int) -> bytes:
        """One tile's hashes, `b""` when there is none."""
        return log.read_tile(self._connection, level, index)

    def count_tiles(self) -> int:
        """How many tiles are stored, at all levels."""
        return int(self._connection.execute(_COUNT_TILES).scalar_one())

    def _stream(
        self, statement: TextClause, given: Mapping[str, Any] | None = None
    ) -> Iterator[Sequence[Any]]:
        options = {"stream_results": True, "max_row_buffer": AT_ONCE, "yield_per": AT_ONCE}
        result = self._connection.execute(statement, given, execution_options=options)
        for rows in result.partitions():
            yield from rows


@contextmanager
def snapshot(
    database: Database, remembered: Callable[[], _Seen]
) -> Iterator[tuple[Snapshot, _Seen]]:
    """One instant of the log, and what `remembered()` returned at that same instant.

    Raises ServiceUnavailable when the integration lock cannot be had within the lock time-out.
    """
    worker = database.worker
    with _reachable(), worker.connect() as connection, worker.connect() as ahead:
        for each in (connection, ahead):
            each.execution_options(isolation_level="REPEATABLE READ")
        with worker.connect() as holder, log.integration_lock(holder):
            connection.execute(text("SET TRANSACTION READ ONLY"))
            shared = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            taken = Snapshot(connection, ahead)
            seen = remembered()
        ahead.execute(text(f"SET TRANSACTION SNAPSHOT '{shared}'"))
        yield taken, seen


@contextmanager
def _reachable() -> Iterator[None]:
    """As `reachable`, for the driver's own errors too."""
    with reachable():
        try:
            yield
        except psycopg.OperationalError as error:
            raise ServiceUnavailable("The database cannot be reached just now.") from error
