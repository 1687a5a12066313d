"""`hub mail-links`: let an agency without a system of its own be told by mail."""

from __future__ import annotations

import click

from referral_hub.commands.opening import open_hub
from referral_hub.services.register_mail import register_mail_of


@click.command("mail-links")
@click.argument("agency")
@click.option("--address", required=True, help="Where mails without content go.")
def mail_links(agency: str, address: str) -> None:
    """Register AGENCY's mail address and make its code, which is shown once.

    Give the code to the group by telephone or on paper, never by mail.
    """
    with open_hub() as hub:
        code = register_mail_of(hub, agency, address)
        configured = hub.settings.smtp_url is not None
    click.echo(f"Code for {agency}, shown only now: {code}")
    if not configured:
        click.echo("HUB_SMTP_URL is not set: mails wait until the hub has a mail server.", err=True)
