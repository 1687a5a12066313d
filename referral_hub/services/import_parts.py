"""A file in sealed parts: each is sealed as it arrives and opened as it is read, one at a time.

The whole file is never in memory, and never in clear on a disk or in the database. Parts of the
file are of one size, so that reading can begin at any byte. What comes back to the agency (rows
that could not be used) is kept in the same way, as lists of cells with what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from referral_hub.crypto.records import ImportPartContext
from referral_hub.crypto.seal import seal_import_part
from referral_hub.crypto.unseal import open_import_part
from referral_hub.domain.ids import new_id
from referral_hub.services.hub import Hub
from referral_hub.store import imports

PART_BYTES = 256 * 1024
HEADER = 0


class Part(StrEnum):
    """What a part is of: the file as it came, or the rows that go back."""

    FILE = "file"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class FileKey:
    """Which file, and whose."""

    agency_id: UUID
    import_id: UUID


@dataclass(frozen=True, slots=True, repr=False)
class ReturnedRow:
    """A row that goes back: its line, its cells, and (column, code) of what is wrong.

    The first of a file has the line `HEADER` and the names of the columns.
    """

    line: int
    cells: tuple[str, ...]
    faults: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return f"<ReturnedRow line {self.line}>"


def part_row(hub: Hub, key: FileKey, part: Part, *, number: int, data: bytes) -> dict[str, Any]:
    """Return a sealed part as a row."""
    sealed = seal_import_part(hub.keys, context=_context(key, part, number), data=data)
    return {
        "id": new_id(hub.clock()),
        "agency_id": key.agency_id,
        "import_id": key.import_id,
        "part": part.value,
        "number": number,
        "sealed": sealed,
        "key_version": hub.keys.version_of(sealed),
    }


def returned_part(
    hub: Hub, key: FileKey, *, number: int, rows: Sequence[ReturnedRow]
) -> dict[str, Any]:
    """Return rows that go back as a sealed part."""
    content = [[row.line, row.cells, row.faults] for row in rows]
    data = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
    return part_row(hub, key, Part.RETURNED, number=number, data=data)


def read_file(hub: Hub, key: FileKey, offset: int = 0) -> Iterator[bytes]:
    """Yield the file's bytes from `offset` on, a part at a time."""
    first, within = divmod(offset, PART_BYTES)
    for number, data in enumerate(_opened(hub, key, Part.FILE, first), start=first):
        yield data[within:] if number == first else data


def read_returned(hub: Hub, key: FileKey) -> Iterator[ReturnedRow]:
    """Yield the rows that go back, in the order of their lines."""
    for data in _opened(hub, key, Part.RETURNED, 0):
        for line, cells, faults in json.loads(data):
            yield ReturnedRow(line, tuple(cells), tuple((name, code) for name, code in faults))


def _opened(hub: Hub, key: FileKey, part: Part, number: int) -> Iterator[bytes]:
    while True:
        with hub.database.acting_for(key.agency_id) as connection:
            sealed = imports.part(connection, key.import_id, part.value, number)
        if sealed is None:
            return
        yield open_import_part(hub.keys, context=_context(key, part, number), sealed=sealed)
        number += 1


def _context(key: FileKey, part: Part, number: int) -> ImportPartContext:
    return ImportPartContext(str(key.agency_id), str(key.import_id), part.value, number)
