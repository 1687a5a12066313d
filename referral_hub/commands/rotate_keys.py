"""`hub rotate-keys`: a new root key, and everything rewrapped under it; or a new key of the log."""

from __future__ import annotations

import click

from referral_hub.commands.opening import open_hub
from referral_hub.services.rotate_keys import rotate_keys
from referral_hub.services.rotate_log_key import add_log_key, retire_log_key
from referral_hub.wiring import open_log_signer


@click.command("rotate-keys")
@click.option("--resume", is_flag=True, help="Go on with a stopped run; make no new root key.")
@click.option("--log", "log_key", is_flag=True, help="The log's signing key instead.")
@click.option("--finish", is_flag=True, help="With --log: retire the older of the two keys.")
def rotate_keys_command(*, resume: bool, log_key: bool, finish: bool) -> None:
    """Make a new root key and rewrap every key under it. Safe to stop and to start again.

    With --log, a new signing key of the log signs beside the old one until --log --finish.
    """
    if (finish and not log_key) or (resume and log_key):
        raise click.UsageError("--finish goes with --log, and --resume without it.")
    if log_key:
        _roll_log_key_over(finish=finish)
        return
    with open_hub() as hub:
        done = rotate_keys(
            hub, fresh_root=not resume, say=lambda kind, count: click.echo(f"{kind}: {count}")
        )
    total = sum(done.rewrapped.values())
    click.echo(f"Everything stands under root version {done.version}; {total} rows were rewrapped.")


def _roll_log_key_over(*, finish: bool) -> None:
    with open_hub() as hub:
        signer = open_log_signer(hub.settings)
        if finish:
            click.echo(f"Retired: {retire_log_key(hub, signer)}")
            click.echo(f"The log is signed by {signer.vkey} alone. Restart the hub.")
            return
        new = add_log_key(hub, signer)
    click.echo(f"Both keys sign from now on. Officers and witnesses pin the new one:\n  {new}")
    click.echo("When all have done so: hub rotate-keys --log --finish")
