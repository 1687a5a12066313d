"""The hub's rules and Cedar policies, written apart from one text, never disagree."""

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

import cedarpy
import pytest

from consent.codes import DataClass, RecipientType, RuleId, Stage
from consent.decide import decide
from consent.model import Permit
from consent.policy import Policy, current_policy
from tests.consent import cases, examples
from tests.second_engine.cedar import SecondEngine, policy_text, schema_text
from tests.second_engine.comparing import Comparison, Tally, as_case, compare
from tests.second_engine.rows import COLUMNS, Row, generated

KEPT = Path(__file__).parents[1] / "tables" / "second_engine_cases.csv"
CASES = 5_000
SEED = 1
# A rule proves nothing where it made no difference: "some dozens" of cases turn on it alone.
ENOUGH = 36


@pytest.fixture(scope="module")
def second() -> SecondEngine:
    return SecondEngine()


@pytest.fixture(scope="module")
def tally() -> Tally:
    return compare(SEED, CASES)


def kept() -> list[dict[str, str]]:
    with KEPT.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_five_thousand_generated_cases_are_decided_alike(tally: Tally) -> None:
    assert tally.cases == CASES
    assert not tally.disagreements


def test_enough_cases_turn_on_each_rule(tally: Tally) -> None:
    rules = set(RuleId) - {RuleId.R15}
    assert not {rule: n for rule in rules if (n := tally.alone[rule]) < ENOUGH}


def test_every_forbidding_policy_made_the_difference_somewhere(tally: Tally) -> None:
    policies = json.loads(cedarpy.policies_to_json_str(policy_text()))["staticPolicies"].values()
    forbidding = {one["annotations"]["id"] for one in policies if one["effect"] == "forbid"}
    assert forbidding == {policy for policy in tally.alone if len(policy) > len("R00")}


def test_permits_refusals_holds_and_emergencies_all_come_up(tally: Tally) -> None:
    for outcome in ("Permit", "Refuse", "Hold", "emergency permit"):
        assert tally.outcomes[outcome] >= CASES / 50, outcome


def test_the_policies_are_valid_under_their_schema() -> None:
    result = cedarpy.validate_policies(policy_text(), schema_text())
    assert result.validation_passed, [str(error) for error in result.errors]


def test_the_translation_keeps_to_the_schema(second: SecondEngine) -> None:
    for row in islice(generated(2), 60):
        case = as_case(row)
        if case.at.tzinfo is not None:
            entities = second.translate(case.request, case.facts, case.at).entities
            cedarpy.Entities.from_json_str(entities, schema_text())


@pytest.mark.parametrize("row", kept(), ids=lambda row: row["id"])
def test_what_was_disagreed_about_stays_settled(second: SecondEngine, row: dict[str, str]) -> None:
    told: Row = {column: row[column] for column in COLUMNS}
    case = as_case(told)
    expected = frozenset(map(DataClass, row["permitted"].split()))
    assert Comparison(second).difference(told, Tally()) is None
    assert second.decide(case.request, case.facts, case.at).permitted == expected


def test_the_decision_table_is_decided_alike(second: SecondEngine) -> None:
    for case in cases.read_cases():
        if case.policy == current_policy():
            verdict = second.decide(case.request, case.facts, case.at)
            assert verdict.permitted == case.permitted, case.id


@pytest.mark.parametrize(("kind", "stage"), list(product(RecipientType, Stage)))
def test_the_minimum_sets_are_the_same_field_by_field(
    second: SecondEngine, kind: RecipientType, stage: Stage
) -> None:
    request = examples.a_request(recipient_id=kind, recipient_type=kind, stage=stage)
    facts = examples.the_facts(
        consent_events=(examples.a_consent(recipients=frozenset({kind})),),
        agreements=(examples.an_agreement(recipient_id=kind),),
        recipient=examples.a_standing(agency_id=kind, type=kind),
    )
    outcome = decide(request, facts, examples.NOON)
    assert isinstance(outcome, Permit)
    assert outcome.fields == second.minimum[kind, stage]


WRONG_POLICIES = {
    "a consent lasts a second too long": (
        "context.consent.until <= context.question.at",
        "context.consent.until < context.question.at",
    ),
    "a withdrawal in part is overlooked": ("context.other.classes.contains(resource)", "false"),
    "an override may be used twice": ("context.override.used", "false"),
}


@pytest.mark.parametrize("wrong", WRONG_POLICIES)
def test_a_wrong_policy_planted_in_cedar_is_found(wrong: str) -> None:
    right, planted = WRONG_POLICIES[wrong]
    assert right in policy_text()
    found = Comparison(SecondEngine(policy_text().replace(right, planted))).first(_cases())
    assert found is not None


def wrong_laws() -> dict[str, Policy]:
    law = current_policy()
    return {
        "nothing is special": replace(law, special=frozenset()),
        "adults from fifteen": replace(law, child_until=15),
        "a concern may go anywhere": replace(law, safeguarding_route=frozenset(RecipientType)),
    }


@pytest.mark.parametrize("wrong", wrong_laws())
def test_a_wrong_rule_planted_in_the_hub_is_found_and_made_small(
    second: SecondEngine, wrong: str
) -> None:
    comparison = Comparison(second, wrong_laws()[wrong])
    found = comparison.first(_cases())
    assert found is not None
    least = comparison.least(found[1])
    assert comparison.difference(least, Tally()) is not None
    assert least["changes"].count(";") <= 1, least


def _cases() -> Iterator[Row]:
    return islice(generated(SEED), CASES)
