"""The private servers start anywhere, keep what was committed, and end with their owner."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from redis import Redis

from referral_hub.embedded import start


@pytest.mark.parametrize(
    "name", ["plain", "with a space, and a comma", "x" * 120], ids=["plain", "space", "long"]
)
def test_servers_start_in_any_directory_and_keep_committed_rows(tmp_path: Path, name: str) -> None:
    first = start(tmp_path / name)
    with psycopg.connect(first.database_url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    first.stop()
    second = start(tmp_path / name)
    try:
        with psycopg.connect(second.database_url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    finally:
        second.stop()


def test_a_second_start_attaches_and_does_not_stop_the_owner(tmp_path: Path) -> None:
    owner = start(tmp_path)
    try:
        guest = start(tmp_path)
        assert owner.owned
        assert not guest.owned
        guest.stop()
        with Redis.from_url(owner.redis_url) as client:
            assert client.ping()
    finally:
        owner.stop()
