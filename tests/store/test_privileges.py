"""Each role may do with each table what the reviewed table says: `yes`, `no`, or these columns."""

from __future__ import annotations

import csv
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from referral_hub.store.engine import NOBODY
from referral_hub.store.tables import metadata
from tests.hub_bench import Bench

REVIEWED = Path(__file__).parents[1] / "tables" / "privileges.csv"
SECRET = {
    ("message", "ciphertext"),
    ("message", "wrapped_for_origin"),
    ("message", "wrapped_for_recipient"),
    ("release", "wrapped_keys"),
    ("sealed_record", "ciphertexts"),
    ("sealed_record", "wrapped_record_key"),
    ("log_opening", "sealed_openings"),
}
EVIDENCE = ("log_entry", "consent_event", "task_event", "release", "log_checkpoint", "log_opening")


def _rows() -> list[dict[str, str]]:
    with REVIEWED.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _granted(bench: Bench, role: str, table: str, privilege: str) -> str:
    if bench.one("SELECT has_table_privilege(%s, %s, %s)", role, table, privilege):
        return "yes"
    if privilege == "DELETE":
        return "no"
    may = "SELECT has_column_privilege(%s, %s, %s, %s)"
    columns = [column.name for column in metadata.tables[table].columns]
    return "|".join(c for c in columns if bench.one(may, role, table, c, privilege)) or "no"


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{row['role']}-{row['table']}") for row in _rows()]
)
def test_a_role_may_do_exactly_what_was_reviewed(shared_bench: Bench, row: dict[str, str]) -> None:
    found = {
        name: _granted(shared_bench, row["role"], row["table"], name.upper())
        for name in ("select", "insert", "update", "delete")
    }
    assert found == {name: row[name] for name in found}


def test_every_table_has_its_row_for_each_role() -> None:
    listed = [(row["role"], row["table"]) for row in _rows()]
    roles = ("hub_app", "hub_worker")
    assert sorted(listed) == sorted((role, name) for role in roles for name in metadata.tables)


@pytest.mark.parametrize("role", ["hub_app", "hub_worker"])
@pytest.mark.parametrize("verb", ["TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"])
def test_no_role_may_empty_a_table_or_hang_anything_on_it(
    shared_bench: Bench, role: str, verb: str
) -> None:
    if verb == "MAINTAIN" and shared_bench.one("SHOW server_version_num") < "170000":
        pytest.skip("a privilege since PostgreSQL 17")
    may = "SELECT has_table_privilege(%s, %s, %s)"
    assert not any(shared_bench.one(may, role, name, verb) for name in metadata.tables)


@pytest.mark.parametrize(("table", "column"), sorted(SECRET))
def test_the_web_never_reads_ciphertext_or_wrapped_keys(
    shared_bench: Bench, table: str, column: str
) -> None:
    query = f"SELECT {column} FROM {table}"  # noqa: S608 - names from this file
    with (
        psycopg.connect(
            shared_bench.url, options=f"-c role=hub_app -c app.agency={NOBODY}"
        ) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(query.encode())


@pytest.mark.parametrize("role", ["hub_app", "hub_worker"])
@pytest.mark.parametrize("table", EVIDENCE)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"])
def test_evidence_cannot_be_removed_by_the_hubs_own_roles(
    shared_bench: Bench, role: str, table: str, statement: str
) -> None:
    with (
        psycopg.connect(shared_bench.url, options=f"-c role={role}") as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(statement.format(table).encode())


@pytest.mark.parametrize("role", ["hub_app", "hub_worker"])
@pytest.mark.parametrize("column", ["entry", "leaf_hash", "at", "type", "outcome"])
def test_an_entry_cannot_be_edited_by_the_hubs_own_roles(
    shared_bench: Bench, role: str, column: str
) -> None:
    statement = f"UPDATE log_entry SET {column} = {column}"  # noqa: S608 - names from this file
    with (
        psycopg.connect(shared_bench.url, options=f"-c role={role}") as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize("role", ["hub_app", "hub_worker"])
def test_nobody_can_put_an_entry_into_the_log_with_a_number_of_their_own(
    shared_bench: Bench, role: str
) -> None:
    copied = (
        "INSERT INTO log_entry (id, seq, entry, leaf_hash, type, at)"
        " VALUES (gen_random_uuid(), 9999, 'x', 'x', 'access', now())"
    )
    with (
        psycopg.connect(shared_bench.url, options=f"-c role={role}") as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(copied.encode())
