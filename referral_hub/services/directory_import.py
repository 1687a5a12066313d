"""Bringing a feed or a file into the public directory, whole or not at all.

Reading comes first and holds no transaction (`services.read_feed`). Then one transaction replaces
what changed, removes what the source has no more, writes the report and its log entry. A source
that breaks, that would refuse most of its records, or from which most records would vanish changes
nothing: the last good version stays, and the report says why.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from adapters.transports.feed import FeedReader
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.listings import FeedOutcome, listing_of
from referral_hub.errors import NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.read_feed import FeedBroken, Pages, Spool, read_feed, read_file
from referral_hub.store import change, directory_sources, listings
from referral_hub.store.change import LogRow
from referral_hub.store.engine import Connection
from referral_hub.store.listings import Brought

BATCH = 200
FEW = 10
AGAIN = timedelta(days=1)
SOONER = timedelta(hours=2)
LEASE = timedelta(hours=4)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How an import ended: counts by name, and problems as (record, what, level)."""

    outcome: FeedOutcome
    counts: Mapping[str, int]
    problems: tuple[Mapping[str, str], ...]

    @property
    def good(self) -> bool:
        """Whether the directory now has this version."""
        return self.outcome is FeedOutcome.DONE


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source is read: a `file` instead of its address, `pages` instead of the network;
    `accept_gone` allows most records to vanish.
    """

    file: Path | None = None
    pages: Pages | None = None
    accept_gone: bool = False


@dataclass(slots=True)
class _Run:
    """One import while it lasts."""

    id: UUID
    source_id: UUID
    actor: Actor
    began_at: datetime
    counts: dict[str, int]


def import_source(
    hub: Hub, actor: Actor, source_id: UUID, reading: Reading | None = None
) -> ImportReport:
    """Read a source of the actor's agency and publish it. Raises Forbidden, NotFound."""
    access.require(actor, Permission.KEEP_DIRECTORY)
    at, reading = hub.clock(), reading or Reading()
    with hub.database.acting_for(actor.agency_id) as connection:
        source = directory_sources.source(connection, source_id)
        if source is None or (reading.file is None and source.url is None):
            raise NotFound
        spool = Spool(listings.known(connection, source_id))
    run = _Run(new_id(at), source_id, actor, at, {})
    with closing(FeedReader(here=hub.settings.callbacks_here)) as reader, closing(spool):
        outcome = _read(spool, reading, source.url or "", reader)
        if outcome is FeedOutcome.DONE:
            outcome = _sensible(spool, accept_gone=reading.accept_gone)
        return _settle(hub, run, spool, outcome)


def run_due_imports(hub: Hub, *, go_on: Callable[[], bool] = lambda: True) -> int:
    """Read every feed that is due, for its agency; returns how many.

    Whatever one feed brings about is written down as its failed run, and the others are read.
    """
    done = 0
    while go_on():
        with hub.database.working() as connection:
            claimed = directory_sources.claim(connection, hub.clock(), LEASE)
        if claimed is None:
            break
        source_id, agency_id = claimed
        actor = Actor(agency_id, agency_id, Role.AGENCY_ADMIN)
        try:
            report = import_source(hub, actor, source_id)
        except Exception as error:  # noqa: BLE001 - one feed's fault must not stop the others
            log.warning("directory_import_failed", extra={"kind": type(error).__name__})
            report = _failed(hub, actor, source_id)
        log.info("directory_imported", extra={"kind": report.outcome.value})
        done += 1
    return done


def _read(spool: Spool, reading: Reading, url: str, reader: FeedReader) -> FeedOutcome:
    try:
        if reading.file is not None:
            read_file(reading.file, spool)
        else:
            read_feed(url, reading.pages or reader, spool)
    except FeedBroken as broken:
        return broken.outcome
    return FeedOutcome.DONE


def _sensible(spool: Spool, *, accept_gone: bool) -> FeedOutcome:
    """Whether what was read should replace what is there."""
    if not spool.read:
        return FeedOutcome.EMPTY
    if spool.refused * 2 > spool.read:
        return FeedOutcome.MOSTLY_REFUSED
    gone = len(spool.known.keys() - spool.seen)
    if not accept_gone and gone > FEW and gone * 2 > len(spool.known):
        return FeedOutcome.MOSTLY_GONE
    return FeedOutcome.DONE


def _failed(hub: Hub, actor: Actor, source_id: UUID) -> ImportReport:
    at = hub.clock()
    with closing(Spool({})) as nothing:
        return _settle(hub, _Run(new_id(at), source_id, actor, at, {}), nothing, FeedOutcome.FAILED)


def _settle(hub: Hub, run: _Run, spool: Spool, outcome: FeedOutcome) -> ImportReport:
    good = outcome is FeedOutcome.DONE
    run.counts |= {"read": spool.read, "refused": spool.refused}
    with hub.database.acting_for(run.actor.agency_id) as connection:
        if good:
            _publish(connection, run, spool, hub.clock())
        run.counts["held"] = _held(connection, run.source_id)
        ended = hub.clock()
        directory_sources.ended(
            connection,
            {
                "id": run.id,
                "agency_id": run.actor.agency_id,
                "source_id": run.source_id,
                "began_at": run.began_at,
                "ended_at": ended,
                "outcome": outcome.value,
                "counts": orjson.dumps(run.counts).decode(),
                "problems": orjson.dumps(spool.problems).decode(),
            },
            good=good,
            next_at=ended + (AGAIN if good else SOONER),
        )
        change.write(connection, change.Change([_entry(hub, run, outcome)]))
    if good:
        with hub.database.working() as connection:
            directory_sources.refresh_words(connection)
    return ImportReport(outcome, dict(run.counts), tuple(spool.problems))


def _publish(connection: Connection, run: _Run, spool: Spool, at: datetime) -> None:
    """Replace what changed and remove what is gone; the report counts each."""
    by = Brought(run.actor.agency_id, source_id=run.source_id, run_id=run.id)
    waiting, taken, today = spool.records(), 0, at.date()
    new = 0
    while batch := list(islice(waiting, BATCH)):
        made = [(listing_of(record, today), digest) for record, digest in batch]
        others = listings.put(connection, by, made)
        for record_id in others:
            spool.report(str(record_id), "id: another source has it already", serious=True)
        taken += len(others)
        new += sum(one.id not in spool.known and one.id not in others for one, _ in made)
    listings.keep(connection, spool.kept, run.id)
    gone = listings.drop_unseen(connection, run.source_id, run.id)
    run.counts |= {
        "new": new,
        "changed": spool.spooled - new - taken,
        "same": len(spool.kept),
        "gone": gone,
        "refused": spool.refused + taken,
    }


def _held(connection: Connection, source_id: UUID) -> int:
    found = directory_sources.source(connection, source_id)
    return found.records if found else 0


def _entry(hub: Hub, run: _Run, outcome: FeedOutcome) -> LogRow:
    details: dict[str, Any] = {name: count for name, count in run.counts.items() if count}
    event = Event(
        type=EntryType.ADMIN,
        sender=run.actor.agency_id,
        actor_agency=run.actor.agency_id,
        actor_user=run.actor.user_id,
        purpose="oversight",
        outcome="directory_imported" if outcome is FeedOutcome.DONE else "directory_kept",
        details={"source": str(run.source_id), "reason": outcome.value, **details},
    )
    return prepare(event, hub.keys, hub.clock())
