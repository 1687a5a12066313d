"""`hub post-room`: the demonstration's mail server and the page that shows its mails."""

from __future__ import annotations

import os
import sys

import click

from referral_hub.commands.partner_demo import EXAMPLES
from referral_hub.errors import HubError
from referral_hub.settings import load_settings


@click.command("post-room")
def post_room() -> None:
    """Keep the demonstration's mails on this machine and show them."""
    settings = load_settings(os.environ)
    if not settings.demo:
        raise HubError("post-room works only for the demonstration (HUB_DEMO=1).")
    ports = ["--mail-port", str(settings.mail_server_port), "--page-port", str(settings.mail_port)]
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    environ = kept | {"PYTHONPATH": str(EXAMPLES), "PYTHONUNBUFFERED": "1"}
    os.execve(  # noqa: S606 - this program's own example
        sys.executable, [sys.executable, "-m", "post_room", *ports], environ
    )
