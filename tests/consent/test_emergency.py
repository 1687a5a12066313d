"""Emergency access: what is a reason of substance, and what no override can open."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.codes import Article6, Article9, DataClass, EmergencyCause, Purpose, RefusalReason
from consent.decide import decide
from consent.emergency import weak_reason
from consent.model import ConsentError, Facts, Hold, Outcome, Permit, Refuse
from consent.policy import (
    DecidedBy,
    Policy,
    ReasonFault,
    current_policy,
    load_policy,
    rule_source,
)
from tests.consent import examples, worlds
from tests.consent.examples import NOON
from tests.consent.test_decide_properties import law
from tests.consent.test_policy import changed

TERMS = current_policy().emergency
REASONS = Path(__file__).parents[1] / "tables" / "reasons_of_substance.csv"


def _reasons() -> list[dict[str, str]]:
    with REASONS.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", _reasons(), ids=lambda row: row["id"])
def test_a_reason_is_one_of_substance_or_not_as_the_table_says(row: dict[str, str]) -> None:
    assert (weak_reason(row["reason"], TERMS) or "") == row["fault"]


def test_every_fault_has_a_row_and_says_how_to_fix_it() -> None:
    assert {row["fault"] for row in _reasons()} == {"", *ReasonFault}
    assert all(TERMS.says[fault].startswith("Reason must") for fault in ReasonFault)


@given(st.text(max_size=300), st.integers(1, 40))
def test_saying_the_same_more_often_never_makes_it_a_reason(text: str, times: int) -> None:
    once, again = weak_reason(text, TERMS), weak_reason(" ".join([text] * times), TERMS)
    if once is ReasonFault.TOO_FEW_WORDS:
        assert again is ReasonFault.TOO_FEW_WORDS
    if once is None:
        assert again is None


@given(
    worlds.worlds(),
    st.integers(-20, 20),
    st.integers(0, 40),
    st.booleans(),
    st.sampled_from(("coordinator", "council_officer", "referrer", "agency_admin")),
)
@law
def test_a_permit_in_an_emergency_has_an_override_in_time_unused_by_that_role(
    world: Any, opened: int, lasts: int, used: bool, role: str
) -> None:
    request, facts = world
    opened_at = NOON + timedelta(minutes=opened)
    override = examples.an_override(
        recipient_id=request.recipient_id,
        actor_role=role,
        opened_at=opened_at,
        closes_at=opened_at + timedelta(minutes=lasts),
        used_at=NOON if used else None,
    )
    request = replace(request, purpose=Purpose.EMERGENCY, actor_role=role)
    outcome = decide(request, replace(facts, overrides=(override,)), NOON)
    if not isinstance(outcome, Permit):
        return
    assert not used
    assert role in TERMS.roles
    assert lasts <= TERMS.minutes
    assert override.opened_at <= NOON < override.closes_at == outcome.until
    person = facts.person
    assert request.recipient_id not in person.never_share_with | person.conflicts
    assert not person.deceased
    assert "override" in outcome.cites
    minimum = current_policy().minimum[request.recipient_type, request.stage]
    assert outcome.classes == request.classes & minimum.classes
    without = decide(request, facts, NOON)
    assert not isinstance(without, Permit)


def test_an_order_of_overrides_or_a_double_changes_nothing() -> None:
    request = examples.a_request(purpose=Purpose.EMERGENCY, actor_role="coordinator")
    one = examples.an_override()
    used = examples.an_override(id="used", used_at=NOON)
    outcomes = [
        decide(request, replace(examples.the_facts(), overrides=overrides), NOON)
        for overrides in ((one, used), (used, one), (one, one, used))
    ]
    assert isinstance(outcomes[0], Permit)
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_where_the_table_leaves_emergencies_to_a_person_no_override_opens_anything() -> None:
    policy = replace(
        current_policy(),
        decided_by={**current_policy().decided_by, Purpose.EMERGENCY: DecidedBy.PERSON},
    )
    request = examples.a_request(purpose=Purpose.EMERGENCY, actor_role="coordinator")
    facts = replace(examples.the_facts(), overrides=(examples.an_override(),))
    assert isinstance(decide(request, facts, NOON, policy=policy), Hold)


@pytest.mark.parametrize("missing", ["schedule_1_condition", "appropriate_policy_document"])
def test_a_footing_whose_standing_evidence_is_missing_permits_nothing(missing: str) -> None:
    tables = changed("purposes", "emergency", "evidence", missing)
    policy = load_policy(tables, rule_source())
    request = examples.a_request(purpose=Purpose.EMERGENCY, actor_role="coordinator")
    facts = replace(examples.the_facts(), overrides=(examples.an_override(),))
    outcome = decide(request, facts, NOON, policy=policy)
    assert outcome.reason == "evidence_missing"  # type: ignore[union-attr]  # a permit has none
    with pytest.raises(ConsentError, match=r"emergency\.evidence"):
        load_policy(changed("purposes", "emergency", "evidence", "hearsay", to="x"), rule_source())


@pytest.mark.parametrize("turned", [False, True])
def test_one_id_with_two_contents_is_a_fault_in_the_record_in_either_order(turned: bool) -> None:
    fresh, used = examples.an_override(), examples.an_override(used_at=NOON)
    request = examples.a_request(purpose=Purpose.EMERGENCY, actor_role="coordinator")
    facts = examples.the_facts(overrides=(used, fresh) if turned else (fresh, used))
    outcome = decide(request, facts, NOON)
    assert isinstance(outcome, Refuse)
    assert outcome.reason is RefusalReason.NOT_DECIDABLE


WORDS = ("fire", "flood", "fall", "ice", "gas", "smoke", "knee", "bleeding", "confusion")


def _long(words: tuple[str, ...]) -> str:
    """These words and as many full stops as it takes to be long enough."""
    text = " ".join(words)
    return text + "." * max(0, TERMS.shortest - len(text))


def test_the_shortest_reason_and_the_fewest_words_are_enough_and_one_less_is_not() -> None:
    enough = _long(WORDS[: TERMS.words])
    assert len(enough) == TERMS.shortest
    assert weak_reason(enough, TERMS) is None
    assert weak_reason(enough[:-1], TERMS) is ReasonFault.TOO_SHORT
    assert weak_reason(_long(WORDS[: TERMS.words - 1]), TERMS) is ReasonFault.TOO_FEW_WORDS


@pytest.mark.parametrize(
    ("word", "counts"),
    [
        ("a", True),
        ("i", True),
        ("b", False),
        ("o", False),
        ("eee", False),
        ("ox", True),
        ("né", True),
    ],
)
def test_what_counts_as_the_last_word_that_is_needed(word: str, counts: bool) -> None:
    fault = weak_reason(_long((*WORDS[: TERMS.words - 1], word)), TERMS)
    assert fault is (None if counts else ReasonFault.TOO_FEW_WORDS)


def test_what_stands_between_words_is_no_part_of_them() -> None:
    once = "fire, fire; fire! (fire) fire? fire: fire. fire/fire-fire"
    assert weak_reason(once, TERMS) is ReasonFault.TOO_FEW_WORDS


def _in_an_emergency(facts: Facts, *classes: DataClass, policy: Policy | None = None) -> Outcome:
    request = examples.a_request(
        purpose=Purpose.EMERGENCY, actor_role="coordinator", classes=frozenset(classes)
    )
    return decide(request, facts, NOON, policy=policy)


def test_ordinary_information_stands_on_no_condition_for_special_data() -> None:
    facts = examples.the_facts(overrides=(examples.an_override(),))
    ordinary = _in_an_emergency(facts, DataClass.IDENTITY)
    assert isinstance(ordinary, Permit)
    assert ordinary.basis.article9 is None
    assert "schedule_1_condition" not in ordinary.basis.evidence
    special = _in_an_emergency(facts, DataClass.IDENTITY, DataClass.ACCESS_NEEDS)
    assert isinstance(special, Permit)
    assert special.basis.article9 is Article9.SUBSTANTIAL_PUBLIC_INTEREST


def test_where_the_person_was_assessed_the_assessment_is_the_evidence() -> None:
    override = examples.an_override(cause=EmergencyCause.LIFE_AT_RISK)
    for capacity, evidence in ((examples.an_incapacity(), "capacity"), (None, override.id)):
        facts = examples.the_facts(overrides=(override,), capacity=capacity)
        outcome = _in_an_emergency(facts, DataClass.ACCESS_NEEDS)
        assert isinstance(outcome, Permit)
        assert outcome.basis.evidence["incapacity_record"] == evidence


@pytest.mark.parametrize("article", ["article6", "article9"])
def test_one_half_of_vital_interests_is_claiming_them(article: str) -> None:
    vital = {"article6": Article6.VITAL_INTERESTS, "article9": Article9.VITAL_INTERESTS}
    cause = EmergencyCause.OTHERS_AT_RISK
    footing = replace(TERMS.causes[cause], **{article: vital[article]})
    terms = replace(TERMS, causes={**TERMS.causes, cause: footing})
    able = examples.an_incapacity(lacks_capacity=False, best_interests=None)
    facts = examples.the_facts(overrides=(examples.an_override(),), capacity=able)
    outcome = _in_an_emergency(
        facts, DataClass.IDENTITY, policy=replace(current_policy(), emergency=terms)
    )
    assert isinstance(outcome, Refuse)
    assert outcome.reason is RefusalReason.ABLE_TO_CONSENT
