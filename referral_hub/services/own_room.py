"""An agency says that a service is full until a day, or has room again; and which cover ends soon.

"Full until" writes the columns that routing reads: nobody new is sent until that day, and what was
offered and not yet accepted goes on to the next service by itself. What was accepted stays. The
day ends it without anybody's hand. Each change stands in the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import Capacity, TaskType
from referral_hub.domain.commands import Actor
from referral_hub.domain.routing_model import STALE_AFTER
from referral_hub.domain.working_hours import LONDON
from referral_hub.errors import InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.store import boards, change, own_services
from referral_hub.store.boards import RoomRow
from referral_hub.store.engine import Connection

MOST = 50
WARN_BEFORE = timedelta(days=28)
LONGEST = timedelta(days=365)
OFFERED = timedelta(days=28)
_CHECKS = (("vetting_until", "vetting"), ("insured_until", "insurance"))


class RoomState(StrEnum):
    """How a service stands for those who look for help."""

    RUNNING = "running"
    FULL = "full"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class CoverKind(StrEnum):
    """What ends."""

    VETTING = "vetting"
    INSURANCE = "insurance"


@dataclass(frozen=True, slots=True)
class Room:
    """A service, how it stands, and until when. `capacity` is None when nobody has said lately."""

    id: UUID
    name: str
    standing: RoomState
    capacity: Capacity | None
    until: date | None


@dataclass(frozen=True, slots=True)
class CoverEnd:
    """Cover that ends within 28 days or has ended, and its last day.

    `service` and `task` are None for the agency's own insurance.
    """

    kind: CoverKind
    service: str | None
    task: TaskType | None
    until: date
    ended: bool


@dataclass(frozen=True, slots=True)
class Rooms:
    """The agency's services, and the cover that ends, soonest first."""

    rooms: Sequence[Room]
    ending: Sequence[CoverEnd]


def rooms_of(connection: Connection, us: UUID, at: datetime) -> Rooms:
    """Return what the agency's services state. One statement."""
    rows = boards.rooms(connection, us, most=MOST)
    today = at.astimezone(LONDON).date()
    ending = sorted(_ending(rows, today), key=lambda one: (one.until, one.service or ""))
    return Rooms([_room(row, at, today) for row in rows], ending)


def read_room(hub: Hub, actor: Actor, service_id: UUID) -> Room:
    """Return one of the agency's services. Raises Forbidden, NotFound."""
    access.require(actor, Permission.EDIT_SERVICE)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        rows = boards.rooms(connection, actor.agency_id, service_id=service_id, most=1)
    if not rows:
        raise NotFound
    return _room(rows[0], at, at.astimezone(LONDON).date())


def full_until(hub: Hub, actor: Actor, service_id: UUID, until: date) -> None:
    """Send nobody new up to and including the day `until`.

    Raises Forbidden, NotFound, InvalidInput for a day that is past or more than a year away.
    """
    at = hub.clock()
    today = at.astimezone(LONDON).date()
    if not today <= until <= today + LONGEST:
        told = "The last day must be today or later, and at most a year away"
        raise InvalidInput({"until": (told,)})
    stated = {"capacity": Capacity.NO_CAPACITY.value, "paused_until": until}
    _state(hub, actor, service_id, stated | {"capacity_as_of": at})


def room_again(
    hub: Hub, actor: Actor, service_id: UUID, capacity: Capacity = Capacity.CAPACITY
) -> None:
    """Take people again, from now: at once, by a waiting list, or after an assessment.

    Raises Forbidden, NotFound, ValueError for no room, which has a day (`full_until`).
    """
    if capacity is Capacity.NO_CAPACITY:
        raise ValueError("no room is said with its last day")
    stated = {"capacity": capacity.value, "paused_until": None}
    _state(hub, actor, service_id, stated | {"capacity_as_of": hub.clock()})


def _state(hub: Hub, actor: Actor, service_id: UUID, stated: dict[str, Any]) -> None:
    access.require(actor, Permission.EDIT_SERVICE)
    full = stated["paused_until"] is not None
    details = {"service": str(service_id), "part": "full" if full else "room"}
    if full:
        details["until"] = stated["paused_until"].isoformat()
    event = Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        purpose="oversight",
        outcome="service_changed",
        details=details,
    )
    with hub.database.acting_for(actor.agency_id) as connection:
        if not own_services.change(connection, actor.agency_id, service_id, stated):
            raise NotFound
        entry = prepare(event, hub.keys, stated["capacity_as_of"])
        change.write(connection, change.Change([entry]))


def _room(row: RoomRow, at: datetime, today: date) -> Room:
    known = row.capacity_as_of is not None and at - row.capacity_as_of <= STALE_AFTER
    until = row.paused_until if row.paused_until and row.paused_until >= today else None
    capacity = Capacity(row.capacity) if known else None
    if row.paused_until and until is None and capacity is Capacity.NO_CAPACITY:
        capacity = None
    if not row.running:
        return Room(row.id, row.name, RoomState.STOPPED, capacity, None)
    if until or capacity is Capacity.NO_CAPACITY:
        return Room(row.id, row.name, RoomState.FULL, capacity, until)
    standing = RoomState.UNKNOWN if capacity is None else RoomState.RUNNING
    return Room(row.id, row.name, standing, capacity, None)


def _ending(rows: Sequence[RoomRow], today: date) -> Iterator[CoverEnd]:
    """What ends within the warning, or has ended, of every service and of the agency itself."""
    for row in rows:
        for line in row.cover:
            for column, kind in _CHECKS:
                until = date.fromisoformat(line[column]) if line.get(column) else None
                if until is not None and until <= today + WARN_BEFORE:
                    task = TaskType(line["task"])
                    yield CoverEnd(CoverKind(kind), row.name, task, until, until < today)
    insured = rows[0].agency_insured_until if rows else None
    if insured is not None:
        last = (insured - timedelta(microseconds=1)).astimezone(LONDON).date()
        if last <= today + WARN_BEFORE:
            yield CoverEnd(CoverKind.INSURANCE, None, None, last, last < today)
