"""Who was exposed, where, which kinds of data, by whom, in a window of time: from the log alone.

Each row is a disclosure, a look or an emergency access with the proof that its entry stands in the
log. People stand as random ids and referrals by reference; content is nowhere in it. Running it is
logged, integrated first, so the checkpoint of the pack covers the run too. It is written row by row
and may be of any length. The limit: it tells what the hub disclosed and showed. What somebody did
with it afterwards, or what left the agency by another way, the log cannot know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import BinaryIO
from uuid import UUID

from consent.evidence.entry import Entry
from consent.evidence.tiles import Tiles
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.domain.channels import DETAIL, Channel
from referral_hub.domain.commands import Actor
from referral_hub.domain.duty_clocks import LONDON
from referral_hub.domain.matters import MatterKind
from referral_hub.errors import InvalidInput, NotFound
from referral_hub.services.audit_filters import first_id
from referral_hub.services.audit_log import Logged, logged
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import Report, append, report_event
from referral_hub.services.log_table import proved_rows
from referral_hub.services.table_forms import Sheet, TableForm, write_rows
from referral_hub.services.witnesses import proving_checkpoint
from referral_hub.store import audit_log, log
from referral_hub.store import matters as store
from referral_hub.store.engine import Connection
from referral_hub.store.exposures import Sought, exposures

COLUMNS = (
    "index",
    "at",
    "type",
    "person",
    "reference",
    "sender",
    "recipient",
    "user",
    "stage",
    "channel",
    "delivery",
    "purpose",
    "classes",
    "fields",
    "entry_id",
    "leaf_hash",
    "tree_size",
    "root",
    "proof",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which exposures: whole days in London, and filters (None is any)."""

    since: date
    until: date
    user: UUID | None = None
    agency: UUID | None = None
    reference: str | None = None
    delivery: UUID | None = None
    channel: Channel | None = None


@dataclass(slots=True)
class Exposed:
    """What was found so far: how many disclosures and looks, about whom, to whom, what kinds.

    `unsaid` counts entries that do not say by which way, because they are older than that detail.
    """

    disclosures: int = 0
    looks: int = 0
    people: set[UUID] = field(default_factory=set)
    references: set[str] = field(default_factory=set)
    agencies: set[str] = field(default_factory=set)
    staff: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    channels: set[str] = field(default_factory=set)
    unsaid: int = 0

    def add(self, one: Logged) -> None:
        """Count one entry."""
        row = one.row
        if row.type == "release":
            self.disclosures += 1
        else:
            self.looks += 1
        who = row.subject_id or row.referral_id
        if who is not None:
            self.people.add(who)
        if row.reference:
            self.references.add(row.reference)
        if one.recipient_name:
            self.agencies.add(one.recipient_name)
        if row.user_name:
            self.staff.add(row.user_name)
        self.classes.update(one.entry.classes if one.entry else ())
        way = _detail(one, DETAIL)
        if way is None:
            self.unsaid += 1
        else:
            self.channels.add(way)

    def told(self) -> Mapping[str, object]:
        """Return it as names and numbers."""
        return {
            "people": len(self.people),
            "referrals": sorted(self.references),
            "disclosures": self.disclosures,
            "looks": self.looks,
            "agencies": sorted(self.agencies),
            "staff": sorted(self.staff),
            "classes": sorted(self.classes),
            "channels": sorted(self.channels),
            "channel_not_said": self.unsaid,
        }


def count_exposed(hub: Hub, actor: Actor, matter_id: UUID, window: Window) -> Exposed:
    """Return a summary of who was exposed; logged.

    Raises NotFound, InvalidInput (a reference that is not ours), LogUnavailable.
    """
    sought = _begin(hub, actor, matter_id, window, form="page")
    found = Exposed()
    size = proving_checkpoint(hub, actor.agency_id, ask=False).size
    with hub.database.acting_for(actor.agency_id) as connection:
        for one in _entries(connection, actor.agency_id, sought, size=size):
            found.add(one)
    return found


def write_pack(
    hub: Hub, actor: Actor, matter_id: UUID, window: Window, *, to: tuple[BinaryIO, TableForm]
) -> Exposed:
    """Write the pack into a file in a form, `to`; returns its summary. Raises as above."""
    file, form = to
    sought = _begin(hub, actor, matter_id, window, form=form.value)
    found = Exposed()
    newest = proving_checkpoint(hub, actor.agency_id)
    with hub.database.acting_for(actor.agency_id) as connection:
        tiles = Tiles(lambda level, index: log.read_tile(connection, level, index))
        entries = _entries(connection, actor.agency_id, sought, size=newest.size)
        rows = (
            {**row, **_beside(one, actor.agency_id)}
            for one in _counted(entries, found)
            for row in proved_rows([one], tiles, newest)
        )
        sheet = Sheet(
            newest.note.decode(), hub.log_vkey, "Who was exposed", COLUMNS, after=found.told
        )
        write_rows(form, file, rows, sheet=sheet)
    return found


def _begin(hub: Hub, actor: Actor, matter_id: UUID, window: Window, *, form: str) -> Sought:
    """Check, log and integrate the run; return what is sought."""
    access.require(actor, Permission.WRITE_BREACH_PACK)
    with hub.database.acting_for(actor.agency_id) as connection:
        if store.one(connection, matter_id).kind != MatterKind.BREACH:
            raise NotFound
        referral = None
        if window.reference is not None:
            referral = audit_log.referral_called(connection, window.reference.upper())
            if referral is None:
                told = "Your agency has no referral with this reference"
                raise InvalidInput({"reference": (told,)})
    filters = ("user", "agency", "reference", "delivery", "channel")
    details: dict[str, str | int | tuple[str, ...]] = {
        "matter": str(matter_id),
        "form": form,
        "since": window.since.isoformat(),
        "until": window.until.isoformat(),
        "filters": tuple(name for name in filters if getattr(window, name) is not None),
    }
    event = report_event(actor, Report.BREACH_PACK, outcome="run", details=details)
    cites = (f"user:{window.user}",) if window.user else ()
    run = append(hub, actor, replace(event, referral_id=referral, cites=cites))
    ensure_integrated(hub.database, hub.integrator, [run])
    return Sought(
        user=window.user,
        party=window.agency,
        referral=referral,
        delivery=window.delivery,
        channel=window.channel,
        oldest=first_id(_midnight(window.since)),
        below=first_id(_midnight(window.until + timedelta(days=1))),
    )


def _entries(connection: Connection, us: UUID, sought: Sought, *, size: int) -> Iterator[Logged]:
    names = audit_log.agencies(connection)
    for rows in exposures(connection, us, sought, size=size):
        for row in rows:
            yield logged(row, names, us)


def _counted(entries: Iterable[Logged], found: Exposed) -> Iterator[Logged]:
    for one in entries:
        found.add(one)
        yield one


def _beside(one: Logged, us: UUID) -> Mapping[str, object]:
    """A person's id is their own agency's to see; another agency has the referral."""
    return {
        "person": one.row.subject_id if one.row.sender_agency_id == us else None,
        "stage": _detail(one, "stage"),
        "channel": _detail(one, DETAIL),
        "delivery": _detail(one, "effect"),
    }


def _detail(one: Logged, name: str) -> str | None:
    found = one.entry.details.get(name) if isinstance(one.entry, Entry) else None
    return None if found is None else str(found)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON).astimezone(UTC)
