"""The demonstration's own client: the GP surgery's case system, ready for the partner guide.

Its private key is made on this machine, kept 0600 in the data directory and never shown; the hub
has the public half, as with any partner. Made once, and again where the database is a new one.
"""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from referral_hub.crypto.client_keys import new_private_pem, public_pem
from referral_hub.domain.codes import Role, Scope
from referral_hub.domain.commands import Actor
from referral_hub.errors import HubError
from referral_hub.services.clients import ClientTerms, add_key, list_clients, register_client
from referral_hub.services.demo_town import AGENCIES
from referral_hub.services.hub import Hub
from referral_hub.settings import Settings
from referral_hub.store import directory

NAME = "Case system of the demonstration"


def seed_demo_client(hub: Hub) -> None:
    """Register the surgery's system with the key in the data directory, unless it is there."""
    if not hub.settings.demo:
        raise HubError("A demonstration client exists only in the demonstration (HUB_DEMO=1).")
    actor = _surgery(hub)
    place = client_directory(hub.settings)
    known = {str(row.id) for row in list_clients(hub, actor)}
    if (place / "client-id").exists() and _read(place / "client-id") in known:
        return
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (place / "key.pem").exists():
        _write(place / "key.pem", new_private_pem())
    terms = ClientTerms(frozenset(Scope), plain_json=True)
    client_id: UUID = register_client(hub, actor, NAME, terms)
    key = add_key(hub, actor, client_id, public_pem(_read(place / "key.pem")))
    _write(place / "key-id", key.kid)
    _write(place / "client-id", str(client_id))


def client_directory(settings: Settings) -> Path:
    """Where the demonstration's key, its id and the client's id are kept."""
    return settings.data_dir / "partner-client"


def _surgery(hub: Hub) -> Actor:
    name = next(agency.name for agency in AGENCIES if agency.key == "surgery")
    with hub.database.one_statement() as connection:
        agency_id = directory.agency_named(connection, name)
    if agency_id is None:
        raise HubError("The demonstration's surgery is not registered.")
    return Actor(agency_id, agency_id, Role.AGENCY_ADMIN)


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text.strip() + "\n")
