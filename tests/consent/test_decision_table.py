"""Every row of the decision table is a requirement, and every code of the law has a row."""

import csv
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any

import pytest

from consent import codes
from consent.codes import Obligation, RuleId
from consent.decide import decide
from consent.model import Hold, Outcome, Permit, Refuse
from tests.consent.cases import TABLE, Case, read_cases

CASES = read_cases()


def test_the_table_has_at_least_eighty_rows_and_no_id_twice() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    assert len(ids) >= 80
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_decision_is_the_one_the_table_requires(case: Case) -> None:
    outcome = _decide(case)
    match outcome:
        case Permit():
            assert (case.outcome, case.permitted) == ("permit", outcome.classes)
            applied = case.rules or {rule for rule in RuleId if rule is not RuleId.R15}
            assert outcome.rules == tuple(rule for rule in RuleId if rule in applied)
            assert Obligation.COUNT_AND_REVIEW not in outcome.obligations
            assert set(outcome.withheld) == case.request.classes - outcome.classes
        case Hold() | Refuse():
            kind = type(outcome).__name__.lower()
            assert (case.outcome, case.reason) == (kind, outcome.reason)
            assert {*case.rules, RuleId.R15} == set(outcome.rules)
            assert case.also == outcome.also
            assert outcome.obligations == (Obligation.COUNT_AND_REVIEW,)
    assert outcome.cites == case.cites
    assert outcome.policy_hash == case.policy.hash


@pytest.mark.parametrize("number", range(1, 9))
def test_each_of_the_first_eight_rules_has_rows_that_refuse_and_rows_that_permit(
    number: int,
) -> None:
    rows = [case for case in CASES if case.id.startswith(f"R{number:02}")]
    assert {case.outcome for case in rows} == {"permit", "refuse"}


def test_what_is_said_is_whole_sentences_and_names_no_one() -> None:
    for case in CASES:
        outcome = _decide(case)
        if isinstance(outcome, Permit):
            continue
        for sentence in (outcome.missing, outcome.fix):
            assert sentence.endswith(".")
            assert not {"{", "}", "<"} & set(sentence)
            assert ": ." not in sentence


@pytest.mark.parametrize(
    "code",
    [
        member
        for name in vars(codes)
        if isinstance(kind := getattr(codes, name), type) and issubclass(kind, StrEnum)
        for member in kind
    ],
    ids=lambda member: f"{type(member).__name__}.{member}",
)
def test_every_code_appears_in_a_case_or_in_its_outcome(code: StrEnum) -> None:
    assert any(code is seen for seen in SEEN)


def _decide(case: Case) -> Outcome:
    return decide(case.request, case.facts, case.at, policy=case.policy)


def _codes_in(value: Any) -> Iterator[StrEnum]:
    """Yield every code that stands anywhere in a value."""
    if isinstance(value, StrEnum):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _codes_in(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from _codes_in((*value, *value.values()))
    elif isinstance(value, (tuple, frozenset)):
        for item in value:
            yield from _codes_in(item)


SEEN = [
    code
    for case in CASES
    for part in (case.request, case.facts, _decide(case))
    for code in _codes_in(part)
]
