"""Record that the 999 advice was shown: the hub is not an emergency service, and says so on the
record.
"""

from __future__ import annotations

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.store import change


def record_danger_advice(hub: Hub, actor: Actor) -> None:
    """Append an access entry; nothing about the person is known or kept."""
    access.require(actor, Permission.REFER)
    event = Event(
        type=EntryType.ACCESS,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        purpose="danger_advice",
        outcome="shown",
    )
    entry = prepare(event, hub.keys, hub.clock())
    with hub.database.direct() as link:
        change.write_at_once(link, change.Change([entry]), acting_for=actor.agency_id)
