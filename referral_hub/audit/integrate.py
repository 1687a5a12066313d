"""Number pending entries, extend the tree, sign a checkpoint: by whoever holds the lock, all at
once.

Sequencing happens after the accepting transaction, so no lock is held across its commit. The
integrator refuses a log that does not continue what it last signed: it compares the database's
newest checkpoint with the tiles and with its own memory, a file beside the signing key that a
change made by SQL cannot reach. The file is written before the commit (what is about to be signed)
and again after it, so a crash in between is told apart from a rollback.

A disclosure calls `ensure_integrated` and waits for its own entry; if the log cannot be written,
nothing is disclosed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from consent.evidence.checkpoint import Checkpoint
from consent.evidence.tiles import Tiles
from referral_hub.audit.memory import SignerMemory
from referral_hub.clock import Clock, monotonic, pause
from referral_hub.crypto.log_signer import LogSigner
from referral_hub.errors import LogUnavailable
from referral_hub.store import log
from referral_hub.store.engine import Connection, Database

BATCH = 4096
PATIENCE_SECONDS = 10.0
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Integrated:
    """How many entries got a number, and the tree's size afterwards."""

    count: int
    size: int


class Integrator:
    """Holds the log's signing key and what was last signed with it."""

    def __init__(self, database: Database, signer: LogSigner, memory: Path, clock: Clock) -> None:
        self._database = database
        self._signer = signer
        self._memory = SignerMemory(memory)
        self._clock = clock

    def run(self, most: int = BATCH) -> Integrated:
        """Integrate up to `most` pending entries. Raises LogUnavailable."""
        with (
            log.writable(),
            self._database.worker.connect() as connection,
            log.integration_lock(connection),
        ):
            return self._integrate(connection, most)

    def _integrate(self, connection: Connection, most: int) -> Integrated:
        with connection.begin():
            waiting = log.pending(connection, most)
            newest = log.latest_checkpoint(connection)
            size = newest.size if newest else 0
            tiles = Tiles(lambda level, index: log.read_tile(connection, level, index))
            self._memory.require_continues(newest, tiles)
            if not waiting:
                return Integrated(0, size)
            grown = tiles.append([leaf for _, leaf in waiting], size)
            signed = self._sign(grown.size, grown.root)
            self._memory.about_to_sign(newest, signed)
            ids = [entry_id for entry_id, _ in waiting]
            log.number(connection, ids, start=size, tiles=grown.tiles, checkpoint=signed)
        self._memory.signed(signed)
        return Integrated(len(waiting), grown.size)

    def _sign(self, size: int, root: bytes) -> log.StoredCheckpoint:
        at: datetime = self._clock()
        body = Checkpoint(self._signer.origin, size, root).body()
        return log.StoredCheckpoint(size, root, self._signer.sign_checkpoint(body), at)


def ensure_integrated(
    database: Database, integrator: Integrator | None, entry_ids: Sequence[UUID]
) -> None:
    """Return once every entry has its number, integrating here if this process holds the key.

    Raises LogUnavailable after ten seconds, in which case nothing may be disclosed.
    """
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        if integrator is not None:
            integrator.run()
        with database.one_worker_statement() as connection:
            if log.count_unnumbered(connection, entry_ids) == 0:
                return
        if monotonic() > deadline:
            raise LogUnavailable("The log could not be written, so nothing was disclosed.")
        pause(POLL_SECONDS)
