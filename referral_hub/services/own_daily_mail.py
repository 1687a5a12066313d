"""Whether the agency's daily mail counts one's own referrals: each sender decides for themselves.

The mail goes to the agency's address and has a number; there are no addresses of single members to
write to. Whoever leaves theirs out is not counted, and where nobody is left nothing is sent.
"""

from __future__ import annotations

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.store import change, digests

COUNTED, LEFT_OUT = "daily_mail_counts_own", "daily_mail_leaves_own_out"


def counts_own(hub: Hub, actor: Actor) -> bool:
    """Tell whether the daily mail counts the actor's own referrals. Raises Forbidden."""
    access.require(actor, Permission.REFER)
    with hub.database.acting_for(actor.agency_id) as connection:
        return digests.counts(connection, actor.user_id)


def count_own(hub: Hub, actor: Actor, *, wanted: bool) -> None:
    """Count them, or leave them out; saying the same again changes nothing. Raises Forbidden."""
    access.require(actor, Permission.REFER)
    event = Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        outcome=COUNTED if wanted else LEFT_OUT,
    )
    with hub.database.acting_for(actor.agency_id) as connection:
        if digests.count_for(connection, actor.user_id, wanted=wanted):
            change.write(connection, change.Change([prepare(event, hub.keys, hub.clock())]))
