"""`hub clients`: an operator registers partner systems for an agency, without its pages.

The operator acts for the agency that is named, and the log says so: where a person's id would
stand, it has the agency's own.
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click

from referral_hub.commands.opening import open_hub
from referral_hub.domain.codes import Role, Scope
from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services.clients import (
    ClientTerms,
    add_key,
    list_clients,
    read_client,
    register_client,
    remove_key,
    set_enabled,
)
from referral_hub.services.hub import Hub
from referral_hub.store import directory

_AGENCY = click.option("--agency", required=True, help="The agency's name, exactly as registered.")
_CLIENT = click.argument("client_id", type=click.UUID)


@click.group()
def clients() -> None:
    """Look after partner systems that call the hub: their keys and what they may do."""


@clients.command("list")
@_AGENCY
def list_command(agency: str) -> None:
    """List an agency's systems."""
    with open_hub() as hub:
        for row in list_clients(hub, _operator(hub, agency)):
            state = "off" if row.disabled_at else "on"
            click.echo(f"{row.id}  {state:<3}  keys: {row.keys}  {row.name}")
            click.echo(f"    {' '.join(row.scopes)}{'  plain JSON' if row.plain_json else ''}")


@clients.command()
@_AGENCY
@click.option("--name", required=True, help="What the agency calls the system.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
)
@click.option("--plain-json", is_flag=True, help="Take bodies that TLS alone protects.")
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def register(
    *, agency: str, name: str, scopes: tuple[str, ...], plain_json: bool, key: Path | None
) -> None:
    """Register a system, with its first public key (JWK or PEM), and print its client id."""
    terms = ClientTerms(frozenset(map(Scope, scopes)), plain_json)
    with open_hub() as hub:
        actor = _operator(hub, agency)
        client_id = register_client(hub, actor, name, terms)
        click.echo(f"Client id: {client_id}")
        if key is not None:
            _add(hub, actor, client_id, key)


@clients.command("add-key")
@_AGENCY
@_CLIENT
@click.argument("key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def add_key_command(*, agency: str, client_id: UUID, key: Path) -> None:
    """Add a public key from a file, JWK or PEM, beside those that are there."""
    with open_hub() as hub:
        _add(hub, _operator(hub, agency), client_id, key)


@clients.command("remove-key")
@_AGENCY
@_CLIENT
@click.argument("kid")
def remove_key_command(*, agency: str, client_id: UUID, kid: str) -> None:
    """Remove a key by its key id; the tokens asked for with it end at once."""
    with open_hub() as hub:
        actor = _operator(hub, agency)
        for row in read_client(hub, actor, client_id).keys:
            if row.kid == kid:
                remove_key(hub, actor, client_id, row.id)
                click.echo("Removed.")
                return
    raise InvalidInput({"kid": ("This client has no key of this id.",)})


@clients.command()
@_AGENCY
@_CLIENT
def disable(*, agency: str, client_id: UUID) -> None:
    """Switch a system off; its tokens end at once."""
    with open_hub() as hub:
        set_enabled(hub, _operator(hub, agency), client_id, enabled=False)
    click.echo("Switched off.")


@clients.command()
@_AGENCY
@_CLIENT
def enable(*, agency: str, client_id: UUID) -> None:
    """Switch a system on again."""
    with open_hub() as hub:
        set_enabled(hub, _operator(hub, agency), client_id, enabled=True)
    click.echo("Switched on.")


def _operator(hub: Hub, agency: str) -> Actor:
    with hub.database.one_statement() as connection:
        agency_id = directory.agency_named(connection, agency)
    if agency_id is None:
        raise InvalidInput({"agency": ("No agency is registered under exactly this name.",)})
    return Actor(agency_id, agency_id, Role.AGENCY_ADMIN)


def _add(hub: Hub, actor: Actor, client_id: UUID, key: Path) -> None:
    row = add_key(hub, actor, client_id, key.read_text(encoding="utf-8", errors="replace"))
    click.echo(f"Key id:    {row.kid}")
