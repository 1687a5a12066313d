"""Bring a database to the newest schema, as the owner of its tables."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from referral_hub.errors import HubError
from referral_hub.store.engine import open_owner
from referral_hub.store.tables import metadata

_OLDEST = (15,)
_MAY_NOT = (
    "The database's owner may not prepare it. An administrator runs, once: CREATE ROLE hub_app"
    " NOLOGIN; CREATE ROLE hub_worker NOLOGIN; GRANT hub_app, hub_worker TO {owner}; and makes"
    " {owner} the owner of the database."
)
_SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Apply every migration up to `revision`; safe to call again.

    Raises HubError for a server older than PostgreSQL 15 and for an owner who may not make roles.
    """
    _require_version(url)
    try:
        command.upgrade(_config(url), revision)
    except ProgrammingError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        raise HubError(_MAY_NOT.format(owner=make_url(url).username)) from error


def _require_version(url: str) -> None:
    engine = open_owner(url)
    try:
        with engine.connect() as connection:
            version = connection.dialect.server_version_info or (0,)
    finally:
        engine.dispose()
    if version < _OLDEST:
        raise HubError(f"PostgreSQL {_OLDEST[0]} or newer is needed; this is {version[0]}.")


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
