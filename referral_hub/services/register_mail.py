"""Register where an agency is told that something waits for it, and the code that opens its links.

The code is made by the hub, never chosen, and shown once to whoever registers; it reaches the group
by telephone or on paper, so that a mailbox alone opens nothing. Making a new one ends the old one
for every link, also those that lie in mailboxes. Only its argon2id hash is kept.
"""

from __future__ import annotations

from uuid import UUID

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.tokens import new_short_code
from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.settings import is_mail_address
from referral_hub.store import change, directory, links

LONGEST_ADDRESS = 254


def register_mail(
    hub: Hub, agency_id: UUID, address: str, *, by: Actor | None = None, code: str | None = None
) -> str:
    """Store address and code; returns the code, which is never shown again.

    `code` is given by the demonstration alone. Raises InvalidInput for an address that is none.
    """
    if not is_mail_address(address) or len(address) > LONGEST_ADDRESS:
        raise InvalidInput({"address": ("Enter one mail address, like duty@group.example",)})
    at, fresh = hub.clock(), code or new_short_code()
    event = Event(
        type=EntryType.ADMIN,
        sender=agency_id,
        actor_agency=agency_id,
        actor_user=by.user_id if by else None,
        outcome="mail_registered",
    )
    with hub.database.acting_for(agency_id) as connection:
        links.register(
            connection, agency_id, address=address, code_hash=hub.passwords.hash(fresh), at=at
        )
        change.write(connection, change.Change([prepare(event, hub.keys, at)]))
    return fresh


def register_mail_of(hub: Hub, agency_name: str, address: str) -> str:
    """The same for the agency of exactly this name, at the command line. Raises InvalidInput."""
    with hub.database.one_statement() as connection:
        agency_id = directory.agency_named(connection, agency_name)
    if agency_id is None:
        raise InvalidInput({"agency": ("No agency is registered under exactly this name.",)})
    return register_mail(hub, agency_id, address)
