"""What the integrator last signed, remembered outside the database.

An attacker who rewrites the database can restore an older log together with its genuine older
checkpoint. The signer's own memory, one small file replaced atomically, makes that visible at the
next integration and to `hub verify-log`. The limit: whoever also replaces this file is caught only
by an officer's own checkpoint or a witness.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from consent.evidence.tiles import Tiles
from referral_hub.errors import LogUnavailable
from referral_hub.store.log import StoredCheckpoint

Mark = tuple[int, str]


class SignerMemory:
    """The sizes and roots that the database may legitimately show."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def expected(self) -> tuple[Mark, ...]:
        """Return the (size, hex root) pairs the log may stand at; none before the first one."""
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ()
        return tuple((int(size), str(root)) for size, root in data["expected"])

    def problem(self, newest: StoredCheckpoint | None) -> str | None:
        """Say how `newest` contradicts what was signed; None when it does not."""
        expected = self.expected()
        if not expected or _mark(newest) in expected:
            return None
        size = newest.size if newest else 0
        return (
            f"the log stands at size {size}, but size {expected[-1][0]} was signed last: "
            "it was rolled back or replaced"
        )

    def require_continues(self, newest: StoredCheckpoint | None, tiles: Tiles) -> None:
        """Raise LogUnavailable unless the log is the one that was last signed, tiles and all."""
        problem = self.problem(newest)
        if problem is None and newest is not None and tiles.root(newest.size) != newest.root:
            problem = "the stored tree does not have the root that was signed"
        if problem is not None:
            raise LogUnavailable(f"The log is not what was signed: {problem}. Run hub verify-log.")

    def about_to_sign(self, newest: StoredCheckpoint | None, signed: StoredCheckpoint) -> None:
        """Remember both ends of a commit that has not happened yet."""
        self._write((_mark(newest), _mark(signed)))

    def signed(self, signed: StoredCheckpoint) -> None:
        """Remember that the commit happened."""
        self._write((_mark(signed),))

    def _write(self, expected: tuple[Mark, ...]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({"expected": expected}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def _mark(checkpoint: StoredCheckpoint | None) -> Mark:
    return (0, "") if checkpoint is None else (checkpoint.size, checkpoint.root.hex())
