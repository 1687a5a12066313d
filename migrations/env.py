"""Alembic's entry: one transaction per migration, as the owner, never waiting long for a lock."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from referral_hub.store.engine import open_owner
from referral_hub.store.tables import metadata


def run() -> None:
    """Run the migrations that `referral_hub.store.migrate` asked for."""
    engine = open_owner(context.config.attributes["url"])
    try:
        with engine.connect() as connection:
            connection.execute(text("SET lock_timeout = '5s'"))
            connection.execute(text("SELECT pg_advisory_lock(hashtext('referral_hub.migrations'))"))
            connection.commit()
            context.configure(
                connection=connection, target_metadata=metadata, transaction_per_migration=True
            )
            with context.begin_transaction():
                context.run_migrations()
    finally:
        engine.dispose()


run()
