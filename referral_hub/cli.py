"""The `hub` command. Each subcommand is a module of `referral_hub.commands`.

A subcommand parses, opens the hub, calls one service and prints. What a service refuses is printed
as one line with exit status 1. A subcommand's module is imported when it is asked for and not
before: `hub run` starts four of them at once, and a laptop feels every import. The limit: the table
below names modules by string, and `tests/test_cli.py` loads every one.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import cast

import click

from referral_hub.errors import HubError, ServiceUnavailable

COMMANDS = {
    "agencies": "agencies:agencies",
    "areas": "agencies:areas",
    "check-migrations": "schema:check_migrations",
    "clients": "clients:clients",
    "demo-code": "people:demo_code_command",
    "deliveries": "deliveries:deliveries",
    "directory": "directory:directory",
    "erasures": "erasures:erasures",
    "mail-links": "mail:mail_links",
    "metrics": "processes:metrics",
    "migrate": "schema:migrate",
    "partner-check": "partner_check:partner_check",
    "partner-demo": "partner_demo:partner_demo",
    "policy": "policy:policy",
    "post-room": "post_room:post_room",
    "replay-decisions": "replay_decisions:replay_decisions_command",
    "rotate-keys": "rotate_keys:rotate_keys_command",
    "run": "run:run",
    "users": "people:users",
    "verify-log": "verify_log:verify_log",
    "web": "processes:web",
    "witness": "witness:witness",
    "worker": "worker:worker",
}
_ABOUT_SERVERS = (
    "Is it running, and does it have its tables (`hub migrate`)? DATABASE_URL says where it is;"
    " without one, HUB_DATA names the folder of the private server."
)


class _Subcommands(click.Group):
    """Finds a subcommand in `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"referral_hub.commands.{module}"), name)
        return cast("click.Command", found)


@click.group(
    cls=_Subcommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def hub() -> None:
    """Consent-gated, sealed referrals, with a log that anyone can check."""


def main() -> None:
    """Run the command line; the entry point of the `hub` script."""
    try:
        hub.main(prog_name="hub")
    except ServiceUnavailable as error:
        click.echo(f"{error} {_ABOUT_SERVERS}", err=True)
        sys.exit(1)
    except HubError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except PermissionError as error:
        click.echo(f"{error.filename}: {error.strerror}. Does it belong to another user?", err=True)
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        click.echo(f"{error.filename}: {error.strerror}. HUB_DATA must be writable.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
