"""How an agency is reached: what is registered for it, and the mail that its administrator chooses.

A system's address and keys are exchanged with the operator, since they decide where sealed content
goes. Where mails without content go is the agency's own choice; so is the code that opens their
links, which is shown once to the administrator and reaches the group by word of mouth.
"""

from __future__ import annotations

from dataclasses import dataclass

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.services.register_mail import register_mail
from referral_hub.store import change, links


@dataclass(frozen=True, slots=True, repr=False)
class Reach:
    """The agency's way (`transport`), its system's address, and where its mails go, if any."""

    transport: str
    url: str | None
    mail_address: str | None

    def __repr__(self) -> str:
        return f"<Reach by {self.transport}>"


def read_reach(hub: Hub, actor: Actor) -> Reach:
    """Return how the actor's agency is reached."""
    access.require(actor, Permission.CHOOSE_REACH)
    with hub.database.acting_for(actor.agency_id) as connection:
        transport, url = links.own_endpoint(connection)
        return Reach(transport, url, links.own_address(connection))


def tell_by_mail(hub: Hub, actor: Actor, address: str) -> str:
    """Let mails without content go to `address`; returns the new code. Raises InvalidInput."""
    access.require(actor, Permission.CHOOSE_REACH)
    return register_mail(hub, actor.agency_id, address, by=actor)


def stop_mails(hub: Hub, actor: Actor) -> None:
    """Send no more mails; links that were sent open nothing any more."""
    access.require(actor, Permission.CHOOSE_REACH)
    at = hub.clock()
    event = Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        outcome="mail_stopped",
    )
    with hub.database.acting_for(actor.agency_id) as connection:
        if links.switch_off(connection, at):
            change.write(connection, change.Change([prepare(event, hub.keys, at)]))
