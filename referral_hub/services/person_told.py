"""The sender's staff told the person of a step in a way of theirs: the line leaves the list."""

from __future__ import annotations

from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.store import change, person_messages


def person_told(hub: Hub, actor: Actor, message_id: UUID) -> None:
    """Note that the person has been told; a second time changes nothing. Raises NotFound."""
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        referral_id = person_messages.referral_of(connection, message_id)
        access.require(actor, Permission.SETTLE_NOTIFICATION, Situation(origin=actor.agency_id))
        if not person_messages.close(connection, message_id, by=actor.user_id, at=at):
            return
        event = Event(
            type=EntryType.ACCESS,
            sender=actor.agency_id,
            actor_agency=actor.agency_id,
            actor_user=actor.user_id,
            referral_id=referral_id,
            purpose="message_to_person",
            outcome="person_told",
            details={"effect": str(message_id)},
        )
        change.write(connection, change.Change([prepare(event, hub.keys, at)]))
