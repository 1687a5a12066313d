"""One batch of a file's rows, in one transaction: what they become, and where reading goes on.

In the looking-through nothing is written but what would go back. In the import, rows that agree and
say enough become referrals, each decided, sealed and logged; rows that agree and lack something are
staged; a row that became something before, in this file or another, counts as repeated. If the
transaction does not commit, none of this has happened.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from referral_hub.domain.commands import Actor
from referral_hub.domain.csv_mapping import CsvMapping, RowField
from referral_hub.domain.csv_rows import RowOutcome, pages_of
from referral_hub.domain.ids import new_id
from referral_hub.domain.imports import ImportState
from referral_hub.domain.staging import StagedSource
from referral_hub.services.hub import Hub
from referral_hub.services.import_parts import (
    HEADER,
    FileKey,
    Part,
    ReturnedRow,
    returned_part,
)
from referral_hub.services.read_import_rows import ReadRow
from referral_hub.services.row_referral import referral_of_row
from referral_hub.services.stage import Parties, Staged, staged_change
from referral_hub.services.submit_many import accept_many, together
from referral_hub.store import change, imports
from referral_hub.store.engine import Connection
from referral_hub.store.imports import ImportRow, Progress

MOST_ROWS = 1000
MOST_KEPT = 200
LEASE = timedelta(seconds=60)
KEPT = frozenset({RowOutcome.REFERRAL, RowOutcome.STAGED})


class LostLease(Exception):
    """Another worker has the file now; nothing of this batch was written."""


@dataclass(frozen=True, slots=True, repr=False)
class Work:
    """A file in hand: its row, mapping and sender, how many rows became what, and its columns."""

    row: ImportRow
    mapping: CsvMapping
    actor: Actor
    counts: Counter[str]
    columns: tuple[str, ...] = ()

    @property
    def key(self) -> FileKey:
        """Which file, and whose."""
        return FileKey(self.row.agency_id, self.row.id)

    @property
    def dry(self) -> bool:
        """Whether the file is only looked through."""
        return self.row.state == ImportState.CHECKING

    def __repr__(self) -> str:
        return "<Work>"


@dataclass(frozen=True, slots=True, repr=False)
class SortedOut:
    """Rows that are kept, with their index; rows that go back; and how many of each."""

    fresh: list[tuple[ReadRow, bytes]]
    returned: list[ReturnedRow]
    counts: Counter[str]

    def __repr__(self) -> str:
        return "<SortedOut>"


def in_batches(rows: Iterator[ReadRow]) -> Iterator[list[ReadRow]]:
    """Cut rows into batches; a person who comes twice begins a new one, to be found as known."""
    batch: list[ReadRow] = []
    kept = 0
    people: set[str] = set()
    for row in rows:
        keeps = row.read.outcome in KEPT
        number = row.read.values.get(RowField.NHS_NUMBER) if keeps else None
        if batch and (len(batch) >= MOST_ROWS or kept >= MOST_KEPT or number in people):
            yield batch
            batch, kept, people = [], 0, set()
        batch.append(row)
        kept += keeps
        if number:
            people.add(number)
    if batch:
        yield batch


def write_batch(hub: Hub, work: Work, batch: Sequence[ReadRow], *, refused: bool = False) -> None:
    """Write a batch and where it ends; `refused` sends its rows back although they can be read.

    Raises LostLease, AlreadyThere (somebody referred the same person just now: write it again).
    """
    at = hub.clock()
    hub = hub.for_one_use_case()
    with hub.database.acting_for(work.row.agency_id) as connection:
        if not imports.hold(connection, work.row):
            raise LostLease
        indexed = [
            (one, _index(hub, work, one) if one.read.outcome in KEPT else b"") for one in batch
        ]
        known = imports.kept(
            connection, work.row.agency_id, [index for _, index in indexed if index]
        )
        sorted_out = _sort(indexed, known, refused=refused)
        counts = Counter(work.counts) + sorted_out.counts
        if not work.dry:
            counts["held"] += _keep(hub, work, sorted_out.fresh, connection=connection, at=at)
        if sorted_out.returned:
            number = imports.count_parts(connection, work.row.id, Part.RETURNED.value)
            header = [] if number else [ReturnedRow(HEADER, work.columns, ())]
            rows = [*header, *sorted_out.returned]
            imports.add_parts(connection, [returned_part(hub, work.key, number=number, rows=rows)])
        end = batch[-1].row.next
        imports.advance(connection, work.row.id, Progress(end.offset, end.line, counts, at + LEASE))
    work.counts.clear()
    work.counts.update(counts)


def _sort(
    indexed: Iterable[tuple[ReadRow, bytes]], known: Iterable[bytes], *, refused: bool
) -> SortedOut:
    """Say what each row becomes, and count it."""
    seen = set(known)
    found = SortedOut([], [], Counter())
    for one, index in indexed:
        outcome = one.read.outcome
        if index and refused:
            outcome = RowOutcome.RETURNED
            found.returned.append(ReturnedRow(one.row.line, one.row.cells, (("", "not_accepted"),)))
        elif index and index in seen:
            outcome = RowOutcome.REPEATED
        elif index:
            seen.add(index)
            found.fresh.append((one, index))
        elif outcome is RowOutcome.RETURNED:
            found.returned.append(ReturnedRow(one.row.line, one.row.cells, one.faults))
        found.counts[outcome.value] += 1
    return found


def _keep(
    hub: Hub,
    work: Work,
    fresh: Sequence[tuple[ReadRow, bytes]],
    *,
    connection: Connection,
    at: datetime,
) -> int:
    """Write referrals and staged items, and remember their rows; returns how many are held."""
    referring = [one for one in fresh if one[0].read.outcome is RowOutcome.REFERRAL]
    staging = [one for one in fresh if one[0].read.outcome is RowOutcome.STAGED]
    commands = [
        referral_of_row(
            one.read.values, work.mapping, batch=(work.row.id, one.row.line), today=at.date()
        )
        for one, _ in referring
    ]
    made, accepted = accept_many(hub, work.actor, connection, commands=commands, at=at)
    changes = [made] if made else []
    remembered = [
        _remembered(work, one, referral_id=found.referral_id)
        for one, found in zip(referring, accepted, strict=True)
    ]
    if staging:
        items = [_staged(work, one, at) for one, _ in staging]
        us = work.row.agency_id
        parties = Parties(us, us, StagedSource.CSV, work.row.id, work.actor)
        changes.append(staged_change(hub, parties, items, at=at))
        remembered += [
            _remembered(work, one, staged_id=item.id)
            for one, item in zip(staging, items, strict=True)
        ]
    if changes:
        change.write(connection, together(changes))
        imports.add_rows(connection, remembered)
    return sum(found.held for found in accepted)


def _staged(work: Work, one: ReadRow, at: datetime) -> Staged:
    values, why = one.read.values, one.read.why
    if why is None:
        raise ValueError("a row is staged for a reason")
    visited = values.get(RowField.VISIT_DATE)
    beside = {
        "reference": str(values.get(RowField.REFERENCE) or ""),
        "visit_date": f"{visited.day} {visited:%B %Y}" if visited else "",
    }
    return Staged(new_id(at), why, pages_of(values, work.mapping), beside, one.row.line)


def _remembered(work: Work, one: tuple[ReadRow, bytes], **became: Any) -> dict[str, Any]:
    row, index = one
    return {
        "agency_id": work.row.agency_id,
        "row_index": index,
        "import_id": work.row.id,
        "line": row.row.line,
        "referral_id": became.get("referral_id"),
        "staged_id": became.get("staged_id"),
    }


def _index(hub: Hub, work: Work, one: ReadRow) -> bytes:
    """The blind index of what a row says: the same cells are the same row, in whatever file."""
    said = sorted((str(name), str(value)) for name, value in _said(one))
    digest = hashlib.sha256(repr(said).encode()).digest()
    return hub.keys.blind_index("import.row", str(work.row.agency_id), digest)


def _said(one: ReadRow) -> Iterator[tuple[str, Any]]:
    for name, value in one.read.values.items():
        yield name, sorted(value) if isinstance(value, set | frozenset) else value
