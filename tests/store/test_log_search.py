"""Every filter of the officer's search walks an index: no scan of the log, no sort of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from consent.evidence.entry import EntryType
from referral_hub.services.audit_filters import DecisionOutcome
from referral_hub.store.audit_log import Wanted
from referral_hub.store.log_search import looking, walks_for
from tests.hub_bench import Bench

EXPECTED = Path(__file__).parents[1] / "tables" / "log_search_indexes.csv"
COPIES = 20_000
SOMEBODY = UUID("00000000-0000-7000-8000-000000000003")
_COPY = """
    INSERT INTO log_entry (id, seq, entry, leaf_hash, type, at, sender_agency_id,
        recipient_agency_id, actor_agency_id, actor_user_id, subject_id, referral_id, outcome)
    SELECT gen_random_uuid(), 1000 + n, 'x', 'x', k.type, now(), p.id, r.id, p.id,
        few.id, few.id, few.id,
        (ARRAY['hold', 'refuse', 'permit'])[1 + n / 100 %% 3]
    FROM generate_series(1, %s) n
    JOIN (SELECT id, row_number() OVER () AS at FROM agency) p ON p.at = 1 + n %% 7
    JOIN (SELECT id, row_number() OVER () AS at FROM agency) r ON r.at = 1 + n %% 5
    JOIN (SELECT type, row_number() OVER () AS at FROM unnest(%s::text[]) type) k
        ON k.at = 1 + n %% 12
    JOIN (SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(at), 12, '0'))::uuid AS id, at
          FROM generate_series(1, 10) at) few ON few.at = 1 + n %% 10
"""


def _rows() -> list[dict[str, str]]:
    with EXPECTED.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def filled(shared_bench: Bench) -> Bench:
    """A log that is long enough for the planner to mind."""
    shared_bench.rows(_COPY, COPIES, [kind.value for kind in EntryType])
    shared_bench.rows("ANALYZE log_entry")
    return shared_bench


def _wanted(bench: Bench, row: dict[str, str]) -> Wanted:
    """A row's filters: codes as they stand, `*` for an id."""
    ids = {"party": bench.agencies["neighbours"]}
    values: dict[str, Any] = {}
    for name in row["filters"].split():
        key, _, code = name.partition("=")
        values[key] = code or ids.get(key, SOMEBODY)
    codes = tuple(values.pop(key) for key in ("rule", "reason") if key in values)
    return replace(Wanted(codes=codes), **values)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row["filters"] or "everything")
def test_the_plan_of_a_filter_walks_its_indexes_and_sorts_nothing_of_the_log(
    filled: Bench, row: dict[str, str]
) -> None:
    wanted = replace(_wanted(filled, row), below=UUID(int=2**128 - 1))
    us = filled.agencies["surgery"]
    statement, given = looking(us, wanted, walks_for(wanted))
    with filled.hub.database.acting_for(us) as connection:
        found = connection.execute(
            text(f"EXPLAIN (FORMAT JSON) {statement}"), {**given, "window": 26, "most": 26}
        ).scalar_one()
    plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    nodes = list(_nodes(plan))
    of_log = [node for node in nodes if node.get("Relation Name") == "log_entry"]
    assert {node["Node Type"] for node in of_log} <= {"Index Scan", "Index Only Scan"}
    assert {node["Index Name"] for node in of_log} == set(row["indexes"].split())
    for node in nodes:
        if "Sort" in node["Node Type"]:
            below = [one for under in node["Plans"] for one in _nodes(under)]
            assert not [one for one in below if one.get("Relation Name") == "log_entry"]


def test_every_filter_of_the_search_has_its_row() -> None:
    named = {name.partition("=")[0] for row in _rows() for name in row["filters"].split()}
    fields = set(Wanted.__slots__) - {"codes", "oldest", "below", "id"}
    assert named == fields | {"rule", "reason"}
    outcomes = {f"outcome={code.value}" for code in DecisionOutcome}
    assert outcomes <= {row["filters"] for row in _rows()}
