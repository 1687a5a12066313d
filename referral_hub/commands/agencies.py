"""`hub agencies` and `hub areas`: who takes part, and which council answers for whom."""

from __future__ import annotations

from datetime import datetime

import click

from referral_hub.commands.opening import open_hub
from referral_hub.domain.codes import AgencyKind
from referral_hub.domain.working_days import Nation
from referral_hub.services.agencies import (
    all_agencies,
    register_agency,
    register_area,
    set_nation,
    set_open,
)

_NATIONS = click.Choice([nation.value for nation in Nation])
_KINDS = click.Choice([kind.value for kind in AgencyKind])


@click.group()
def agencies() -> None:
    """Look after the agencies that take part."""


@agencies.command("add")
@click.argument("name")
@click.option("--kind", required=True, type=_KINDS)
@click.option(
    "--insured-until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day of its own liability insurance.",
)
@click.option(
    "--nation",
    type=_NATIONS,
    default=Nation.ENGLAND_AND_WALES.value,
    help="Whose bank holidays its clocks pause on.",
)
def add_agency(*, name: str, kind: str, insured_until: datetime | None, nation: str) -> None:
    """Register an agency. Then add its staff: hub users add."""
    day = insured_until.date() if insured_until else None
    with open_hub() as hub:
        made = register_agency(
            hub, name, AgencyKind(kind), insured_until=day, nation=Nation(nation)
        )
    click.echo(f"Registered {name}: {made}")


@agencies.command("list")
def list_agencies() -> None:
    """List every agency, with its kind, whether it is open, and whose bank holidays count."""
    with open_hub() as hub:
        for line in all_agencies(hub):
            click.echo(
                f"{line.id}  {line.kind:<16} {'open' if line.active else 'closed':<7}"
                f" {line.nation:<17} {line.name}"
            )


@agencies.command("nation")
@click.argument("name")
@click.argument("nation", type=_NATIONS)
def nation_of_agency(*, name: str, nation: str) -> None:
    """Say whose bank holidays an agency's clocks pause on."""
    with open_hub() as hub:
        set_nation(hub, name, Nation(nation))
    click.echo(f"Bank holidays of {name}: {nation}.")


@agencies.command("close")
@click.argument("name")
def close_agency(*, name: str) -> None:
    """Close an agency: it is offered nothing more, and its systems are refused."""
    with open_hub() as hub:
        set_open(hub, name, active=False)
    click.echo(f"Closed {name}.")


@agencies.command("reopen")
@click.argument("name")
def reopen_agency(*, name: str) -> None:
    """Open a closed agency again."""
    with open_hub() as hub:
        set_open(hub, name, active=True)
    click.echo(f"Opened {name}.")


@click.group()
def areas() -> None:
    """Look after areas: a place, and the council that is accountable for its people."""


@areas.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--council", required=True, help="The council's name, exactly as registered.")
def add_area(*, code: str, name: str, council: str) -> None:
    """Register an area, or change its name or its council."""
    with open_hub() as hub:
        register_area(hub, code, name, council=council)
    click.echo(f"Registered {name}.")
