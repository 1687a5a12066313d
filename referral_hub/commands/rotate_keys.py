"""`hub rotate-keys`: a new root key, and everything rewrapped under it."""

from __future__ import annotations

import click

from referral_hub.commands.opening import open_hub
from referral_hub.services.rotate_keys import rotate_keys


@click.command("rotate-keys")
@click.option("--resume", is_flag=True, help="Go on with a stopped run; make no new root key.")
def rotate_keys_command(resume: bool) -> None:
    """Make a new root key and rewrap every key under it. Safe to stop and to start again."""
    with open_hub() as hub:
        done = rotate_keys(
            hub, fresh_root=not resume, say=lambda kind, count: click.echo(f"{kind}: {count}")
        )
    total = sum(done.rewrapped.values())
    click.echo(f"Everything stands under root version {done.version}; {total} rows were rewrapped.")
