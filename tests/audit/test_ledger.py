"""The consent ledger of a real hub is held against its log, also where an entry is of before."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from consent.model import EventState
from referral_hub.audit.findings import Kind
from referral_hub.audit.ledger import record_fact
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.store.change import Change, LogRow, write
from tests.hub_bench import Bench, bench, only, recycled_url, seeded_town

__all__ = ["bench", "recycled_url", "seeded_town"]


def test_a_refusal_turned_into_an_agreement_behind_the_hubs_back_is_reported(bench: Bench) -> None:
    bench.refer(agreement=bench.agreed(("mentors",), state=EventState.REFUSED))
    assert bench.verify().ok
    bench.rows("UPDATE consent_event SET state = 'given' WHERE state = 'refused'")
    outcome = bench.verify()
    (problem,) = outcome.problems
    assert (problem.kind, problem.exact) == (Kind.LEDGER, True)
    entry = only(
        bench.rows("SELECT seq FROM log_entry WHERE type = 'consent' AND outcome = 'refused'")
    )
    assert outcome.first_bad == entry["seq"]


def test_agreements_and_withdrawals_of_a_worked_referral_are_all_held_against_the_log(
    bench: Bench,
) -> None:
    sent = bench.refer()
    bench.deliver()
    bench.clock.forward(timedelta(seconds=1))
    withdraw_agreement(bench.hub, bench.staff["gp"], sent.referral_id)
    bench.deliver()
    outcome = bench.verify()
    assert outcome.ok, outcome.problems
    assert outcome.records == len(bench.table("consent_event"))
    assert outcome.history == len(bench.table("task_event"))


@pytest.mark.parametrize("column", ["evidence", "event_type", "confidentiality", "valid_from"])
def test_what_no_entry_says_in_clear_is_committed_to(bench: Bench, column: str) -> None:
    bench.refer()
    changed = {"evidence": "'{}'", "valid_from": "valid_from - interval '1 day'"}.get(
        column, "'implied'"
    )
    bench.rows(f"UPDATE consent_event SET {column} = {changed}")  # noqa: S608 - names of this file
    assert {problem.kind for problem in bench.verify().problems} == {Kind.LEDGER}


def test_a_record_is_one_whether_python_or_postgresql_tells_it(bench: Bench) -> None:
    bench.refer()
    row = bench.table("consent_event")[-1]
    copy: dict[str, Any] = json.loads(json.dumps(row["copy"]))
    assert record_fact(row) == record_fact(copy)
    assert record_fact(row) != record_fact(copy | {"purpose": "research"})


def test_no_consent_event_is_written_without_the_entry_that_commits_to_it(bench: Bench) -> None:
    bench.refer()
    row = bench.table("consent_event")[-1]["copy"]
    stranger = LogRow({"id": row["id"]}, None)
    with (
        bench.hub.database.working() as connection,
        pytest.raises(ValueError, match="needs the log entry"),
    ):
        write(connection, Change([stranger], {"consent_event": [row]}))
