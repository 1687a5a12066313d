"""An administrator says where the agency wants to be called, and changes or ends it.

The address is looked at when it is registered or switched on, and calls go where it led then and
nowhere else; a partner that moves has its administrator switch it off and on again. Secrets are
made by the hub and shown once; changing them lets old and new sign side by side for a day, so that
nothing is lost while the partner's system is told. Switching off drops what was to be told from
then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from adapters.contract import AddressRefused
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.callback_signer import Scheme, new_signer
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.store import callbacks, change
from referral_hub.store.callbacks import EndpointRow
from referral_hub.store.engine import Connection

TRANSPORT = "callback"
OVERLAP = timedelta(days=1)
MOST_ENDPOINTS = 5
SCHEMES: tuple[Scheme, ...] = ("v1", "v1a")


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What the partner verifies with: the shared secret (`v1`), or the public key (`v1a`).

    The secret is shown once and kept sealed.
    """

    endpoint_id: UUID
    secret: str
    public_key: str

    def __repr__(self) -> str:
        return "<Secrets>"


def list_endpoints(hub: Hub, actor: Actor) -> Sequence[EndpointRow]:
    """Return the agency's addresses, oldest first."""
    access.require(actor, Permission.MANAGE_CALLBACKS)
    with hub.database.acting_for(actor.agency_id) as connection:
        return callbacks.listed(connection)


def register_endpoint(hub: Hub, actor: Actor, url: str) -> Secrets:
    """Register an address and make its secrets. Raises InvalidInput, Conflict (too many)."""
    access.require(actor, Permission.MANAGE_CALLBACKS)
    try:
        pinned = _looked_at(hub, url)
    except AddressRefused as refused:
        raise InvalidInput({"url": (str(refused),)}) from None
    at = hub.clock()
    endpoint_id = new_id(at)
    with hub.database.acting_for(actor.agency_id) as connection:
        live = [row for row in callbacks.listed(connection) if row.disabled_at is None]
        if len(live) >= MOST_ENDPOINTS:
            raise Conflict(f"{MOST_ENDPOINTS} addresses are the most. Switch one off first.")
        row = {"id": endpoint_id, "agency_id": actor.agency_id, "url": url, "created_at": at}
        callbacks.add(connection, row | {"pinned": list(pinned)})
        made = _make_secrets(hub, connection, actor, endpoint_id, at=at)
        _log(hub, connection, actor, endpoint_id, outcome="callback_registered")
    return made


def rotate_secrets(hub: Hub, actor: Actor, endpoint_id: UUID) -> Secrets:
    """Make new secrets; the old ones sign beside them for a day. Raises NotFound."""
    access.require(actor, Permission.MANAGE_CALLBACKS)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        callbacks.one(connection, endpoint_id)
        callbacks.retire(connection, endpoint_id, at + OVERLAP)
        made = _make_secrets(hub, connection, actor, endpoint_id, at=at)
        _log(hub, connection, actor, endpoint_id, outcome="callback_rotated")
    return made


def switch_endpoint(hub: Hub, actor: Actor, endpoint_id: UUID, *, on: bool) -> None:
    """Switch an address on or off; doing so again changes nothing. Switching on looks at it anew.

    Raises NotFound, Conflict (the address is not allowed any more).
    """
    access.require(actor, Permission.MANAGE_CALLBACKS)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        row = callbacks.one(connection, endpoint_id)
    try:
        pinned = _looked_at(hub, row.url) if on else None
    except AddressRefused as refused:
        raise Conflict(str(refused)) from None
    with hub.database.acting_for(actor.agency_id) as connection:
        if pinned is not None:
            callbacks.pin(connection, endpoint_id, pinned)
        disabled_at, code = (None, None) if on else (at, "switched_off")
        if callbacks.switch(connection, endpoint_id, disabled_at=disabled_at, code=code):
            outcome = "callback_on" if on else "callback_off"
            _log(hub, connection, actor, endpoint_id, outcome=outcome)


def _looked_at(hub: Hub, url: str) -> tuple[str, ...]:
    """Ask the resolver with no transaction open."""
    return hub.registry.transport(TRANSPORT).check(url, here=hub.settings.callbacks_here)


def _make_secrets(
    hub: Hub, connection: Connection, actor: Actor, endpoint_id: UUID, *, at: datetime
) -> Secrets:
    shown: dict[str, str] = {}
    for scheme in SCHEMES:
        signer_id = new_id(at)
        made = new_signer(hub.keys, signer_id=str(signer_id), scheme=scheme)
        shown[scheme] = made.verify_with
        row = {
            "id": signer_id,
            "endpoint_id": endpoint_id,
            "agency_id": actor.agency_id,
            "scheme": scheme,
            "sealed_secret": made.sealed,
            "key_version": hub.keys.version_of(made.sealed),
            "made_at": at,
        }
        callbacks.add_signer(connection, row)
    return Secrets(endpoint_id, shown["v1"], shown["v1a"])


def _log(
    hub: Hub, connection: Connection, actor: Actor, endpoint_id: UUID, *, outcome: str
) -> None:
    event = Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        outcome=outcome,
        details={"endpoint": str(endpoint_id)},
    )
    change.write(connection, change.Change([prepare(event, hub.keys, hub.clock())]))
