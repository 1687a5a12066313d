"""A policy decides when two administrators approved it, one after the other, and no other does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from consent import decide, policy
from consent.evidence.canonical import canonical
from consent.evidence.entry import decode
from consent.policy import Policy, load_policy, policy_hash, read_tables, rule_source
from referral_hub.audit.decisions import Verdict
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.audit.findings import Kind
from referral_hub.commands import policy as command
from referral_hub.errors import Conflict, Forbidden
from referral_hub.services import policies
from referral_hub.services.demo import approve_demo_policy, demo_code
from referral_hub.services.hub import Hub
from referral_hub.services.policies import (
    PolicyNotApproved,
    approve,
    known_policies,
    propose,
    require_approved,
    standing,
)
from referral_hub.services.replay_decisions import replay_decisions
from referral_hub.store import change
from referral_hub.store import policies as store
from tests.hub_bench import Bench

FIRST, SECOND = "surgery-admin", "council-admin"


def other_tables() -> dict[str, Any]:
    """The tables with an emergency of another length: a change that an officer might make."""
    tables = dict(read_tables())
    emergency = {**tables["purposes"]["emergency"], "minutes": 11}
    return tables | {"purposes": {**tables["purposes"], "emergency": emergency}}


def other_policy() -> Policy:
    return load_policy(other_tables(), rule_source())


@contextmanager
def installed(found: Policy, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if a release with `found` were installed."""
    with monkeypatch.context() as release:
        for module in (policies, decide, policy):
            release.setattr(module, "current_policy", lambda: found)
        release.setattr(policies, "read_tables", other_tables)
        yield


def in_production(bench: Bench) -> Hub:
    return replace(bench.hub, settings=replace(bench.hub.settings, environment="production"))


def test_one_proposes_another_approves_and_the_log_says_so(bench: Bench) -> None:
    assert standing(bench.hub).approved is None
    proposed = propose(bench.hub, bench.staff[FIRST])
    assert standing(bench.hub).proposed == proposed
    assert not standing(bench.hub).may_decide
    approve(bench.hub, bench.staff[SECOND], proposed)
    assert standing(bench.hub).may_decide
    assert standing(bench.hub).proposed is None
    rows = bench.rows("SELECT outcome, actor_user_id FROM log_entry WHERE type = 'policy'")
    assert [row["outcome"] for row in rows] == ["proposed", "approved"]
    assert [row["actor_user_id"] for row in rows] == [
        bench.staff[name].user_id for name in (FIRST, SECOND)
    ]
    assert bench.verify().ok
    with pytest.raises(Conflict, match="nothing to propose"):
        propose(bench.hub, bench.staff[FIRST])


def test_nobody_approves_their_own_proposal_or_what_was_not_proposed(bench: Bench) -> None:
    with pytest.raises(Conflict, match="proposed last"):
        approve(bench.hub, bench.staff[SECOND], standing(bench.hub).installed)
    proposed = propose(bench.hub, bench.staff[FIRST])
    with pytest.raises(Conflict, match="another administrator"):
        approve(bench.hub, bench.staff[FIRST], proposed)
    with pytest.raises(Conflict, match="proposed last"):
        approve(bench.hub, bench.staff[SECOND], "0" * 64)
    approve(bench.hub, bench.staff[SECOND], proposed)
    with pytest.raises(Conflict, match="proposed last"):
        approve(bench.hub, bench.staff[FIRST], proposed)


@pytest.mark.parametrize("by", ["gp", "surgery-dpo", "council", "mentors"])
def test_no_other_role_proposes_or_approves(bench: Bench, by: str) -> None:
    with pytest.raises(Forbidden):
        propose(bench.hub, bench.staff[by])
    with pytest.raises(Forbidden):
        approve(bench.hub, bench.staff[by], standing(bench.hub).installed)


def test_in_production_nothing_starts_before_the_first_approval(bench: Bench) -> None:
    require_approved(bench.hub)  # development goes on
    hub = in_production(bench)
    with pytest.raises(PolicyNotApproved) as refusal:
        require_approved(hub)
    told = str(refusal.value)
    assert f"hub policy approve {standing(hub).installed} --as SECOND" in told
    assert "none yet" in told
    approve_demo_policy(hub)
    require_approved(hub)


