"""`hub directory`: bring feeds and files into the public directory, and load open place data.

The operator acts for the agency that is named, and the log says so.
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from referral_hub.commands.opening import open_hub
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services.directory_import import ImportReport, Reading, import_source
from referral_hub.services.directory_sources import add_source, list_sources
from referral_hub.services.hub import Hub
from referral_hub.services.load_places import load_places
from referral_hub.store import directory as agencies

_AGENCY = click.option("--agency", required=True, help="The agency's name, exactly as registered.")


@click.group()
def directory() -> None:
    """Look after the public directory of services."""


@directory.command("import")
@click.argument("source")
@_AGENCY
@click.option("--name", help="What the source is called here; the host or file name otherwise.")
@click.option("--accept-gone", is_flag=True, help="Also when most records have vanished from it.")
def import_command(*, source: str, agency: str, name: str | None, accept_gone: bool) -> None:
    """Import an Open Referral UK feed (https://…) or a file of services (JSON or NDJSON)."""
    url = source if "://" in source else None
    file = None if url else Path(source)
    if file is not None and not file.is_file():
        raise InvalidInput({"source": ("There is no such file.",)})
    called = name or (urlsplit(url).hostname if url else Path(source).stem) or source
    with open_hub() as hub:
        actor = _operator(hub, agency)
        source_id = add_source(hub, actor, called, url)
        report = import_source(hub, actor, source_id, Reading(file=file, accept_gone=accept_gone))
    _print(report)
    sys.exit(0 if report.good else 1)


@directory.command("list")
@_AGENCY
def list_command(agency: str) -> None:
    """List an agency's sources and how reading them went."""
    with open_hub() as hub:
        for row in list_sources(hub, _operator(hub, agency)):
            last = row.run["outcome"] if row.run else "never read"
            click.echo(
                f"{row.id}  {row.records:>6} records  {last:<16} {row.name}  {row.url or ''}"
            )


@directory.command("places")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--only", multiple=True, help="Only postcodes that begin so, such as MF or NE1.")
def places_command(*, file: Path, only: tuple[str, ...]) -> None:
    """Load postcodes (ONS Postcode Directory, Code-Point Open) or towns from a CSV file."""
    with open_hub() as hub:
        loaded, left = load_places(hub, file, only=only)
    click.echo(f"{loaded} places loaded, {left} rows left out.")


def _operator(hub: Hub, agency: str) -> Actor:
    with hub.database.working() as connection:
        agency_id = agencies.agency_named(connection, agency)
    if agency_id is None:
        raise InvalidInput({"agency": ("No agency of this name is registered.",)})
    return Actor(agency_id, agency_id, Role.AGENCY_ADMIN)


def _print(report: ImportReport) -> None:
    click.echo(
        f"{report.outcome.value}: " + ", ".join(f"{n} {c}" for n, c in report.counts.items())
    )
    for problem in report.problems:
        click.echo(f"  {problem['level']:<9} {problem['record']}  {problem['what']}")
    if not report.good:
        click.echo("Nothing was changed: the last good version stays.", err=True)
