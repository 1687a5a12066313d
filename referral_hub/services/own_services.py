"""An agency looks after its own services: what they are, their room, rules and cover, and pauses.

Each change writes the service, its published record and one log entry in a transaction. What a
person reads in the directory is from then on what routing knows. "Checked" says that somebody has
read the whole record and found it right; a record that nobody checked for half a year is asked for
again (`services.remind_providers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import Capacity, TaskType, Vetting
from referral_hub.domain.commands import Actor
from referral_hub.domain.geography import place_key
from referral_hub.domain.ids import new_id
from referral_hub.domain.vetting import lawful
from referral_hub.errors import InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.own_listing import publish
from referral_hub.store import assurance, change, directory, own_services, places
from referral_hub.store.assurance import Figures
from referral_hub.store.engine import Connection

FEWEST = assurance.FEWEST
CHECK_EVERY = timedelta(days=180)
Row = Mapping[str, Any]
_Write = tuple[Hub, Actor, Connection, UUID]


@dataclass(frozen=True, slots=True)
class OwnService:
    """A service with when it was last checked, whether that is due, and its figures."""

    row: Row
    checked_at: datetime | None
    due: bool
    figures: Figures | None

    @property
    def id(self) -> UUID:
        """The service's id."""
        found: UUID = self.row["id"]
        return found


def list_own(hub: Hub, actor: Actor) -> Sequence[OwnService]:
    """Return the agency's services by name. Raises Forbidden."""
    access.require(actor, Permission.EDIT_SERVICE)
    with hub.database.acting_for(actor.agency_id) as connection:
        rows = own_services.of_agency(connection, actor.agency_id)
        figures = assurance.of_services(connection, [row["id"] for row in rows])
    return [_own(row, figures.get(row["id"]), hub.clock()) for row in rows]


def read_own(hub: Hub, actor: Actor, service_id: UUID) -> OwnService:
    """Return one of the agency's services. Raises Forbidden, NotFound."""
    access.require(actor, Permission.EDIT_SERVICE)
    with hub.database.acting_for(actor.agency_id) as connection:
        row = own_services.one(connection, actor.agency_id, service_id)
        figures = assurance.of_services(connection, [service_id])
    if row is None:
        raise NotFound
    return _own(row, figures.get(service_id), hub.clock())


def offered_areas(hub: Hub, actor: Actor) -> dict[str, str]:
    """Return the hub's areas by code, for the page. Raises Forbidden."""
    access.require(actor, Permission.EDIT_SERVICE)
    with hub.database.acting_for(actor.agency_id) as connection:
        return {area.code: area.name for area in directory.areas(connection)}


def add_service(hub: Hub, actor: Actor, about: Row) -> UUID:
    """Add a service that is as `about` says and whose room is not known yet. Raises Forbidden."""
    access.require(actor, Permission.EDIT_SERVICE)
    at = hub.clock()
    row = {
        "id": (service_id := new_id(at)),
        "agency_id": actor.agency_id,
        "capacity": Capacity.ADDITIONAL_ASSESSMENT_REQUIRED.value,
        "active": True,
        "last_modified": at,
    }
    with hub.database.acting_for(actor.agency_id) as connection:
        made = dict(about) | row | _where(connection, about)
        own_services.add(connection, made)
        _written((hub, actor, connection, service_id), about, part="about")
    return service_id


def edit_service(hub: Hub, actor: Actor, service_id: UUID, changes: Row, *, part: str) -> None:
    """Change columns of a service; `part` says which page. Raises Forbidden, NotFound."""
    access.require(actor, Permission.EDIT_SERVICE)
    with hub.database.acting_for(actor.agency_id) as connection:
        _change((hub, actor, connection, service_id), changes, part=part)


def pause(hub: Hub, actor: Actor, service_id: UUID, *, running: bool) -> None:
    """Stop a service for now, or let it run again: at once, for routing and the public alike."""
    changes: Row = {"active": running} | ({"paused_until": None} if running else {})
    edit_service(hub, actor, service_id, changes, part="running" if running else "paused")


def state_cover(hub: Hub, actor: Actor, service_id: UUID, *, task: TaskType, cover: Row) -> None:
    """State check, insurance and training for one task; nothing at all takes its line out.

    Raises Forbidden, NotFound, InvalidInput for a check that is more than the law allows to ask.
    """
    asked = cover.get("vetting")
    if asked and not any(lawful(Vetting(asked), [task], child=child) for child in (False, True)):
        told = "This is more than may lawfully be asked for this task. Select a lower level"
        raise InvalidInput({"vetting": (told,)})
    access.require(actor, Permission.EDIT_SERVICE)
    with hub.database.acting_for(actor.agency_id) as connection:
        held = own_services.held_cover(connection, actor.agency_id, service_id)
        if held is None:
            raise NotFound
        lines = [line for line in held if line["task"] != task.value]
        stated = {name: value for name, value in cover.items() if value}
        if stated:
            lines.append({"task": task.value, **stated})
        lines.sort(key=lambda line: str(line["task"]))
        _change((hub, actor, connection, service_id), {"cover": lines}, part="cover")


def check_service(hub: Hub, actor: Actor, service_id: UUID) -> None:
    """Say that the whole record was read and is right, today. Raises Forbidden, NotFound."""
    access.require(actor, Permission.EDIT_SERVICE)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        changed = {"assured_date": at.date()}
        if not own_services.change(connection, actor.agency_id, service_id, changed):
            raise NotFound
        seen = {"verified_by": actor.user_id, "verified_at": at}
        _written((hub, actor, connection, service_id), seen, part="checked")


def due(checked_at: datetime | None, at: datetime) -> bool:
    """Whether somebody should check a record again."""
    return checked_at is None or at - checked_at > CHECK_EVERY


def _own(row: Row, figures: Figures | None, at: datetime) -> OwnService:
    checked: datetime | None = row["verified_at"]
    return OwnService(row, checked, due(checked, at), figures)


def _where(connection: Connection, about: Row) -> dict[str, float | None]:
    """The coordinates of the postcode, where it is known."""
    if "postcode" not in about:
        return {}
    found = places.find(connection, place_key(about["postcode"])) if about["postcode"] else None
    return {
        "latitude": found.at.latitude if found else None,
        "longitude": found.at.longitude if found else None,
    }


def _change(write: _Write, changes: Row, *, part: str) -> None:
    hub, actor, connection, service_id = write
    changed = dict(changes) | {"last_modified": hub.clock()}
    if part == "about":
        changed |= _where(connection, changes)
    if not own_services.change(connection, actor.agency_id, service_id, changed):
        raise NotFound
    _written(write, changes, part=part)


def _written(write: _Write, row: Row, *, part: str) -> None:
    """The rest of every change: where it is, the published record, the log entry."""
    hub, actor, connection, service_id = write
    at = hub.clock()
    own_services.put_details(connection, actor.agency_id, service_id, row)
    publish(connection, actor.agency_id, service_id, at)
    event = Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        purpose="oversight",
        outcome="service_verified" if part == "checked" else "service_changed",
        details={"service": str(service_id), "part": part},
    )
    change.write(connection, change.Change([prepare(event, hub.keys, at)]))


def day_text(value: date | None) -> str | None:
    """Return a day as a cover's line keeps it."""
    return None if value is None else value.isoformat()
