"""The `hub` command. Each subcommand is a module of `referral_hub.commands`.

A subcommand parses, opens the hub, calls one service and prints. What a service refuses is printed
as one line with exit status 1; anything unexpected keeps its traceback's places and loses its
message.
"""

from __future__ import annotations

import sys

import click

from referral_hub.commands import (
    partner_demo,
    people,
    processes,
    rotate_keys,
    run,
    schema,
    worker,
)
from referral_hub.errors import HubError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def hub() -> None:
    """Consent-gated, sealed referrals, with a log that anyone can check."""


hub.add_command(run.run)
hub.add_command(processes.web)
hub.add_command(processes.metrics)
hub.add_command(schema.migrate)
hub.add_command(schema.check_migrations)
hub.add_command(worker.worker)
hub.add_command(partner_demo.partner_demo)
hub.add_command(people.users)
hub.add_command(people.demo_code_command)
hub.add_command(rotate_keys.rotate_keys_command)


def main() -> None:
    """Run the command line; the entry point of the `hub` script."""
    try:
        hub.main(standalone_mode=True)
    except HubError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
