"""The worker's part of file imports: claim a file, work through it in batches, say how it ended.

The database is the record and the bell only makes it quicker, as with the outbox. Each batch
commits with the place where it ends, so a worker that is killed loses at most a batch's time:
whoever claims the file next goes on from there. A batch that fails for a reason nobody foresaw is
tried row by row, and the row that cannot be accepted goes back to its agency.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from adapters.formats.csv_rows import Place
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.domain.csv_rows import Places
from referral_hub.domain.imports import ImportRefusal, ImportState
from referral_hub.errors import ServiceUnavailable
from referral_hub.services.hub import Hub
from referral_hub.services.import_batch import LEASE, LostLease, Work, in_batches, write_batch
from referral_hub.services.import_mapping import mapping_of
from referral_hub.services.import_parts import Part
from referral_hub.services.read_import_rows import FileRefused, ReadRow, layout_of, rows_from
from referral_hub.services.receive_file import log_step
from referral_hub.services.speaking_for import LONDON
from referral_hub.services.work import surviving
from referral_hub.store import directory, imports
from referral_hub.store.change import AlreadyThere
from referral_hub.store.imports import Ending

MOST_ROWS_OF_A_FILE = 250_000
LOOK_EVERY_SECONDS = 2.0
_TRIES = 3

log = logging.getLogger(__name__)


def import_until(hub: Hub, go_on: Callable[[], bool], rung: threading.Event) -> None:
    """Look for files when the bell rings, and every few seconds, while `go_on` says so."""
    while go_on():
        rung.clear()
        surviving(lambda: run_imports(hub, go_on=go_on))
        rung.wait(LOOK_EVERY_SECONDS)


def run_imports(hub: Hub, *, go_on: Callable[[], bool] = lambda: True) -> int:
    """Work through every file that waits; returns how many were brought to their end."""
    done = 0
    while go_on():
        at = hub.clock()
        with hub.database.working() as connection:
            row = imports.claim(connection, at=at, until=at + LEASE)
        if row is None:
            break
        try:
            done += _work_through(hub, row, go_on)
        except LostLease:
            log.warning("import_lost", extra={"kind": "LostLease"})
    return done


def _work_through(hub: Hub, row: imports.ImportRow, go_on: Callable[[], bool]) -> int:
    """Go on with one file from where it stands; returns 1 when it was brought to its end."""
    with hub.database.acting_for(row.agency_id) as connection:
        mapping = mapping_of(connection, row.agency_id, row.mapping_version)
        areas = {area.code: area.name for area in directory.areas(connection)}
        agencies = directory.agencies_by_name(connection)
    actor = Actor(row.user_id, row.agency_id, Role.REFERRER)
    work = Work(row, mapping, actor, Counter(row.counts))
    places = Places(hub.clock().astimezone(LONDON).date(), areas, agencies)
    opening = hub.for_one_use_case()
    try:
        found = layout_of(opening, work.key, mapping)
        work = replace(work, columns=found.layout.columns)
        work.counts["missing_columns"] = len(found.missing)
        place = Place(row.position, row.line)
        rows = rows_from(opening, found, place, places)
        for batch in in_batches(rows):
            _write(hub, work, batch)
            if _rows(work) > MOST_ROWS_OF_A_FILE:
                raise FileRefused(ImportRefusal.TOO_MANY_ROWS)
            if not go_on():
                with hub.database.acting_for(row.agency_id) as connection:
                    imports.release(connection, row)
                return 0
    except FileRefused as refused:
        return _end(hub, work, refusal=refused.refusal)
    return _end(hub, work)


def _write(hub: Hub, work: Work, batch: Sequence[ReadRow]) -> None:
    """Write a batch; when it fails, its rows one by one, so that a poisoned one is alone."""
    for tried in range(1, _TRIES + 1):
        try:
            write_batch(hub, work, batch)
        except (ServiceUnavailable, LostLease):
            raise
        except Exception as error:  # noqa: BLE001 - one row's fault, whatever it is, must not stop the file
            if isinstance(error, AlreadyThere) and tried < _TRIES:
                continue
            log.warning("import_row_failed", extra={"kind": type(error).__name__})
            break
        else:
            return
    if len(batch) == 1:
        write_batch(hub, work, batch, refused=True)
        return
    for one in batch:
        _write(hub, work, [one])


def _rows(work: Work) -> int:
    return sum(
        work.counts[name] for name in ("referral", "staged", "left_out", "repeated", "returned")
    )


def _end(hub: Hub, work: Work, *, refusal: ImportRefusal | None = None) -> int:
    """Say how the round ended; once a file is imported, nothing of it stays but what goes back."""
    state = ImportState.CHECKED if work.dry else ImportState.DONE
    if refusal is not None:
        state = ImportState.REFUSED
    with hub.database.acting_for(work.row.agency_id) as connection:
        ended = imports.end(
            connection,
            work.row,
            Ending(
                state.value,
                hub.clock(),
                refusal.value if refusal else None,
                work.counts if work.dry else None,
            ),
        )
        if not ended:
            return 0
        if state is not ImportState.CHECKED:
            imports.drop_parts(connection, work.row.id, Part.FILE.value)
        details: dict[str, str | int | tuple[str, ...]] = {
            name: count for name, count in sorted(work.counts.items()) if count
        }
        details["import"] = str(work.row.id)
        if refusal:
            details["reason"] = refusal.value
        log_step(hub, work.actor, connection, outcome=state.value, details=details)
    hub.doorbell.ring()
    return 1
