"""An evidence bundle: what an officer takes away to check on a machine that has no hub.

It holds exact entries, their inclusion proofs under one signed checkpoint, and what opens the
commitments that are this officer's to open: ids with their salts, so the file is personal data.
Taking it is logged and integrated first, so the bundle's own checkpoint covers that entry too; then
the witnesses are asked once, and the bundle carries the checkpoint that most of them cosigned. It
is written entry by entry into the given file. The limits: `MOST` entries, and it proves what is in
it; that nothing is left out only the whole log can show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from consent.evidence.bundle import BundleEntry, Opening, WrappedKeys
from consent.evidence.bundle import write_bundle as write_file
from consent.evidence.tiles import Tiles
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.commitments import Opener
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.audit.releases import catalogue_id
from referral_hub.domain.commands import Actor
from referral_hub.errors import CryptoError, InvalidInput
from referral_hub.services.audit_filters import Filters
from referral_hub.services.audit_log import referral_of
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import Report, log_filtered
from referral_hub.services.open_commitments import openable, opener
from referral_hub.services.witnesses import proving_checkpoint
from referral_hub.store import audit_log, log
from referral_hub.store.audit_log import AuditRow, Wanted
from referral_hub.store.engine import Connection
from referral_hub.store.log import StoredCheckpoint
from referral_hub.store.log_check import CommittedRow

MOST = 20_000


@dataclass(frozen=True, slots=True)
class Written:
    """How many entries a bundle holds, under a checkpoint of which size."""

    entries: int
    size: int


def write_bundle(
    hub: Hub, actor: Actor, filters: Filters, file: BinaryIO, *, since: int = 0
) -> Written:
    """Write what the filters ask for into `file` (a ZIP, see `consent.evidence.bundle`).

    `since` is the size of the officer's own last checkpoint; a proof that the log continues it is
    added. Raises InvalidInput for nothing to write, too much, or a size that the log never had.
    """
    access.require(actor, Permission.WRITE_BUNDLE)
    us = actor.agency_id
    with hub.database.acting_for(us) as connection:
        referral = referral_of(connection, filters)
        wanted = filters.wanted(referral=referral)
        require_some(connection, us, wanted, known=filters.reference is None or bool(referral))
    look = log_filtered(hub, actor, Report.BUNDLE, filters, referral=referral)
    ensure_integrated(hub.database, hub.integrator, [look])
    newest = proving_checkpoint(hub, us)
    with hub.database.acting_for(us) as connection:
        tiles = Tiles(lambda level, index: log.read_tile(connection, level, index))
        consistency = _consistency(tiles, since, newest)
        found = audit_log.for_bundle(connection, us, wanted, size=newest.size)
        counted = _Counted()
        entries = _entries(hub, us, found, tiles=tiles, size=newest.size)
        write_file(
            file,
            checkpoint=newest.note,
            entries=counted.over(entries),
            consistency=consistency,
            wrapped=_wrapped(hub, us, wanted, size=newest.size),
        )
    return Written(counted.entries, newest.size)


class _Counted:
    def __init__(self) -> None:
        self.entries = 0

    def over(self, entries: Iterator[BundleEntry]) -> Iterator[BundleEntry]:
        for found in entries:
            self.entries += 1
            yield found


def require_some(connection: Connection, us: UUID, wanted: Wanted, *, known: bool) -> None:
    """Raise InvalidInput unless there are entries to take away, and not more than `MOST`."""
    newest = log.latest_checkpoint(connection)
    size = newest.size if newest else 0
    count = 0
    if known:
        most = MOST + 1
        count = audit_log.count_for_bundle(connection, us, wanted, size=size, most=most)
    if count == 0:
        raise InvalidInput({"bundle": ("No entry in the log fits these filters yet",)})
    if count > MOST:
        message = f"More than {MOST} entries fit these filters; choose a shorter period"
        raise InvalidInput({"bundle": (message,)})


def _consistency(
    tiles: Tiles, since: int, newest: StoredCheckpoint
) -> tuple[int, list[bytes]] | None:
    if not 0 <= since <= newest.size:
        message = f"Enter a number of entries that this log has had, {newest.size} or fewer"
        raise InvalidInput({"since": (message,)})
    if since in {0, newest.size}:
        return None
    return since, tiles.consistency_proof(since, newest.size)


def _wrapped(hub: Hub, us: UUID, wanted: Wanted, *, size: int) -> list[WrappedKeys]:
    """What was handed out by these entries, and whatever of ours was handed out by none."""
    with hub.database.working() as connection:
        return [
            WrappedKeys(
                index=row.seq,
                recipient=str(row.recipient_agency_id),
                task=str(row.task_id),
                stage=row.stage,
                effect=str(row.effect_id),
                fields=sorted({catalogue_id(name) for name in row.field_ids}),
                sha256=row.sha256,
            )
            for row in audit_log.wrapped_keys(connection, us, wanted, size=size)
        ]


def _entries(
    hub: Hub, us: UUID, found: Iterator[list[AuditRow]], *, tiles: Tiles, size: int
) -> Iterator[BundleEntry]:
    opening = opener(hub.keys)
    for rows in found:
        with hub.database.working() as connection:
            sealed = audit_log.sealed_openings(connection, [row.id for row in rows])
        for row in rows:
            index = row.seq or 0
            yield BundleEntry(
                index=index,
                entry=row.entry,
                proof=tiles.inclusion_proof(index, size),
                openings=_openings(us, row, sealed.get(row.id), opening=opening),
            )


def _openings(
    us: UUID, row: AuditRow, sealed: CommittedRow | None, *, opening: Opener
) -> dict[str, Opening]:
    """What may be opened and can be; a person who was erased has nothing left to open."""
    ours = openable(us, sender=row.sender_agency_id, actor=row.actor_agency_id)
    try:
        opened = opening(sealed) if sealed is not None else {}
    except CryptoError:
        return {}
    return {name: Opening(salt, value) for name, (salt, value) in opened.items() if name in ours}
