"""`hub users add` for real accounts, `hub demo-code` for the demonstration's one-time codes."""

from __future__ import annotations

import click

from referral_hub.commands.opening import open_hub
from referral_hub.domain.codes import Role
from referral_hub.services.demo import demo_code
from referral_hub.services.staff_accounts import NewMember, add_account

NOT_STAFF = {Role.PARTNER_SYSTEM, Role.LINK_HOLDER, Role.PERSON}
STAFF_ROLES = [role.value for role in Role if role not in NOT_STAFF]


@click.group()
def users() -> None:
    """Look after staff accounts."""


@users.command()
@click.argument("username")
@click.option("--agency", required=True, help="The agency's name, exactly as registered.")
@click.option("--role", required=True, type=click.Choice(STAFF_ROLES))
@click.option("--name", "display_name", required=True, help="The name that pages show.")
@click.password_option(help="At least 12 characters; asked for when not given.")
def add(*, username: str, agency: str, role: str, display_name: str, password: str) -> None:
    """Add a member of staff. Officers and administrators get a one-time-code secret, shown once."""
    with open_hub() as hub:
        made = add_account(hub, agency, NewMember(username, display_name, Role(role)), password)
    click.echo(f"Added {username}.")
    if made.code_secret:
        click.echo(f"Secret for the authenticator app, shown only now: {made.code_secret}")
        click.echo(f"As an address, for a QR code: {made.code_address}")


@click.command("demo-code")
@click.argument("username")
def demo_code_command(username: str) -> None:
    """Print the current one-time code of a demonstration sign-in."""
    with open_hub() as hub:
        click.echo(demo_code(hub, username))
