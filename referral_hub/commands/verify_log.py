"""`hub verify-log`: check the whole log, by what is believed from outside the database.

Exit status 0: nothing is wrong. 1: something is, or the log could not be read. 2: not asked
properly. The limit: without `--log-key` the key is this machine's own, so an officer who does not
trust the machine gives the key they were given when the hub was set up.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from consent.evidence.checkpoint import CheckpointError
from referral_hub.audit.memory import SignerMemory
from referral_hub.audit.verify import Verification
from referral_hub.audit.verify import verify_log as verify_stored_log
from referral_hub.clock import monotonic
from referral_hub.commands.opening import open_hub
from referral_hub.services.open_commitments import opener

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("verify-log")
@click.option(
    "--log-key",
    metavar="VKEY",
    multiple=True,
    help="The log's public key, again for each that it had; by default this machine's.",
)
@click.option("--previous", type=_FILE, help="Your own last checkpoint, to compare with.")
@click.option(
    "--save", type=click.Path(dir_okay=False, path_type=Path), help="Keep the checkpoint here."
)
@click.option("--quick", is_flag=True, help="Leave out what needs the keys: users and referrals.")
def verify_log(
    log_key: tuple[str, ...], previous: Path | None, save: Path | None, *, quick: bool
) -> None:
    """Check every entry, tile and checkpoint of the log, and what was handed out."""
    own = previous.read_bytes() if previous else None
    if save and save.exists() and save != previous:
        raise click.UsageError("--save names a file that exists; give it as --previous too.")
    with open_hub() as hub:
        began = monotonic()
        try:
            outcome = verify_stored_log(
                hub.database,
                vkey=log_key or hub.log_vkeys,
                memory=SignerMemory(hub.signer_memory),
                previous_checkpoint=own,
                opener=None if quick else opener(hub.keys),
            )
        except CheckpointError as error:
            raise click.UsageError(f"Cannot verify: {error}") from None
        seconds = monotonic() - began
    for line in report(outcome, seconds, compared_with_own=own is not None):
        click.echo(line)
    if not outcome.ok:
        raise click.exceptions.Exit(1)
    if save:
        save.write_bytes(outcome.note)


def report(outcome: Verification, seconds: float, *, compared_with_own: bool) -> Iterator[str]:
    """Yield the outcome in words, a line each."""
    yield "VERIFIED" if outcome.ok else "NOT VERIFIED"
    rate = outcome.entries / seconds if seconds else 0
    yield f"entries      {outcome.entries} read in {seconds:.1f} s, {rate:,.0f} a second"
    yield f"size         {outcome.size}"
    yield f"root         {outcome.root.hex()}"
    yield f"pending      {outcome.pending} entries wait for their number"
    yield f"disclosures  {outcome.releases}, each held against its entry"
    yield f"agreements   {outcome.records} and {outcome.history} lines of history, held likewise"
    if outcome.opened is None:
        yield "commitments  not opened (--quick): users and referrals were not compared"
    else:
        yield f"commitments  {outcome.opened} opened and compared with the index columns"
    if not outcome.compared:
        yield "memory       the signer's own memory is not on this machine: a rollback may not show"
    if not compared_with_own:
        yield "since        no checkpoint of yours was given (--previous)"
    for line in outcome.note.decode().splitlines():
        yield f"checkpoint   {line}".rstrip()
    for problem in outcome.problems:
        where = "-" if problem.index is None else str(problem.index)
        exact = "" if problem.exact else " or later"
        yield f"PROBLEM      at {where}{exact}: {problem.kind}: {problem.message}"
    if outcome.total > len(outcome.problems):
        yield f"PROBLEM      and {outcome.total - len(outcome.problems)} more"
