"""Where the directory's records come from: an agency's feeds and files, and how reading went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.domain.listings import words_table

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A feed (with an address) or a file, and its newest run where there is one."""

    id: UUID
    agency_id: UUID
    name: str
    url: str | None
    due_at: datetime | None
    good_at: datetime | None
    records: int
    run: Row | None


_WHOLE = """
    SELECT s.id, s.agency_id, s.name, s.url, s.due_at, s.good_at,
        (SELECT count(*) FROM directory_entry e WHERE e.source_id = s.id) AS records,
        (SELECT to_jsonb(r) - 'problems' FROM directory_run r
            WHERE r.source_id = s.id ORDER BY r.id DESC LIMIT 1) AS run
    FROM directory_source s
"""
_LIST = text(f"{_WHOLE} WHERE s.agency_id = :us ORDER BY s.name LIMIT 100")
_ONE = text(f"{_WHOLE} WHERE s.id = :id")
_RUNS = text(
    """
    SELECT id, began_at, ended_at, outcome, counts, problems FROM directory_run
    WHERE source_id = :source ORDER BY id DESC LIMIT 10
    """
)
_CLAIM = text(
    """
    UPDATE directory_source SET lease_until = :until WHERE id = (
        SELECT id FROM directory_source
        WHERE due_at <= :at AND (lease_until IS NULL OR lease_until < :at) AND url IS NOT NULL
        ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING id, agency_id
    """
)


def sources(connection: Connection, us: UUID) -> Sequence[SourceRow]:
    """Return an agency's sources by name, at most 100."""
    return [SourceRow(*row) for row in connection.execute(_LIST, {"us": us})]


def source(connection: Connection, source_id: UUID) -> SourceRow | None:
    """Return one source of the agency that the connection acts for."""
    row = connection.execute(_ONE, {"id": source_id}).one_or_none()
    return None if row is None else SourceRow(*row)


def source_named(connection: Connection, us: UUID, name: str) -> UUID | None:
    """Return an agency's source of exactly this name."""
    found: UUID | None = connection.execute(
        text("SELECT id FROM directory_source WHERE agency_id = :us AND name = :name"),
        {"us": us, "name": name},
    ).scalar()
    return found


def add(connection: Connection, row: Row) -> bool:
    """Add a source; False where the agency has one of this name."""
    done = connection.execute(
        text(
            "INSERT INTO directory_source (id, agency_id, name, url, created_at, due_at)"
            " VALUES (:id, :agency_id, :name, :url, :created_at, :due_at) ON CONFLICT DO NOTHING"
        ),
        dict(row),
    )
    return bool(done.rowcount)


def move(connection: Connection, source_id: UUID, url: str | None, at: datetime) -> None:
    """Let a source have another address, and read it soon."""
    connection.execute(
        text(
            "UPDATE directory_source SET url = :url,"
            " due_at = CASE WHEN CAST(:url AS text) IS NULL THEN NULL ELSE :at END WHERE id = :id"
        ),
        {"id": source_id, "url": url, "at": at},
    )


def ask(connection: Connection, source_id: UUID, at: datetime) -> bool:
    """Have a feed read as soon as possible; False where it is not the agency's, or no feed."""
    done = connection.execute(
        text("UPDATE directory_source SET due_at = :at WHERE id = :id AND url IS NOT NULL"),
        {"id": source_id, "at": at},
    )
    return bool(done.rowcount)


def stop(connection: Connection, source_id: UUID) -> bool:
    """Read a feed no more; what it brought in stays."""
    done = connection.execute(
        text("UPDATE directory_source SET due_at = NULL WHERE id = :id"), {"id": source_id}
    )
    return bool(done.rowcount)


def claim(connection: Connection, at: datetime, lease: timedelta) -> tuple[UUID, UUID] | None:
    """Lease a feed that is due, as the worker; returns (source, agency)."""
    row = connection.execute(_CLAIM, {"at": at, "until": at + lease}).one_or_none()
    return None if row is None else (row.id, row.agency_id)


def ended(connection: Connection, run: Row, *, good: bool, next_at: datetime | None) -> None:
    """Write how a run ended, and when the feed is read again (`next_at` None: by hand)."""
    connection.execute(
        text(
            "INSERT INTO directory_run"
            " (id, agency_id, source_id, began_at, ended_at, outcome, counts, problems)"
            " VALUES (:id, :agency_id, :source_id, :began_at, :ended_at, :outcome,"
            " CAST(:counts AS jsonb), CAST(:problems AS jsonb))"
        ),
        dict(run),
    )
    connection.execute(
        text(
            "UPDATE directory_source SET lease_until = NULL,"
            " due_at = CASE WHEN due_at IS NULL THEN NULL ELSE CAST(:next AS timestamptz) END,"
            " good_at = CASE WHEN :good THEN :at ELSE good_at END WHERE id = :id"
        ),
        {"id": run["source_id"], "at": run["ended_at"], "good": good, "next": next_at},
    )


def runs(connection: Connection, source_id: UUID) -> Sequence[Row]:
    """Return the newest ten runs of a source, with what was wrong in each."""
    return [dict(row._mapping) for row in connection.execute(_RUNS, {"source": source_id})]


_LOCK = 7_402_063
_SAID = r"""
    SELECT DISTINCT word FROM (
        SELECT regexp_split_to_table(
            lower(concat_ws(' ', e.name, e.organization_name, e.record ->> 'description')),
            '[^a-z]+') AS word
        FROM directory_entry e WHERE :whose
        UNION ALL
        SELECT regexp_split_to_table(one, '[^a-z]+') FROM unnest(CAST(:meanings AS text[])) one
    ) said WHERE length(word) BETWEEN 4 AND 30
"""
_WORDS = text(
    f"""
    INSERT INTO directory_word (word, parts)
    SELECT w.word, array(
        SELECT DISTINCT substr(' ' || w.word || ' ', n, 3)
        FROM generate_series(1, length(w.word)) n
    )
    FROM ({_SAID.replace(":whose", "true")}) w
    """
)
_MISSING_WORDS = text(
    f"""
    SELECT EXISTS (
        SELECT FROM ({_SAID.replace(":whose", "e.service_id IS NOT NULL")}) s
        WHERE NOT EXISTS (SELECT FROM directory_word w WHERE w.word = s.word)
    )
    """
)


def words_missing(connection: Connection) -> bool:
    """Whether what a provider wrote, or a need's words, have a word that is not in the list."""
    return bool(connection.execute(_MISSING_WORDS, {"meanings": _meanings()}).scalar())


def refresh_words(connection: Connection) -> None:
    """Make the list of words that a misspelt one is compared with again, as the worker.

    One worker at a time: another waits until this one's transaction ends.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    connection.execute(text("DELETE FROM directory_word"))
    connection.execute(_WORDS, {"meanings": _meanings()})


def _meanings() -> list[str]:
    return [one for phrases in words_table()["need"].values() for one in phrases]
