"""Searches of the log that an officer keeps under a name, for themselves or for the agency.

Running one is following a link to the log, so it is logged like any other search. A name is read by
colleagues and is not sealed: what looks like a number, a day of birth or an address of somebody is
refused, and the page says that no name belongs there. The limit: "Mrs Jones" cannot be told from
"Mrs Jones' team" by a machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.errors import Conflict, InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.store import change
from referral_hub.store import saved_searches as store
from referral_hub.store.change import LogRow
from referral_hub.store.saved_searches import SavedSearch

MOST = 50
LONGEST = 60
_PERSONAL = (
    (re.compile(r"\d(?:[ .-]?\d){9}"), "This looks like an NHS number or a telephone number"),
    (re.compile(r"\d{1,2}[ ./-]\d{1,2}[ ./-](?:19|20)?\d\d"), "This looks like a date of birth"),
    (re.compile(r"\S@\S"), "This looks like an email address"),
)


def saved_searches(hub: Hub, actor: Actor) -> Sequence[SavedSearch]:
    """Return the officer's searches and those shared in the agency. Raises Forbidden."""
    access.require(actor, Permission.READ_AUDIT)
    with hub.database.acting_for(actor.agency_id) as connection:
        return store.for_user(connection, actor.agency_id, actor.user_id)


def save_search(
    hub: Hub, actor: Actor, name: str, filters: Mapping[str, str], *, shared: bool
) -> None:
    """Keep a search. Raises Forbidden, InvalidInput (`name`), Conflict (too many)."""
    access.require(actor, Permission.READ_AUDIT)
    at, us = hub.clock(), actor.agency_id
    told = next((told for pattern, told in _PERSONAL if pattern.search(name)), None)
    if told:
        raise InvalidInput({"name": (f"{told}. A name must say nothing about a person",)})
    row = {
        "id": new_id(at),
        "agency_id": us,
        "user_id": actor.user_id,
        "name": name,
        "filters": dict(filters),
        "shared": shared,
        "created_at": at,
    }
    with hub.database.acting_for(us) as connection:
        own = [one for one in store.for_user(connection, us, actor.user_id) if _own(one, actor)]
        if len(own) >= MOST:
            raise Conflict(f"You have {MOST} saved searches. Remove one first.")
        entry = _entry(hub, actor, "search_saved", search_id=row["id"])
        try:
            change.write(connection, change.Change([entry], {"saved_search": [row]}))
        except change.AlreadyThere:
            message = "You have a search of this name already. Choose another name"
            raise InvalidInput({"name": (message,)}) from None


def remove_search(hub: Hub, actor: Actor, search_id: UUID) -> None:
    """Remove an own search. Raises Forbidden, NotFound."""
    access.require(actor, Permission.READ_AUDIT)
    with hub.database.acting_for(actor.agency_id) as connection:
        if not store.remove(connection, search_id, user=actor.user_id):
            raise NotFound
        entry = _entry(hub, actor, "search_removed", search_id=search_id)
        change.write(connection, change.Change([entry]))


def _own(one: SavedSearch, actor: Actor) -> bool:
    return one.user_id == actor.user_id


def _entry(hub: Hub, actor: Actor, outcome: str, *, search_id: object) -> LogRow:
    event = Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        purpose="oversight",
        outcome=outcome,
        details={"item": str(search_id)},
    )
    return prepare(event, hub.keys, hub.clock())
