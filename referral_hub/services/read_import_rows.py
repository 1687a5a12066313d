"""Read a file's rows under its mapping, from anywhere in it, and say what each would become.

No row is looked up or written here. Reading begins at a place that an earlier batch left, and the
header is read again each time, because a file's own words are kept nowhere in clear.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adapters.formats.csv_rows import CsvError, CsvRow, Layout, Place, read_layout, read_rows
from referral_hub.domain.csv_mapping import CsvMapping, RowField, folded
from referral_hub.domain.csv_rows import Places, RowOutcome, RowRead, read_row
from referral_hub.domain.imports import ImportRefusal
from referral_hub.errors import HubError
from referral_hub.services.hub import Hub
from referral_hub.services.import_parts import FileKey, read_file


class FileRefused(HubError):
    """A file as a whole cannot be read under this mapping."""

    def __init__(self, refusal: ImportRefusal) -> None:
        self.refusal = refusal
        super().__init__(f"the file is refused: {refusal.value}")


@dataclass(frozen=True, slots=True, repr=False)
class FileLayout:
    """A file's layout under a mapping: where each mapped column stands, and those it lacks."""

    key: FileKey
    mapping: CsvMapping
    layout: Layout
    indexes: Mapping[str, int]
    missing: tuple[str, ...]

    def __repr__(self) -> str:
        return "<FileLayout>"


@dataclass(frozen=True, slots=True, repr=False)
class ReadRow:
    """A row of the file and what it says; `faults` are (column, code) of a row that goes back."""

    row: CsvRow
    read: RowRead
    faults: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"<ReadRow line {self.row.line}>"


def layout_of(hub: Hub, key: FileKey, mapping: CsvMapping) -> FileLayout:
    """Return the layout of a file. Raises FileRefused."""
    try:
        layout = read_layout(read_file(hub, key), mapping.columns)
    except CsvError as problem:
        raise FileRefused(ImportRefusal(problem.fault.value)) from None
    names = [folded(name) for name in layout.columns]
    indexes, missing = {}, []
    for column, code in mapping.columns.items():
        count = names.count(folded(column))
        if count > 1 and code != RowField.IGNORE:
            raise FileRefused(ImportRefusal.COLUMN_TWICE)
        if count:
            indexes[column] = names.index(folded(column))
        elif code == RowField.AGREED:
            raise FileRefused(ImportRefusal.NO_AGREED_COLUMN)
        else:
            missing.append(column)
    return FileLayout(key, mapping, layout, indexes, tuple(missing))


def rows_from(hub: Hub, found: FileLayout, place: Place, places: Places) -> Iterator[ReadRow]:
    """Yield the file's rows from `place` on; at the very start, from the first row."""
    start = place if place.offset else found.layout.rows
    for row in read_rows(read_file(hub, found.key, start.offset), found.layout, start):
        if row.fault is not None:
            name = found.layout.columns[row.column] if row.column is not None else ""
            yield ReadRow(row, RowRead(RowOutcome.RETURNED), ((name, row.fault.value),))
            continue
        cells = {column: row.cells[index] for column, index in found.indexes.items()}
        read = read_row(cells, found.mapping, places)
        yield ReadRow(row, read, tuple((name, fault.value) for name, fault in read.faults))
