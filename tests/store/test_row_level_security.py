"""A query that forgot its WHERE shows an agency its own rows and no others, on every table.

The reviewed table `row_level_security.csv` says who sees, adds, changes and removes rows. Each line
is tried as `hub_app` for each agency and for nobody, over rows of several agencies.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.rows import dict_row

from referral_hub.store.engine import NOBODY
from referral_hub.store.tables import metadata
from tests.hub_bench import Bench, Row
from tests.store.town import populate

TABLES = Path(__file__).parents[1] / "tables"
AGENCIES = ("surgery", "hill", "council", "time_bank", "mentors", "neighbours", "library", "nobody")
Connections = dict[str, psycopg.Connection[Row]]


def _reviewed(name: str) -> dict[str, dict[str, str]]:
    with (TABLES / name).open(newline="", encoding="utf-8") as file:
        return {row["table"]: row for row in csv.DictReader(file)}


RULES = _reviewed("row_level_security.csv")
SHARED = _reviewed("shared_tables.csv")


@pytest.fixture(scope="module")
def town(shared_bench: Bench) -> Bench:
    populate(shared_bench)
    return shared_bench


@pytest.fixture(scope="module")
def released(town: Bench) -> set[tuple[UUID, UUID]]:
    """(referral or task, recipient) for what has reached its recipient."""
    rows = town.rows(
        "SELECT id, referral_id, recipient_agency_id AS to FROM task WHERE released_at IS NOT NULL"
    )
    return {(row[name], row["to"]) for row in rows for name in ("id", "referral_id")}


def _agency(town: Bench, key: str) -> UUID:
    return UUID(NOBODY) if key == "nobody" else town.agencies[key]


def _is_party(words: str, row: Row, agency: UUID, released: set[tuple[UUID, UUID]]) -> bool:
    def one(word: str) -> bool:
        if word in {"everybody", "nobody"}:
            return word == "everybody"
        if word == "released recipient":
            return (row.get("task_id", row["id"]), agency) in released
        column = "issuer" if word == "issuer" else f"{word}_agency_id".removeprefix("agency_")
        return bool(row[column] == agency)

    return any(one(word) for word in words.split(" or "))


def _connect(town: Bench, agency: UUID, role: str = "hub_app") -> psycopg.Connection[Row]:
    return psycopg.connect(
        town.url,
        options=f"-c role={role} -c app.agency={agency}",
        row_factory=dict_row,
        autocommit=True,
    )


@pytest.fixture(scope="module")
def connections(town: Bench) -> Iterator[Connections]:
    """One connection for each agency, as the application has them, and one for nobody."""
    made = {key: _connect(town, _agency(town, key)) for key in AGENCIES}
    yield made
    for connection in made.values():
        connection.close()


def _permitted(connection: psycopg.Connection[Row], table: str, privilege: str) -> list[str]:
    rows = connection.execute(
        "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = %s::regclass"
        " AND attnum > 0 AND NOT attisdropped"
        " AND has_column_privilege(current_user, attrelid, attnum, %s) ORDER BY attnum",
        [table, privilege],
    )
    return [row["name"] for row in rows]


def _select_all(connection: psycopg.Connection[Row], table: str) -> list[Row]:
    columns = _permitted(connection, table, "SELECT")
    if not columns:
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
        return []
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    query = sql.SQL("SELECT {} FROM {}").format(listed, sql.Identifier(table))
    return connection.execute(query).fetchall()


def _keys(table: str, rows: list[Row]) -> list[tuple[Any, ...]]:
    names = [column.name for column in metadata.tables[table].primary_key]
    return sorted(tuple(row[name] for name in names) for row in rows)


def test_every_table_is_behind_row_level_security_or_reviewed_as_shared(town: Bench) -> None:
    rows = town.rows("SELECT relname, relrowsecurity FROM pg_class WHERE relkind = 'r'")
    secured = {row["relname"] for row in rows if row["relrowsecurity"]}
    assert secured == set(RULES)
    assert set(RULES) | set(SHARED) == set(metadata.tables)
    assert not set(RULES) & set(SHARED)


def test_every_table_has_rows_so_that_seeing_none_means_something(town: Bench) -> None:
    counts = {name: len(town.table(name)) for name in metadata.tables}
    assert all(counts.values()), counts


@pytest.mark.parametrize("table", sorted(RULES))
def test_a_query_without_its_where_shows_each_agency_exactly_its_own_rows(
    town: Bench, connections: Connections, released: set[tuple[UUID, UUID]], table: str
) -> None:
    everything = town.table(table)
    for key, connection in connections.items():
        agency, sees = _agency(town, key), RULES[table]["sees"]
        mine = [row for row in everything if _is_party(sees, row, agency, released)]
        assert _keys(table, _select_all(connection, table)) == _keys(table, mine), key


def test_each_rule_lets_somebody_see_and_hides_from_somebody(
    town: Bench, released: set[tuple[UUID, UUID]]
) -> None:
    for table, rule in RULES.items():
        if rule["sees"] in {"everybody", "nobody"}:
            continue
        rows = town.table(table)
        shown = {
            key: sum(_is_party(rule["sees"], row, _agency(town, key), released) for row in rows)
            for key in AGENCIES
        }
        assert any(shown.values()), table
        assert shown["nobody"] == 0, table
        assert any(count < len(rows) for count in shown.values()), table


@pytest.mark.parametrize("table", sorted(RULES))
def test_only_the_reviewed_parties_can_add_a_row(
    town: Bench, connections: Connections, released: set[tuple[UUID, UUID]], table: str
) -> None:
    """A copy of a row is refused by row-level security, or for a party only as a double."""
    adds = RULES[table]["adds"]
    insert = _insertion(connections["surgery"], table)
    for row in town.table(table)[:12]:
        for key in AGENCIES:
            agency = _agency(town, key)
            refusal = (
                (errors.UniqueViolation,)
                if adds != "nobody" and _is_party(adds, row, agency, released)
                else (errors.InsufficientPrivilege,)
            )
            with pytest.raises(refusal):
                connections[key].execute(insert, [json.dumps(row["copy"])])


@pytest.mark.parametrize("table", sorted(RULES))
@pytest.mark.parametrize(("verb", "rule"), [("UPDATE", "changes"), ("DELETE", "removes")])
def test_a_change_without_its_where_reaches_only_the_reviewed_parties_rows(
    town: Bench,
    connections: Connections,
    released: set[tuple[UUID, UUID]],
    table: str,
    verb: str,
    rule: str,
) -> None:
    allowed = RULES[table][rule]
    everything = town.table(table)
    for key in AGENCIES:
        agency = _agency(town, key)
        mine = [row for row in everything if _is_party(allowed, row, agency, released)]
        connection = connections[key]
        with connection.transaction(force_rollback=True):
            statement = _change(connection, table, verb)
            if statement is None:
                assert allowed == "nobody"
                continue
            assert connection.execute(statement).rowcount == len(mine), (key, table)


def _insertion(connection: psycopg.Connection[Row], table: str) -> sql.Composed:
    every = [column.name for column in metadata.tables[table].columns]
    columns = _permitted(connection, table, "INSERT") or every
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = "INSERT INTO {0} ({1}) SELECT {1} FROM json_populate_record(NULL::{0}, %s)"
    return sql.SQL(statement).format(sql.Identifier(table), listed)


def _change(connection: psycopg.Connection[Row], table: str, verb: str) -> sql.Composed | None:
    """A statement that touches every row it may; None where the role may touch none at all."""
    name = sql.Identifier(table)
    if verb == "DELETE":
        statement = sql.SQL("DELETE FROM {}").format(name)
        privilege = "SELECT has_table_privilege(current_user, %s, 'DELETE') AS may"
        may = connection.execute(privilege, [table]).fetchone()
        if may and may["may"]:
            return statement
    else:
        found = _permitted(connection, table, "UPDATE")
        any_column = (found or [column.name for column in metadata.tables[table].columns])[0]
        column = sql.Identifier(any_column)
        statement = sql.SQL("UPDATE {} SET {} = {}").format(name, column, column)
        if found:
            return statement
    with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
        connection.execute(statement)
    return None


@pytest.mark.parametrize("table", sorted(RULES))
def test_moving_a_row_to_another_agency_is_refused(
    town: Bench, connections: Connections, table: str
) -> None:
    columns = [c.name for c in metadata.tables[table].columns if c.name.endswith("agency_id")]
    for column in columns:
        statement = sql.SQL("UPDATE {} SET {} = %s").format(
            sql.Identifier(table), sql.Identifier(column)
        )
        with pytest.raises(errors.InsufficientPrivilege):
            connections["surgery"].execute(statement, [town.agencies["fire"]])


def test_the_services_connections_show_an_agency_only_its_own(town: Bench) -> None:
    from sqlalchemy import text

    count = text("SELECT count(*) FROM referral")
    database = town.hub.database
    seen: dict[str, int] = {}
    for key in ("surgery", "hill", "library", "fire", "council", "parcels"):
        with database.acting_for(town.agencies[key]) as connection:
            seen[key] = connection.execute(count).scalar_one()
    assert (
        seen["surgery"] + seen["hill"] + seen["library"] + seen["fire"]
        == seen["council"]
        == town.one("SELECT count(*) FROM referral")
    )
    assert min(seen["surgery"], seen["hill"]) > seen["parcels"] == 0


def test_a_connection_forgets_its_agency_with_the_transaction(town: Bench) -> None:
    from sqlalchemy import text

    database = town.hub.database
    for _ in range(10):
        with database.acting_for(town.agencies["surgery"]) as connection:
            assert connection.execute(text("SELECT count(*) FROM subject")).scalar_one()
        for engine in (database.app, database.app_statement):
            with engine.connect() as connection:
                assert connection.execute(text("SELECT count(*) FROM subject")).scalar_one() == 0


def _roles(town: Bench) -> Iterator[Row]:
    yield from town.rows("SELECT * FROM pg_roles WHERE rolname LIKE 'hub\\_%%'")


def test_the_hubs_roles_own_nothing_and_can_bypass_nothing(town: Bench) -> None:
    roles = list(_roles(town))
    assert {role["rolname"] for role in roles} == {"hub_app", "hub_worker"}
    for role in roles:
        powers = ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolcanlogin")
        assert not any(role[power] for power in powers)
        owned = "SELECT count(*) FROM pg_class WHERE relowner = %s"
        assert town.one(owned, role["oid"]) == 0
        assert town.one("SELECT count(*) FROM pg_auth_members WHERE member = %s", role["oid"]) == 0
        may = "SELECT has_database_privilege(%s, current_database(), 'CREATE')"
        assert not town.one(may, role["rolname"])
        may = "SELECT has_schema_privilege(%s, 'public', 'CREATE')"
        assert not town.one(may, role["rolname"])


def test_the_only_doors_past_row_level_security_are_few_functions_with_a_fixed_search_path(
    town: Bench,
) -> None:
    rows = town.rows(
        "SELECT proname, proconfig, has_function_privilege('public', oid, 'EXECUTE') AS anybody"
        " FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY proname"
    )
    assert [row["proname"] for row in rows] == [
        "announce_staged_items",
        "announce_task_events",
        "client_agency",
        "keeps_registers",
        "link_by_token",
        "link_by_visit",
        "session_principal",
        "staff_for_sign_in",
        "tell_sender_back",
    ]
    for row in rows:
        assert row["proconfig"] == ["search_path=pg_catalog, public, pg_temp"]
        assert not row["anybody"]


def test_a_session_token_of_another_agency_is_found_only_by_its_hash(
    town: Bench, connections: Connections
) -> None:
    token = town.one("SELECT token_hash FROM staff_session LIMIT 1")
    call = "SELECT * FROM session_principal(%s, now(), '1 h', '1 h')"
    nobody = connections["nobody"]
    assert len(nobody.execute(call, [token]).fetchall()) == 1
    assert not nobody.execute(call, [token[:-1]]).fetchall()
    assert not nobody.execute("SELECT * FROM staff_session").fetchall()
