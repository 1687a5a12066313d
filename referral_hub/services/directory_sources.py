"""An agency's sources of the directory: adding a feed, having it read again, stopping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from adapters.contract import AddressRefused
from adapters.transports.addresses import Resolve, check_address, system_resolve
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.errors import InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.store import directory_sources as store
from referral_hub.store.directory_sources import SourceRow


def list_sources(hub: Hub, actor: Actor) -> Sequence[SourceRow]:
    """Return the agency's sources by name. Raises Forbidden."""
    access.require(actor, Permission.KEEP_DIRECTORY)
    with hub.database.acting_for(actor.agency_id) as connection:
        return store.sources(connection, actor.agency_id)


def read_source(
    hub: Hub, actor: Actor, source_id: UUID
) -> tuple[SourceRow, Sequence[Mapping[str, Any]]]:
    """Return a source and its newest runs with their reports. Raises Forbidden, NotFound."""
    access.require(actor, Permission.KEEP_DIRECTORY)
    with hub.database.acting_for(actor.agency_id) as connection:
        found = store.source(connection, source_id)
        if found is None:
            raise NotFound
        return found, store.runs(connection, source_id)


def add_source(
    hub: Hub, actor: Actor, name: str, url: str | None, *, resolve: Resolve = system_resolve
) -> UUID:
    """Add a feed or a file by name, or return the one of that name. Raises InvalidInput.

    A feed is due at once, and daily after that. The name of a source stays with its address: the
    same name with another address moves the feed there.
    """
    access.require(actor, Permission.KEEP_DIRECTORY)
    if url is not None:
        try:
            check_address(url, here=hub.settings.callbacks_here, resolve=resolve)
        except AddressRefused as refused:
            raise InvalidInput({"url": (str(refused),)}) from None
    at = hub.clock()
    row = {
        "id": new_id(at),
        "agency_id": actor.agency_id,
        "name": name,
        "url": url,
        "created_at": at,
        "due_at": at if url else None,
    }
    with hub.database.acting_for(actor.agency_id) as connection:
        if store.add(connection, row):
            return UUID(str(row["id"]))
        found = store.source_named(connection, actor.agency_id, name)
        if found is None:
            raise NotFound
        store.move(connection, found, url, at)
        return found


def ask_again(hub: Hub, actor: Actor, source_id: UUID) -> None:
    """Have a feed read as soon as the worker gets to it. Raises Forbidden, NotFound."""
    access.require(actor, Permission.KEEP_DIRECTORY)
    with hub.database.acting_for(actor.agency_id) as connection:
        if not store.ask(connection, source_id, hub.clock()):
            raise NotFound


def stop_source(hub: Hub, actor: Actor, source_id: UUID) -> None:
    """Read a feed no more; what it brought in stays. Raises Forbidden, NotFound."""
    access.require(actor, Permission.KEEP_DIRECTORY)
    with hub.database.acting_for(actor.agency_id) as connection:
        if not store.stop(connection, source_id):
            raise NotFound
