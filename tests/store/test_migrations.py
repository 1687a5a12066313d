"""Migrations go up, down and up again, with data in the tables, and never wait long for a lock."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import errors, sql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from referral_hub.embedded import Embedded
from referral_hub.errors import HubError
from referral_hub.store import migrate
from referral_hub.store.migrate import differences, downgrade, upgrade
from referral_hub.store.tables import metadata
from tests.databases import name_in
from tests.hub_bench import Bench, NewBench, Row, SeededTown, benches
from tests.store.town import populate

ROOT = Path(__file__).parents[2]


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return ScriptDirectory.from_config(config)


def _tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v', 'S', 'm')"
            " AND relnamespace = 'public'::regnamespace"
        ).fetchall()
    return {name for (name,) in rows}


def _columns(url: str) -> dict[str, set[str]]:
    """The columns of each table; what a revision added to one is lost when it is undone."""
    found: dict[str, set[str]] = {}
    with psycopg.connect(url) as connection:
        query = (
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        )
        for table, column in connection.execute(query):
            found.setdefault(table, set()).add(column)
    return found


def _only(columns: set[str], row: Row) -> str:
    return str({name: row[name] for name in sorted(columns)})


def _shape(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Everything that metadata does not compare: policies, grants, functions, constraints."""
    queries = {
        "policies": "SELECT tablename, policyname, cmd, roles::text, qual, with_check"
        " FROM pg_policies ORDER BY 1, 2",
        "grants": "SELECT relname, coalesce(relacl, acldefault('r', relowner))::text,"
        " relrowsecurity FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
        "columns": "SELECT attrelid::regclass::text, attname, attacl::text FROM pg_attribute"
        " WHERE attacl IS NOT NULL AND attrelid::regclass::text NOT LIKE 'pg\\_%' ORDER BY 1, 2",
        "functions": "SELECT proname, prosrc, prosecdef, proacl::text FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
        "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
        " FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    }
    with psycopg.connect(url) as connection:
        return {
            name: connection.execute(query.encode()).fetchall() for name, query in queries.items()
        }


def test_there_is_one_head_and_every_revision_says_what_it_does() -> None:
    scripts = _scripts()
    assert len(scripts.get_heads()) == 1
    for revision in scripts.walk_revisions():
        assert revision.doc
        assert Path(revision.path).name.startswith(f"{revision.revision}_")


def test_up_down_and_up_again_give_the_same_database(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    first = _shape(empty_database_url)
    assert differences(empty_database_url) == []
    downgrade(empty_database_url, "base")
    assert _tables(empty_database_url) == {"alembic_version"}
    upgrade(empty_database_url)
    assert _shape(empty_database_url) == first
    assert differences(empty_database_url) == []


def test_going_up_twice_changes_nothing(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    first = _shape(empty_database_url)
    upgrade(empty_database_url)
    assert _shape(empty_database_url) == first


@pytest.fixture(scope="module")
def populated(
    embedded: Embedded, seeded_town: SeededTown, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SeededTown]:
    """A database with rows in every table, which is only copied, and what stands in it."""
    with benches(embedded, seeded_town, tmp_path_factory.mktemp("populated")) as make:
        bench = make()
        populate(bench)
        rows = {name: bench.table(name) for name in metadata.tables}
        bench.close()
        yield SeededTown(name_in(bench.url), bench.directory / "keys", rows)


@pytest.fixture
def full_bench(embedded: Embedded, populated: SeededTown, tmp_path: Path) -> Iterator[Bench]:
    """A hub over a copy of it."""
    with benches(embedded, populated, tmp_path) as make:
        yield make()


@pytest.mark.parametrize("revision", [r.revision for r in _scripts().walk_revisions()][:-1])
def test_each_revision_is_undone_and_done_again_without_losing_a_row(
    full_bench: Bench, populated: SeededTown, revision: str
) -> None:
    bench, before = full_bench, populated.rows
    shape = _shape(bench.url)
    bench.close()
    below = _scripts().get_revision(revision).down_revision
    assert isinstance(below, str)
    downgrade(bench.url, below)
    older = _columns(bench.url)
    upgrade(bench.url)
    assert _shape(bench.url) == shape
    for name, rows in before.items():
        if name not in older:
            continue  # the revision made this table, and undoing it says so
        kept = [_only(older[name], row) for row in bench.table(name)]
        assert sorted(kept) == sorted(_only(older[name], row) for row in rows), name
    assert bench.refer().reference
    assert bench.deliver()
    assert bench.verify().ok


def test_whoever_chose_what_an_older_hub_cannot_do_is_reached_in_the_inbox(
    new_bench: NewBench,
) -> None:
    bench = new_bench()
    bench.rows(
        "UPDATE agency_endpoint SET format = 'komunitin_need', addressing = '{\"a\": \"b\"}',"
        " pinned = '{93.184.215.14}', plain_since = now(), encryption_jwk = NULL"
    )
    chosen = len(bench.table("agency_endpoint"))
    bench.close()
    downgrade(bench.url, "0027")
    assert {row["transport"] for row in bench.table("agency_endpoint")} == {"inbox"}
    upgrade(bench.url)
    rows = bench.table("agency_endpoint")
    assert [(row["format"], row["addressing"]) for row in rows] == [("hub_json", {})] * chosen
    assert bench.refer().reference
    assert bench.deliver()


def test_all_of_it_can_be_undone_with_data_in_it(full_bench: Bench) -> None:
    bench = full_bench
    bench.close()
    downgrade(bench.url, "base")
    assert _tables(bench.url) == {"alembic_version"}
    upgrade(bench.url)
    assert differences(bench.url) == []


def test_a_migration_gives_up_rather_than_queue_behind_a_long_transaction(
    database_url: str,
) -> None:
    downgrade(database_url, "0002")
    before = _shape(database_url)
    with psycopg.connect(database_url) as busy:
        busy.execute("SELECT count(*) FROM referral")
        began = time.monotonic()
        with pytest.raises(OperationalError) as refusal:
            downgrade(database_url, "0001")
        assert time.monotonic() - began < 20
    assert isinstance(refusal.value.orig, errors.LockNotAvailable)
    assert _shape(database_url) == before
    downgrade(database_url, "0001")


def test_two_migrations_at_once_do_not_meet(empty_database_url: str) -> None:
    program = f"from referral_hub.store.migrate import upgrade; upgrade({empty_database_url!r})"
    started = [subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) for _ in range(2)]
    assert [process.wait(60) for process in started] == [0, 0]
    assert differences(empty_database_url) == []


def test_an_owner_who_may_not_make_roles_is_told_what_an_administrator_does_and_then_goes_on(
    embedded: Embedded, empty_database_url: str
) -> None:
    owner, database = (
        f"owner_{uuid.uuid4().hex[:8]}",
        str(make_url(empty_database_url).database),
    )
    url = empty_database_url.replace("//hub@", f"//{owner}@")
    with psycopg.connect(embedded.admin_url, autocommit=True) as admin:
        names = {"owner": sql.Identifier(owner), "database": sql.Identifier(database)}
        admin.execute(sql.SQL("CREATE ROLE {owner} LOGIN").format(**names))
        try:
            admin.execute(sql.SQL("ALTER DATABASE {database} OWNER TO {owner}").format(**names))
            with pytest.raises(HubError, match=f"GRANT hub_app, hub_worker TO {owner}"):
                upgrade(url)
            admin.execute(sql.SQL("GRANT hub_app, hub_worker TO {owner}").format(**names))
            upgrade(url)
            assert differences(url) == []
        finally:
            admin.execute(sql.SQL("DROP DATABASE {database} WITH (FORCE)").format(**names))
            admin.execute(sql.SQL("DROP ROLE {owner}").format(**names))


def test_a_server_that_is_too_old_is_refused_by_its_version(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "_OLDEST", (99,))
    with pytest.raises(HubError, match="PostgreSQL 99 or newer is needed; this is 1"):
        upgrade(empty_database_url)
    assert _tables(empty_database_url) == set()
