"""Thousands of decisions are made again as their entries say, and whatever was changed is found."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import pytest

from consent.codes import DataClass
from consent.evidence.entry import Agencies, Entry, EntryType
from consent.inputs import Decided, Inputs, decide_on, read_inputs, write_inputs
from consent.policy import Policy, current_policy, load_policy, read_tables, rule_source
from referral_hub.audit.decisions import KnownPolicy, Verdict, recompute, said
from tests.second_engine.comparing import as_case
from tests.second_engine.rows import generated

CASES = 2_000
AN_ID = str(UUID(int=7))


def entry_of(decided: Decided, **changes: Any) -> Entry:
    """The entry that the hub would log."""
    request = decided.inputs.request
    says = said(decided.outcome, frozenset(code.value for code in request.classes))
    made = Entry(
        id=AN_ID,
        type=EntryType.DECISION,
        at=decided.inputs.at,
        agencies=Agencies(sender=request.sender_id, recipient=request.recipient_id),
        purpose=request.purpose.value,
        classes=says.classes,
        fields=says.fields,
        basis=says.basis,
        outcome=says.outcome,
        rules=says.rules,
        policy_hash=says.policy_hash,
        details={"stage": request.stage.value} | ({"reason": says.reason} if says.reason else {}),
    )
    return replace(made, **changes)


def decisions(count: int, seed: int = 3) -> list[tuple[Decided, Policy]]:
    """Generated decisions in UTC, between agencies whose names can stand in an entry."""
    cases = map(as_case, generated(seed))
    usable = (case for case in cases if case.at.utcoffset() is not None)
    made = []
    for case in islice(usable, count):
        request = replace(case.request, sender_id=case.request.sender_id.replace(" ", "-"))
        inputs = read_inputs(write_inputs(Inputs(request, case.facts, case.at)))
        made.append((decide_on(inputs, policy=case.policy), case.policy or current_policy()))
    return made


def test_two_thousand_generated_decisions_are_made_again_without_a_difference() -> None:
    verdicts: Counter[Verdict] = Counter()
    outcomes: Counter[str] = Counter()
    for decided, policy in decisions(CASES):
        entry = entry_of(decided)
        again = read_inputs(write_inputs(decided.inputs))
        verdict, message = recompute(entry, again, KnownPolicy(policy, installed=True))
        assert verdict is Verdict.MATCHES, message
        verdicts[verdict] += 1
        outcomes[entry.outcome or ""] += 1
    assert verdicts.total() == CASES
    assert min(outcomes[name] for name in ("permit", "hold", "refuse")) > CASES // 40


def permitted() -> Decided:
    return next(d for d, _ in decisions(400) if said(d.outcome, frozenset()).outcome == "permit")


INSTALLED = KnownPolicy(current_policy(), installed=True)


def changed_tables() -> Policy:
    """The tables with one field more in what a time bank is told at once."""
    tables = {name: dict(table) for name, table in read_tables().items()}
    for kind, row in tables["recipients"].items():
        if isinstance(row, dict):
            known = [field for field in row["offer"] if not field.startswith("access_needs")]
            tables["recipients"][kind] = {**row, "offer": known or row["offer"]}
    return load_policy(tables, rule_source())


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("a fact is taken away", {"agreements": (), "consent_events": (), "overrides": ()}),
        ("the person is not there", {"person": None}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_tampered_fact_is_found_with_both_outcomes(what: str, change: dict[str, Any]) -> None:
    decided = permitted()
    entry = entry_of(decided)
    facts = replace(decided.inputs.facts, **change)
    verdict, message = recompute(entry, replace(decided.inputs, facts=facts), INSTALLED)
    assert verdict is Verdict.DIFFERS, what
    assert message.startswith("the log says permit, made again it is ")
    assert "made again it is permit" not in message


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "refuse"},
        {"outcome": None},
        {"fields": ()},
        {"classes": tuple(sorted(DataClass))},
        {"basis": None},
        {"rules": ("R01",)},
        {"purpose": "safeguarding"},
        {"agencies": Agencies(sender="somebody-else")},
        {"details": {"stage": "elsewhere"}},
        {"details": {"reason": "no_agreement"}},
        {"policy_hash": "0" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_entry_that_says_something_else_is_found(change: dict[str, Any]) -> None:
    decided = permitted()
    verdict, message = recompute(entry_of(decided, **change), decided.inputs, INSTALLED)
    assert verdict is Verdict.DIFFERS
    assert message


@pytest.mark.parametrize("off", [timedelta(seconds=-1), timedelta(minutes=2)])
def test_a_decision_of_another_time_is_not_this_entrys(off: timedelta) -> None:
    decided = permitted()
    entry = entry_of(decided, at=decided.inputs.at + off)
    assert recompute(entry, decided.inputs, INSTALLED)[0] is Verdict.DIFFERS


@pytest.mark.parametrize(
    ("installed", "verdict"), [(True, Verdict.DIFFERS), (False, Verdict.OTHER_RULES)]
)
def test_a_table_that_was_changed_is_found_unless_the_rules_are_others(
    installed: bool, verdict: Verdict
) -> None:
    decided = permitted()
    other = changed_tables()
    assert other.hash != current_policy().hash
    entry = entry_of(decided)
    found, message = recompute(entry, decided.inputs, KnownPolicy(other, installed=installed))
    assert found is verdict
    assert "policy_hash" in message
