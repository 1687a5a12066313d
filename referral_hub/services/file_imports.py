"""An agency's files: how far each has come, what its rows became, and what comes back.

Reading about a file shows counts, lines, columns and codes. The rows that come back hold what the
agency itself sent, so taking them away is a look that stands in the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.domain.channels import in_a_file
from referral_hub.domain.commands import Actor
from referral_hub.domain.imports import WORKING, ImportState
from referral_hub.errors import Conflict
from referral_hub.services.hub import Hub
from referral_hub.services.import_mapping import PURPOSE
from referral_hub.services.import_parts import FileKey, ReturnedRow, read_returned
from referral_hub.services.log_reports import append
from referral_hub.services.receive_file import log_step
from referral_hub.store import imports, mappings
from referral_hub.store.imports import ImportRow, KeptRow

PAGE = 25
MOST_SHOWN = 50
_MOVED = "This file has moved on since you opened the page."


@dataclass(frozen=True, slots=True)
class ImportPage:
    """The agency's files, newest first; `ready` says whether an administrator has made a
    mapping.
    """

    rows: Sequence[ImportRow]
    next: UUID | None
    ready: bool


@dataclass(frozen=True, slots=True)
class ImportView:
    """One file: its counts, the first rows that come back (no cells), and what rows became."""

    row: ImportRow
    returned: Sequence[tuple[int, str, str]]
    became: Sequence[KeptRow]

    @property
    def working(self) -> bool:
        """Whether the worker has still to do something with it."""
        return self.row.state in WORKING

    @property
    def percent(self) -> int:
        """How much of the file has been read in this round."""
        return min(100, self.row.position * 100 // max(1, self.row.size))


def list_imports(hub: Hub, actor: Actor, before: UUID | None = None) -> ImportPage:
    """Return the agency's files. Raises Forbidden."""
    access.require(actor, Permission.IMPORT_FILE)
    with hub.database.acting_for(actor.agency_id) as connection:
        rows = imports.page(connection, before=before, most=PAGE + 1)
        ready = mappings.newest(connection, actor.agency_id) is not None
    return ImportPage(rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None, ready)


def read_import(hub: Hub, actor: Actor, import_id: UUID, *, after: int = 0) -> ImportView:
    """Return one of the agency's files. Raises NotFound."""
    access.require(actor, Permission.IMPORT_FILE)
    with hub.database.acting_for(actor.agency_id) as connection:
        row = imports.one(connection, import_id)
        became = imports.became(connection, import_id, after=after, most=MOST_SHOWN)
    shown = []
    if row.state in {ImportState.CHECKED, ImportState.DONE}:
        key = FileKey(actor.agency_id, import_id)
        for one in islice(read_returned(hub, key), MOST_SHOWN):
            shown += [(one.line, column, code) for column, code in one.faults]
    return ImportView(row, shown, became)


def confirm_import(hub: Hub, actor: Actor, import_id: UUID) -> None:
    """Import a file that was looked through; pressed twice, it is imported once.

    Raises NotFound, Conflict.
    """
    access.require(actor, Permission.IMPORT_FILE)
    with hub.database.acting_for(actor.agency_id) as connection:
        row = imports.one(connection, import_id)
        if not imports.confirm(connection, import_id):
            if row.state in {ImportState.IMPORTING, ImportState.DONE}:
                return
            raise Conflict(_MOVED)
        imports.drop_parts(connection, import_id, "returned")
        log_step(hub, actor, connection, outcome="confirmed", details={"import": str(import_id)})
    hub.doorbell.ring()


def discard_import(hub: Hub, actor: Actor, import_id: UUID) -> None:
    """Drop a file before it is imported; nothing of it stays. Raises NotFound, Conflict."""
    access.require(actor, Permission.IMPORT_FILE)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        row = imports.one(connection, import_id)
        if not imports.discard(connection, import_id, at):
            if row.state == ImportState.DISCARDED:
                return
            raise Conflict(_MOVED)
        imports.drop_parts(connection, import_id)
        log_step(hub, actor, connection, outcome="discarded", details={"import": str(import_id)})


def returned_rows(hub: Hub, actor: Actor, import_id: UUID) -> Iterator[ReturnedRow]:
    """Return the rows that could not be used, one after the other; the look is in the log first.

    Raises NotFound, Conflict (the file is still being read), LogUnavailable.
    """
    row = read_import(hub, actor, import_id).row
    if row.state not in {ImportState.CHECKED, ImportState.DONE}:
        raise Conflict(_MOVED)
    event = Event(
        type=EntryType.VIEW,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        purpose=PURPOSE,
        outcome="returned",
        details={
            "import": str(import_id),
            "rows": row.counts.get("returned", 0),
            **in_a_file(),
        },
    )
    look = append(hub, actor, event)
    ensure_integrated(hub.database, hub.integrator, [look])
    return read_returned(hub.for_one_use_case(), FileKey(actor.agency_id, import_id))
