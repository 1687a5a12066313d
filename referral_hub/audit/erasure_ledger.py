"""Which people were erased, kept outside the database, so that a restored backup cannot undo it.

A line for each erasure, ids and an instant only (the person's, and of what was begun about them and
erased with them), flushed to the disk before the erasure commits: a crash in between leaves a line
for a person who is still there, and the next start erases them, as was confirmed. The file belongs
on other storage than the database's backups and is never rewritten; only a last line that was cut
off is removed. The limits: every machine that serves officers must reach the same file, and whoever
deletes lines and restores a backup is seen only by the log's own memory and by the officer's
certificate.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from referral_hub.domain.unfinished import UnfinishedName
from referral_hub.errors import ServiceUnavailable


@dataclass(frozen=True, slots=True)
class Erased:
    """One erasure: the person's id at their agency, the log entry, when, and what went with it."""

    subject_id: UUID
    agency_id: UUID
    entry_id: UUID
    at: datetime
    beside: tuple[UnfinishedName, ...] = ()


class ErasureLedger:
    """The file at `path`; it need not exist yet."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, erased: Erased) -> None:
        """Write one line and flush it to the disk. Raises ServiceUnavailable."""
        line = {
            "agency": str(erased.agency_id),
            "at": erased.at.isoformat(),
            "entry": str(erased.entry_id),
            "subject": str(erased.subject_id),
        } | ({"beside": [str(one) for one in erased.beside]} if erased.beside else {})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                whole = file.read()
                file.truncate(whole.rfind(b"\n") + 1)
                file.seek(0, os.SEEK_END)
                file.write(json.dumps(line, sort_keys=True).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            _flush_directory(self._path.parent)
        except OSError as error:
            raise ServiceUnavailable(
                "The erasure ledger cannot be written, so nothing was erased."
            ) from error

    def lines(self) -> Iterator[Erased]:
        """Yield every erasure, oldest first. Raises ServiceUnavailable for an unreadable line."""
        try:
            whole = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise ServiceUnavailable("The erasure ledger cannot be read.") from error
        for number, line in enumerate(whole.split(b"\n")[:-1], start=1):
            try:
                found = json.loads(line)
                yield Erased(
                    subject_id=UUID(found["subject"]),
                    agency_id=UUID(found["agency"]),
                    entry_id=UUID(found["entry"]),
                    at=datetime.fromisoformat(found["at"]),
                    beside=tuple(UnfinishedName.of(one) for one in found.get("beside", ())),
                )
            except (ValueError, KeyError, TypeError, AttributeError):
                message = f"Line {number} of the erasure ledger cannot be read. Restore the file."
                raise ServiceUnavailable(message) from None


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
