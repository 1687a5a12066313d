"""`hub erasures apply`: after restoring a backup, erase again whoever had been erased."""

from __future__ import annotations

import click

from referral_hub.audit.erasure_ledger import ErasureLedger
from referral_hub.commands.opening import open_hub
from referral_hub.services.erase_person import apply_erasures


@click.group()
def erasures() -> None:
    """Keep erased people erased."""


@erasures.command()
def apply() -> None:
    """Erase again whoever came back with a restored backup. Safe to repeat."""
    with open_hub() as hub:
        known = sum(1 for _ in ErasureLedger(hub.settings.erasure_ledger).lines())
        done = apply_erasures(hub)
    click.echo(f"{known} erasures are in the ledger; {done} people had come back and are erased.")
