"""`hub policy`: see, propose and approve the tables of the law.

The two administrators sign in here with their own password and one-time code, since a hub that
waits for its policy serves no pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from referral_hub.commands.opening import open_hub
from referral_hub.domain.commands import Actor
from referral_hub.services import policies
from referral_hub.services.hub import Hub
from referral_hub.services.sign_in import SignedIn, sign_in, sign_out

_AS = click.option("--as", "username", required=True, help="Your own username, an administrator's.")


@click.group()
def policy() -> None:
    """See, propose and approve the policy: the tables of the law and the rules that read them."""


@policy.command()
def show() -> None:
    """Print which policy is installed, approved and proposed, and how the tables differ."""
    with open_hub() as hub:
        found = policies.standing(hub)
        click.echo(f"installed  {found.installed}")
        click.echo(f"approved   {found.approved or 'none yet'}")
        click.echo(f"proposed   {found.proposed or 'none waits'}")
        if not found.may_decide:
            for line in policies.changes(hub):
                click.echo(line)


@policy.command()
@_AS
def propose(username: str) -> None:
    """Propose the installed policy; another administrator approves it."""
    with open_hub() as hub, _signed_in(hub, username) as actor:
        policy_hash = policies.propose(hub, actor)
    click.echo("Proposed. Another administrator now runs:")
    click.echo(f"  hub policy approve {policy_hash} --as USERNAME")


@policy.command()
@click.argument("policy_hash", metavar="HASH")
@_AS
def approve(policy_hash: str, username: str) -> None:
    """Approve the policy that another administrator proposed, by its whole hash."""
    with open_hub() as hub, _signed_in(hub, username) as actor:
        policies.approve(hub, actor, policy_hash)
    click.echo("Approved. The hub may be started.")


@contextmanager
def _signed_in(hub: Hub, username: str) -> Iterator[Actor]:
    """Who signs in with this username, for the length of the block."""
    password = click.prompt("Password", hide_input=True, err=True)
    code = click.prompt("One-time code", err=True)
    found = sign_in(hub, username, password, code)
    if not isinstance(found, SignedIn):
        raise click.ClickException("This username, password and code do not sign anybody in.")
    try:
        yield found.principal.actor
    finally:
        sign_out(hub, found.token)
