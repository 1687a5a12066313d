"""An employer's links for concerns: its administrator makes, prints, replaces and stops them.

A link's secret is derived from the blind-index key of the key service and the link's id, so it can
be printed again at any time and stands nowhere: the table has a digest of it. Stopping a link is at
once, and replacing one makes the old poster useless. The employer sees how many concerns came
through a link and how they ended, and never what one says.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.tokens import token_digest
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.errors import NotFound
from referral_hub.services.hub import Hub
from referral_hub.store import change, concern_links
from referral_hub.store.concern_links import LinkRow, OpenLink

PURPOSE = "concern_link"
_SECRET_BYTES = 15


def list_links(hub: Hub, actor: Actor) -> Sequence[LinkRow]:
    """Return the agency's links. Raises Forbidden."""
    access.require(actor, Permission.MANAGE_LINKS)
    with hub.database.acting_for(actor.agency_id) as connection:
        return concern_links.all_of(connection)


def read_link(hub: Hub, actor: Actor, link_id: UUID) -> LinkRow:
    """Return one of the agency's links. Raises NotFound."""
    access.require(actor, Permission.MANAGE_LINKS)
    with hub.database.acting_for(actor.agency_id) as connection:
        return concern_links.one(connection, link_id)


def make_link(hub: Hub, actor: Actor, label: str) -> UUID:
    """Make a link, with its log entry; `label` says where it is used, such as a depot."""
    access.require(actor, Permission.MANAGE_LINKS)
    at = hub.clock()
    link_id = new_id(at)
    entry = prepare(_event(actor, link_id, "made"), hub.keys, at)
    row = {
        "id": link_id,
        "agency_id": actor.agency_id,
        "label": label,
        "token_digest": token_digest(secret_of(hub, actor.agency_id, link_id)),
        "created_by": actor.user_id,
        "created_at": at,
        "entry_id": entry.entry["id"],
    }
    with hub.database.acting_for(actor.agency_id) as connection:
        change.write(connection, change.Change([entry], {"concern_link": [row]}))
    return link_id


def stop_link(hub: Hub, actor: Actor, link_id: UUID) -> None:
    """Stop a link at once; stopping it again changes nothing. Raises NotFound."""
    access.require(actor, Permission.MANAGE_LINKS)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        concern_links.one(connection, link_id)
        if concern_links.revoke(connection, link_id, by=actor.user_id, at=at):
            entry = prepare(_event(actor, link_id, "stopped"), hub.keys, at)
            change.write(connection, change.Change([entry]))


def replace_link(hub: Hub, actor: Actor, link_id: UUID) -> UUID:
    """Make a new link with the same label and stop this one. Raises NotFound."""
    fresh = make_link(hub, actor, read_link(hub, actor, link_id).label)
    stop_link(hub, actor, link_id)
    return fresh


def secret_of(hub: Hub, agency_id: UUID, link_id: UUID) -> str:
    """Return what a link ends in: 24 characters that nobody guesses."""
    index = hub.keys.blind_index("concern.link", str(agency_id), link_id.bytes)
    return base64.b32encode(index[:_SECRET_BYTES]).decode().lower()


def open_link(hub: Hub, secret: str) -> OpenLink:
    """Return the link in use that ends in `secret`. Raises NotFound."""
    if not secret.isascii() or len(secret) > 64:
        raise NotFound
    with hub.database.one_worker_statement() as connection:
        return concern_links.opened(connection, token_digest(secret))


def _event(actor: Actor, link_id: UUID, outcome: str) -> Event:
    return Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        purpose=PURPOSE,
        outcome=outcome,
        details={"link": str(link_id)},
    )
