"""An agency's clients: registered, given keys and scopes, disabled, each with its log entry.

Two keys at once are the normal state of a rotation: the new one is added, the partner's system
changes over, the old one is removed and with it every token that was asked for with it. A private
key is never accepted, and never stored on its way to being refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.jwks import signing_keys
from referral_hub.crypto.pasted_keys import public_jwk
from referral_hub.domain.codes import Scope
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.errors import Conflict, CryptoError, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.store import change, clients
from referral_hub.store.clients import ClientRow, KeyRow
from referral_hub.store.engine import Connection

MOST_KEYS = 4
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class ClientTerms:
    """What a client may do. `plain_json` allows bodies that TLS alone protects."""

    scopes: frozenset[Scope]
    plain_json: bool


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client with its keys, oldest first."""

    client: ClientRow
    keys: Sequence[KeyRow]


def list_clients(hub: Hub, actor: Actor) -> Sequence[ClientRow]:
    """Return the clients of the actor's agency."""
    access.require(actor, Permission.MANAGE_CLIENTS)
    with hub.database.acting_for(actor.agency_id) as connection:
        return clients.list_all(connection, actor.agency_id)


def read_client(hub: Hub, actor: Actor, client_id: UUID) -> ClientView:
    """Return one client of the actor's agency. Raises NotFound."""
    access.require(actor, Permission.MANAGE_CLIENTS)
    with hub.database.acting_for(actor.agency_id) as connection:
        row = clients.one(connection, actor.agency_id, client_id)
        return ClientView(row, clients.keys_of(connection, client_id))


def register_client(hub: Hub, actor: Actor, name: str, terms: ClientTerms) -> UUID:
    """Register a client without keys, which can do nothing yet. Raises InvalidInput, Conflict."""
    access.require(actor, Permission.MANAGE_CLIENTS)
    wrong = _mistakes(name, terms)
    if wrong:
        raise InvalidInput(wrong)
    at = hub.clock()
    client_id = new_id(at)
    row = {
        "id": client_id,
        "agency_id": actor.agency_id,
        "name": name,
        "scopes": sorted(terms.scopes),
        "plain_json": terms.plain_json,
        "created_by": actor.user_id,
        "created_at": at,
    }
    with hub.database.acting_for(actor.agency_id) as connection:
        clients.add(connection, row)
        _log(hub, connection, actor, _Done(client_id, at, "client_registered", terms=terms))
    return client_id


def change_terms(hub: Hub, actor: Actor, client_id: UUID, terms: ClientTerms) -> None:
    """Set scopes and whether plain JSON is taken. Raises NotFound, InvalidInput."""
    access.require(actor, Permission.MANAGE_CLIENTS)
    wrong = _mistakes("client", terms)
    if wrong:
        raise InvalidInput(wrong)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        clients.one(connection, actor.agency_id, client_id)
        clients.change(
            connection, client_id, scopes=sorted(terms.scopes), plain_json=terms.plain_json
        )
        _log(hub, connection, actor, _Done(client_id, at, "client_changed", terms=terms))


def add_key(hub: Hub, actor: Actor, client_id: UUID, pasted: str) -> KeyRow:
    """Add the public key that somebody pasted. Raises NotFound, InvalidInput, Conflict."""
    access.require(actor, Permission.MANAGE_CLIENTS)
    try:
        jwk = public_jwk(pasted)
    except CryptoError as refused:
        raise InvalidInput({"key": (str(refused),)}) from None
    at = hub.clock()
    row = KeyRow(new_id(at), jwk["kid"], jwk, at)
    with hub.database.acting_for(actor.agency_id) as connection:
        clients.one(connection, actor.agency_id, client_id)
        if len(clients.keys_of(connection, client_id)) >= MOST_KEYS:
            raise Conflict(f"A client has at most {MOST_KEYS} keys; remove one first.")
        clients.add_key(
            connection,
            {
                "id": row.id,
                "client_id": client_id,
                "agency_id": actor.agency_id,
                "kid": row.kid,
                "jwk": jwk,
                "added_by": actor.user_id,
                "added_at": at,
            },
        )
        _log(hub, connection, actor, _Done(client_id, at, "client_key_added", key=row))
    return row


def remove_key(hub: Hub, actor: Actor, client_id: UUID, key_id: UUID) -> None:
    """Remove a key and end every token asked for with it. Raises NotFound."""
    access.require(actor, Permission.MANAGE_CLIENTS)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        clients.one(connection, actor.agency_id, client_id)
        gone = clients.remove_key(connection, client_id, key_id)
        _log(hub, connection, actor, _Done(client_id, at, "client_key_removed", key=gone))


def set_enabled(hub: Hub, actor: Actor, client_id: UUID, *, enabled: bool) -> None:
    """Disable a client, which ends its tokens at once, or enable it again. Raises NotFound."""
    access.require(actor, Permission.MANAGE_CLIENTS)
    at = hub.clock()
    outcome = "client_enabled" if enabled else "client_disabled"
    with hub.database.acting_for(actor.agency_id) as connection:
        row = clients.one(connection, actor.agency_id, client_id)
        if (row.disabled_at is None) == enabled:
            return
        clients.set_disabled(connection, client_id, None if enabled else at)
        _log(hub, connection, actor, _Done(client_id, at, outcome))


def _mistakes(name: str, terms: ClientTerms) -> dict[str, tuple[str, ...]]:
    tidy = " ".join(unicodedata.normalize("NFC", name).split())
    wrong: dict[str, tuple[str, ...]] = {}
    if name != tidy or not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        wrong["name"] = (f"Use 1 to {LONGEST_NAME} characters that can be seen.",)
    if not terms.scopes:
        wrong["scopes"] = ("Choose at least one thing that this system may do.",)
    return wrong


@dataclass(frozen=True, slots=True)
class _Done:
    """What was done to a client, for its log entry."""

    client_id: UUID
    at: datetime
    outcome: str
    terms: ClientTerms | None = None
    key: KeyRow | None = None

    @property
    def details(self) -> dict[str, str | int | tuple[str, ...]]:
        """Codes only: ids, scopes, a key's thumbprint."""
        found: dict[str, str | int | tuple[str, ...]] = {"client": str(self.client_id)}
        if self.terms is not None:
            found["scopes"] = tuple(sorted(self.terms.scopes))
            found["plain_json"] = int(self.terms.plain_json)
        if self.key is not None:
            keys = signing_keys({"keys": [dict(self.key.jwk)]})
            found["thumbprint"] = keys[self.key.kid].thumbprint
        return found


def _log(hub: Hub, connection: Connection, actor: Actor, done: _Done) -> None:
    event = Event(
        type=EntryType.ADMIN if done.key is None else EntryType.KEY,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        outcome=done.outcome,
        details=done.details,
    )
    change.write(connection, change.Change([prepare(event, hub.keys, done.at)]))
