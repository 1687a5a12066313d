"""`hub deliveries`: what waits for whom and what holds it back, as a table for operators."""

from __future__ import annotations

from datetime import datetime

import click

from referral_hub.commands.opening import open_hub
from referral_hub.services.deliveries import Destination, Overview, whole_overview


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also agencies for which nothing waits.")
def deliveries(*, everything: bool) -> None:
    """Show queues, breakers and stops. No personal data is in it."""
    with open_hub() as hub:
        found, now = whole_overview(hub), hub.clock()
    for line in lines(found, now, everything=everything):
        click.echo(line)


def lines(found: Overview, now: datetime, *, everything: bool) -> list[str]:
    """Return the table, a line for each agency with anything to say."""
    shown = [row for row in found.destinations if everything or _says_something(row)]
    stopped = [out.way.value for out in found.ways if out.stopped_by_us or out.stopped_by_others]
    head = f"{'agency':<40} {'waiting':>7} {'oldest':>9} {'stuck':>5}  {'state':<10} last codes"
    return [
        f"ways stopped: {', '.join(stopped) or 'none'}; mail server: {found.mail_server}",
        head,
        *(_line(row, now) for row in shown),
        *(["nothing waits, nothing is stuck and nothing is stopped"] if not shown else []),
    ]


def _says_something(row: Destination) -> bool:
    held = row.stopped_by_us or row.stopped_by_others or row.breaker != "closed"
    return bool(row.waiting or row.need_a_person or held)


def _line(row: Destination, now: datetime) -> str:
    stopped = row.stopped_by_us or row.stopped_by_others
    state = "stopped" if stopped else row.breaker.value
    oldest = _age(now, row.oldest) if row.oldest else "-"
    codes = ", ".join(row.last_codes) or "-"
    return (
        f"{row.agency.name[:40]:<40} {row.waiting:>7} {oldest:>9} {row.need_a_person:>5}"
        f"  {state:<10} {codes}"
    )


def _age(now: datetime, since: datetime) -> str:
    minutes = int((now - since).total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02} m" if minutes >= 60 else f"{minutes} min"
