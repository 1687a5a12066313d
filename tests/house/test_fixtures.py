"""The test fixtures give what they promise."""

from __future__ import annotations

import psycopg


def test_each_test_gets_a_database_at_the_newest_migration(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
