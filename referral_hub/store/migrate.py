"""Bring a database to the newest schema, as the owner of its tables."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from referral_hub.store.engine import open_owner
from referral_hub.store.tables import metadata

_SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Apply every migration up to `revision`; safe to call again."""
    command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Undo migrations down to `revision` (`base` undoes all)."""
    command.downgrade(_config(url), revision)


def differences(url: str) -> list[str]:
    """Return how the migrated database differs from `tables.metadata`; empty when equal."""
    engine = open_owner(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return [repr(change) for change in compare_metadata(context, metadata)]
    finally:
        engine.dispose()


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["url"] = url
    return config
