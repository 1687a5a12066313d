"""`hub replay-decisions`: make every decision of the log again and compare.

Exit status 0: every decision that can be made again is as the log has it. 1: one is not, or was
made under a policy that nobody kept. The limit: it opens what is sealed, so it runs where the keys
are; an officer asks for their own agency's decisions.
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from referral_hub.audit.decisions import Verdict
from referral_hub.clock import monotonic
from referral_hub.commands.opening import open_hub
from referral_hub.services.replay_decisions import Replayed, replay_decisions
from referral_hub.store import directory

_SAYS = {
    Verdict.MATCHES: "made again, and the same",
    Verdict.ERASED: "of erased people: not made again, each entry still verifies",
    Verdict.OTHER_RULES: "differ by rules that are not installed: use the release that has them",
    Verdict.DIFFERS: "MADE AGAIN, AND DIFFERENT",
    Verdict.UNRECORDED: "say nothing of what they were made from",
    Verdict.UNREADABLE: "cannot be opened or read",
    Verdict.UNKNOWN_POLICY: "made under a policy that nobody kept",
}


@click.command("replay-decisions")
@click.option("--agency", help="Only decisions about this agency's people; its exact name.")
def replay_decisions_command(agency: str | None) -> None:
    """Make every decision again from its recorded facts and policy, and compare with the log."""
    with open_hub() as hub:
        agency_id = None
        if agency is not None:
            with hub.database.working() as connection:
                agency_id = directory.agency_named(connection, agency)
            if agency_id is None:
                raise click.UsageError("No agency is registered under exactly this name.")
        began = monotonic()
        outcome = replay_decisions(hub, agency_id=agency_id)
        seconds = monotonic() - began
    for line in report(outcome, seconds):
        click.echo(line)
    if not outcome.ok:
        raise click.exceptions.Exit(1)


def report(outcome: Replayed, seconds: float) -> Iterator[str]:
    """Yield the outcome in words, a line each."""
    total = outcome.counts.total()
    rate = total / seconds if seconds else 0
    yield "REPLAYED" if outcome.ok else "NOT AS THE LOG HAS IT"
    yield f"decisions  {total} in {seconds:.1f} s, {rate:,.0f} a second"
    for verdict, says in _SAYS.items():
        if outcome.counts[verdict] or verdict is Verdict.MATCHES:
            yield f"{outcome.counts[verdict]:>9}  {says}"
    for found in outcome.found:
        yield f"{found.verdict:<16} at {found.index}: {found.message}"
    untold = outcome.counts.total() - outcome.counts[Verdict.MATCHES]
    untold -= outcome.counts[Verdict.ERASED] + len(outcome.found)
    if untold > 0:
        yield f"and {untold} more"
