"""`hub migrate` and `hub check-migrations`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from referral_hub import embedded
from referral_hub.commands.opening import reachable_settings
from referral_hub.store.migrate import differences, downgrade, upgrade


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with reachable_settings() as settings:
        upgrade(str(settings.migrate_database_url))
    click.echo("The database has the newest schema.")


@click.command("check-migrations")
def check_migrations() -> None:
    """Compare what the migrations make with the tables in the code; on a database of its own."""
    with tempfile.TemporaryDirectory(prefix="hub-check-") as directory:
        servers = embedded.start(Path(directory))
        try:
            url = servers.database_url
            upgrade(url)
            downgrade(url, "base")
            upgrade(url)
            found = differences(url)
        finally:
            servers.stop()
    for difference in found:
        click.echo(difference)
    if found:
        raise click.ClickException(f"{len(found)} differences between migrations and tables.")
    click.echo("Migrations equal the tables, and undo cleanly.")
