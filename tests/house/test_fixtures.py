"""The test fixtures give what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from referral_hub.store.engine import Database


def test_each_test_gets_a_database_at_the_newest_migration(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None


def test_engines_act_in_their_roles(database: Database, owner: Engine) -> None:
    ask = text("SELECT current_user")
    with database.app.connect() as app, database.worker.connect() as worker:
        assert (app.scalar(ask), worker.scalar(ask)) == ("hub_app", "hub_worker")
    with owner.connect() as connection:
        assert connection.scalar(ask) == "hub"
