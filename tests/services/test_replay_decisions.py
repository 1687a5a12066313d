"""Every decision of a town's log is made again; what was changed is named by its index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner

from consent.inputs import read_inputs, write_inputs
from referral_hub.audit import events
from referral_hub.audit.decisions import Verdict
from referral_hub.commands import replay_decisions as command
from referral_hub.services import place
from referral_hub.services.demo import approve_demo_policy
from referral_hub.services.erase_person import erase_person
from referral_hub.services.replay_decisions import Replayed, replay_decisions
from tests.hub_bench import Bench
from tests.leaks import without_ids
from tests.store.town import populate


@pytest.fixture(scope="module")
def town(shared_bench: Bench) -> Bench:
    """Referrals, disclosures, views, an emergency and refusals; nobody changes it."""
    populate(shared_bench)
    assert shared_bench.verify().ok
    return shared_bench


def told(outcome: Replayed) -> str:
    return "\n".join(map(str, outcome.found))


def test_every_decision_of_the_town_is_made_again_and_is_the_same(town: Bench) -> None:
    outcome = replay_decisions(town.hub)
    assert outcome.ok, told(outcome)
    assert set(outcome.counts) == {Verdict.MATCHES}
    with_policy = town.one(
        "SELECT count(*) FROM log_entry WHERE type <> 'policy'"
        " AND convert_from(entry, 'UTF8')::jsonb->>'policy_hash' IS NOT NULL"
    )
    assert outcome.counts[Verdict.MATCHES] == with_policy > 20


def test_an_agency_has_the_decisions_about_its_own_people_made_again(town: Bench) -> None:
    counts = {
        key: replay_decisions(town.hub, agency_id=town.agencies[key]).counts.total()
        for key in town.agencies
    }
    assert counts["mentors"] == 0
    assert min(counts["surgery"], counts["hill"]) > 0
    assert sum(counts.values()) == replay_decisions(town.hub).counts.total()


@contextmanager
def a_hub_that(monkeypatch: pytest.MonkeyPatch, name: str, instead: Any) -> Iterator[None]:
    with monkeypatch.context() as lying:
        lying.setattr(place, name, instead)
        yield


def test_a_hub_that_logs_another_outcome_than_its_rules_gave_is_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = place.said

    def lie(*given: Any) -> Any:
        return replace(honest(*given), outcome="permit", reason=None)

    with a_hub_that(monkeypatch, "said", lie):
        bench.refer(to=())
    bench.verify()
    outcome = replay_decisions(bench.hub)
    assert not outcome.ok
    first = bench.one("SELECT min(seq) FROM log_entry WHERE type = 'decision'")
    assert outcome.found[0].index == first
    assert "the log says permit, made again it is refuse (" in outcome.found[0].message


def test_a_hub_that_keeps_other_facts_than_it_decided_from_is_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def others(inputs: Any) -> bytes:
        facts = replace(inputs.facts, agreements=())
        return write_inputs(replace(inputs, facts=facts))

    with a_hub_that(monkeypatch, "write_inputs", others):
        bench.refer()
    bench.verify()
    outcome = replay_decisions(bench.hub)
    assert outcome.counts[Verdict.DIFFERS]
    assert "made again it is refuse (" in told(outcome)


def test_a_hub_that_keeps_nothing_of_what_it_decided_from_is_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = place.decision_event

    def forget(*given: Any, **named: Any) -> events.Event:
        return replace(honest(*given, **named), inputs=None)

    with monkeypatch.context() as lying:
        lying.setattr("referral_hub.services.turns.decision_event", forget)
        bench.refer()
    bench.verify()
    outcome = replay_decisions(bench.hub)
    assert outcome.counts[Verdict.UNRECORDED] >= 1
    assert not outcome.ok


def test_a_policy_that_nobody_kept_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = place.said

    def under_another(*given: Any) -> Any:
        return replace(honest(*given), policy_hash="ab" * 32)

    with a_hub_that(monkeypatch, "said", under_another):
        bench.refer()
    bench.verify()
    outcome = replay_decisions(bench.hub)
    assert set(outcome.counts) == {Verdict.UNKNOWN_POLICY}
    assert "ab" * 32 in outcome.found[0].message


def test_an_erased_persons_decisions_are_not_made_again_and_still_verify(bench: Bench) -> None:
    sent = bench.refer()
    bench.refer(by="hill-gp", to=("neighbours",))
    bench.deliver()
    person: UUID = bench.one("SELECT subject_id FROM referral WHERE id = %s", sent.referral_id)
    erase_person(bench.hub, bench.staff["surgery-dpo"], person)
    assert bench.verify().ok
    outcome = replay_decisions(bench.hub)
    assert outcome.ok, told(outcome)
    assert outcome.counts[Verdict.ERASED] > 0
    assert outcome.counts[Verdict.MATCHES] > 0
    lines = list(command.report(outcome, 1.0))
    assert any("of erased people: not made again, each entry still verifies" in x for x in lines)


def test_what_is_kept_opens_for_nobody_but_with_the_persons_key(bench: Bench) -> None:
    bench.refer()
    for row in bench.table("log_entry") + bench.table("log_opening"):
        assert b"consent_events" not in b"".join(v for v in row.values() if isinstance(v, bytes))


def test_the_command_prints_figures_and_ends_with_status_0_or_1(
    town: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def opened() -> Iterator[Any]:
        yield town.hub

    monkeypatch.setattr(command, "open_hub", opened)
    approve_demo_policy(town.hub)
    done = CliRunner().invoke(command.replay_decisions_command, [])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("REPLAYED\n")
    asked = CliRunner().invoke(command.replay_decisions_command, ["--agency", "No such agency"])
    assert asked.exit_code == 2


def test_the_record_of_a_decision_names_ids_and_codes_only(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    honest = place.write_inputs

    def keep(inputs: Any) -> bytes:
        written.append(honest(inputs))
        return written[-1]

    with a_hub_that(monkeypatch, "write_inputs", keep):
        bench.refer()
        bench.deliver()
    assert written
    for data in written:
        assert read_inputs(data).request.subject_id.encode() in data
        for word in ("Zebedee", "Quillfeather", "Gannet", "COPD", "07700", "1944"):
            assert word not in without_ids(data)
