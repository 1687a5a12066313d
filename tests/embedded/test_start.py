"""The private servers start anywhere, keep what was committed, and end with their owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from referral_hub.embedded import start
from referral_hub.supervise import wait_until


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


def _owner_process(data_dir: Path) -> subprocess.Popen[bytes]:
    """A process that owns the servers of `data_dir` until it is killed."""
    program = (
        "import sys, time; from pathlib import Path; from referral_hub.embedded import start;"
        "start(Path(sys.argv[1])); print('up', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(data_dir)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


def _server_pid(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])


def test_a_start_after_the_owner_was_killed_finds_everything_committed(tmp_path: Path) -> None:
    with _owner_process(tmp_path) as owner:
        guest = start(tmp_path)
        with psycopg.connect(guest.database_url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        owner.kill()
    servers = start(tmp_path)
    try:
        assert servers.owned
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    finally:
        servers.stop()


def test_files_left_by_servers_that_were_killed_do_not_stop_a_start(tmp_path: Path) -> None:
    servers = start(tmp_path)
    os.kill(_server_pid(tmp_path), signal.SIGKILL)
    assert wait_until(
        lambda: servers.revive() == ("PostgreSQL",), seconds=20, meanwhile=lambda: None
    )
    servers.stop()


def test_a_stale_pid_file_that_names_another_program_is_removed(tmp_path: Path) -> None:
    start(tmp_path).stop()
    stale = tmp_path / "postgres" / "postmaster.pid"
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        stale.write_text(f"{stranger.pid}\n{stale.parent}\n")
        servers = start(tmp_path)
        servers.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_no_value_of_a_statement_reaches_the_servers_log(tmp_path: Path) -> None:
    servers = start(tmp_path)
    try:
        with psycopg.connect(servers.database_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE person (name text UNIQUE)")
            connection.execute("INSERT INTO person VALUES (%s)", ["CANARY"])
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO person VALUES (%s)", ["CANARY"])
            with pytest.raises(psycopg.errors.InvalidTextRepresentation):
                connection.execute("SELECT 'CANARY'::int")
            with pytest.raises(psycopg.errors.RaiseException):
                connection.execute("DO $$ BEGIN RAISE 'CANARY'; END $$")
    finally:
        servers.stop()
    assert "CANARY" not in (tmp_path / "postgres.log").read_text()


def test_nothing_listens_on_the_network_and_fsync_is_on(tmp_path: Path) -> None:
    servers = start(tmp_path)
    try:
        with psycopg.connect(servers.database_url) as connection:
            wanted = ("listen_addresses", "fsync", "full_page_writes", "synchronous_commit")
            found = connection.execute(
                "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(wanted)]
            ).fetchall()
            superuser = connection.execute(
                "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
        with Redis.from_url(servers.redis_url, decode_responses=True) as client:
            port = client.config_get("port")
    finally:
        servers.stop()
    assert dict(found) == {
        "listen_addresses": "",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
    }
    assert superuser == (False, False)
    assert port == {"port": "0"}


def test_sockets_and_data_are_for_their_owner_alone(tmp_path: Path) -> None:
    servers = start(tmp_path / "data")
    try:
        for name in ("postgres", "run"):
            found = tmp_path / "data" / name
            if found.exists():
                assert found.stat().st_mode & 0o077 == 0
        assert (tmp_path / "data" / "postgres.log").stat().st_mode & 0o077 == 0
    finally:
        servers.stop()