def test_a_changed_policy_and_then_the_older_one_are_each_refused_until_approved(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = in_production(bench)
    approve_demo_policy(hub)
    older = standing(hub).installed
    with installed(other_policy(), monkeypatch):
        with pytest.raises(PolicyNotApproved):
            require_approved(hub)
        assert '+   "minutes": 11,' in "\n".join(policies.changes(hub))
        approve_demo_policy(hub)
        require_approved(hub)
    for _ in range(3):
        with pytest.raises(PolicyNotApproved):
            require_approved(hub)
    refused = bench.rows(
        "SELECT entry FROM log_entry WHERE type = 'policy' AND outcome = 'refused' ORDER BY id"
    )
    assert [decode(row["entry"]).policy_hash == older for row in refused] == [False, True]
    assert decode(refused[0]["entry"]).details["approved"] == older
    approve_demo_policy(hub)
    require_approved(hub)
    assert standing(hub).approved == older
    assert bench.verify().ok


def test_decisions_of_an_earlier_policy_are_made_again_by_its_own_tables(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = other_policy()
    with installed(other, monkeypatch):
        approve_demo_policy(bench.hub)
        bench.refer()
        bench.deliver()
    bench.refer()
    bench.verify()
    outcome = replay_decisions(bench.hub)
    assert outcome.ok, outcome.found
    assert set(outcome.counts) == {Verdict.MATCHES}
    hashes = bench.rows(
        "SELECT DISTINCT convert_from(entry, 'UTF8')::jsonb->>'policy_hash' AS hash FROM log_entry"
        " WHERE type = 'decision'"
    )
    assert {row["hash"] for row in hashes} == {other.hash, policy.current_policy().hash}


def test_a_release_that_had_a_table_less_is_known_by_its_own_hash(bench: Bench) -> None:
    tables = {name: rows for name, rows in read_tables().items() if name != "notices"}
    older = policy_hash(tables, "the rules of then")
    texts = canonical(tables).decode(), "the rules of then"
    with bench.hub.database.working() as connection:
        store.keep(connection, older, texts=texts, at=bench.clock())
    found = known_policies(bench.hub)(older)
    assert found is not None
    assert (found.policy.hash, found.installed) == (older, False)
    assert found.policy.notices == policy.current_policy().notices


def test_a_kept_text_that_was_changed_is_not_the_policy_of_its_hash(bench: Bench) -> None:
    texts = canonical(other_tables()).decode(), rule_source()
    known = other_policy().hash
    with bench.hub.database.working() as connection:
        store.keep(connection, known, texts=texts, at=bench.clock())
    assert known_policies(bench.hub)(known) is not None
    bench.rows("UPDATE policy_version SET tables = replace(tables, '11', '12')")
    assert known_policies(bench.hub)(known) is None
    bench.rows("UPDATE policy_version SET tables = 'nonsense'")
    assert known_policies(bench.hub)(known) is None
    assert known_policies(bench.hub)("0" * 64) is None


@pytest.mark.parametrize("forgery", ["nobody proposed", "one person", "another policy"])
def test_an_approval_that_two_people_did_not_give_is_found_by_verifying(
    bench: Bench, forgery: str
) -> None:
    """Somebody appends an approval past the service, with everything else in order."""
    proposed = propose(bench.hub, bench.staff[FIRST])
    with bench.hub.database.working() as connection:
        newest = store.newest(connection, store.PROPOSED)
    assert newest is not None
    by = bench.staff[FIRST if forgery == "one person" else SECOND]
    event = Event(
        type=EntryType.POLICY,
        sender=by.agency_id,
        actor_agency=by.agency_id,
        actor_user=by.user_id,
        outcome="approved",
        policy_hash="ab" * 32 if forgery == "another policy" else proposed,
        details={} if forgery == "nobody proposed" else {"proposal": str(newest.id)},
    )
    with bench.hub.database.working() as connection:
        entry = prepare(event, bench.hub.keys, bench.clock())
        change.write(connection, change.Change([entry]))
    outcome = bench.verify()
    assert [problem.kind for problem in outcome.problems] == [Kind.POLICY]
    assert outcome.first_bad == bench.one("SELECT max(seq) FROM log_entry WHERE type = 'policy'")


def test_at_the_command_line_both_sign_in_with_password_and_code(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def opened() -> Iterator[Hub]:
        yield bench.hub

    monkeypatch.setattr(command, "open_hub", opened)
    password = "a long enough password"
    bench.rows("UPDATE staff_user SET password_hash = %s", bench.hub.passwords.hash(password))
    found = standing(bench.hub).installed

    def run(*words: str, code: str = "") -> str:
        typed = f"{password}\n{code}\n" if code else None
        return CliRunner().invoke(command.policy, list(words), input=typed).output

    assert "none yet" in run("show")
    assert "do not sign anybody in" in run("propose", "--as", FIRST, code="000000")
    assert found in run("propose", "--as", FIRST, code=demo_code(bench.hub, FIRST))
    done = run("approve", found, "--as", SECOND, code=demo_code(bench.hub, SECOND))
    assert "Approved." in done, done
    assert standing(bench.hub).may_decide
    assert bench.table("staff_session") == []
