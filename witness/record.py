"""What the witness remembers, in one SQLite file: of each log the newest checkpoint it cosigned.

Comparing and storing are one transaction that takes the write lock before it reads, so of two
requests, in one process or several, the second sees what the first stored. The commit is on disk
before a signature exists (`synchronous=EXTRA`), so a kill at any instant loses at most an answer.
Two signed checkpoints of one size and different roots prove that the log's key signed two pasts;
both notes are kept, for people to look at.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from consent.evidence.checkpoint import Checkpoint
from consent.evidence.merkle import EMPTY_ROOT

PATIENCE_SECONDS = 10.0
KEPT_FORKS = 1000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS newest (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL,
    time INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS fork (
    origin TEXT NOT NULL, size INTEGER NOT NULL, known BLOB NOT NULL, offered BLOB NOT NULL,
    time INTEGER NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Known:
    """The newest checkpoint of a log; of size 0, with an empty note, where there is none yet."""

    size: int
    root: bytes
    note: bytes
    time: int


class Turn:
    """The right to compare and store, for one log, until the transaction ends."""

    def __init__(self, connection: sqlite3.Connection, origin: str) -> None:
        self._connection = connection
        self._origin = origin
        row = connection.execute(
            "SELECT size, root, note, time FROM newest WHERE origin = ?", (origin,)
        ).fetchone()
        self.known = Known(*row) if row else Known(0, EMPTY_ROOT, b"", 0)

    def store(self, head: Checkpoint, note: bytes, *, time: int) -> None:
        """Make `head` the newest checkpoint, in place of the one before."""
        self._connection.execute(
            "INSERT INTO newest VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET"
            " size = excluded.size, root = excluded.root, note = excluded.note,"
            " time = excluded.time",
            (self._origin, head.size, head.root, note, time),
        )

    def keep_fork(self, note: bytes, *, time: int) -> None:
        """Keep the proof that the log signed two trees of one size."""
        self._connection.execute(
            "INSERT INTO fork SELECT ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM fork) < ?",
            (self._origin, self.known.size, self.known.note, note, time, KEPT_FORKS),
        )


class Record:
    """The file. A connection for each request: threads and processes may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(self._connect()) as connection:
            connection.executescript(_SCHEMA)

    @contextmanager
    def turn(self, origin: str) -> Iterator[Turn]:
        """Hold the write lock from before reading until what was stored is on disk."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Turn(connection, origin)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def forks(self) -> list[tuple[str, int, bytes, bytes]]:
        """Return (origin, size, known note, offered note) of every proof of two pasts."""
        with closing(self._connect()) as connection:
            return connection.execute("SELECT origin, size, known, offered FROM fork").fetchall()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=PATIENCE_SECONDS, isolation_level=None)
        connection.execute("PRAGMA synchronous = EXTRA")
        return connection
