"""The order in which an agency wants a referral's fields: its own form's order, kept as data."""

from __future__ import annotations

from collections.abc import Sequence

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.store import change, layouts


def field_order(hub: Hub, actor: Actor) -> Sequence[str]:
    """Return the agency's order of field ids; everybody of the agency may read by it."""
    with hub.database.acting_for(actor.agency_id) as connection:
        return layouts.order(connection)


def arrange_fields(hub: Hub, actor: Actor, field_ids: Sequence[str]) -> None:
    """Store the agency's order; what it leaves out follows in the catalogue's order."""
    access.require(actor, Permission.ARRANGE_FIELDS)
    at = hub.clock()
    event = Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        outcome="fields_arranged",
        fields=tuple(sorted(field_ids)),
    )
    with hub.database.acting_for(actor.agency_id) as connection:
        layouts.keep(connection, actor.agency_id, field_ids, at)
        change.write(connection, change.Change([prepare(event, hub.keys, at)]))
