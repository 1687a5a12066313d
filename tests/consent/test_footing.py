"""What stands in for consent in an emergency and for a concern: which record, and its evidence."""

from dataclasses import replace
from datetime import timedelta

import pytest

from consent.codes import (
    Article6,
    Article9,
    ConfidentialityBasis,
    DataClass,
    Obligation,
    Purpose,
    RefusalReason,
    RuleId,
)
from consent.decide import decide
from consent.footing import Record, lay_ground, present
from consent.ledger import fold
from consent.model import Basis, Concern, Ground, Override, Permit
from consent.policy import EvidenceNeeded, current_policy
from consent.worksheet import Refusal, Sheet
from tests.consent import examples
from tests.consent.examples import NOON, a_concern, an_override

SPECIAL = frozenset({DataClass.IDENTITY, DataClass.ACCESS_NEEDS})
POLICY = current_policy()
WORDS = POLICY.evidence_words
MINUTE = timedelta(minutes=1)


def a_sheet(wanted: frozenset[DataClass] = SPECIAL) -> Sheet:
    request, facts = examples.a_request(), examples.the_facts()
    assert facts.person is not None
    assert facts.recipient is not None
    return Sheet(
        request=request,
        facts=facts,
        at=NOON,
        policy=POLICY,
        person=facts.person,
        recipient=facts.recipient,
        ledger=fold((), request.subject_id, NOON),
        minimum=POLICY.minimum[request.recipient_type, request.stage],
        wanted=wanted,
    )


def in_an_emergency(*overrides: Override, wanted: frozenset[DataClass] = SPECIAL) -> Permit:
    request = examples.a_request(
        purpose=Purpose.EMERGENCY, actor_role="coordinator", classes=wanted
    )
    outcome = decide(request, examples.the_facts(overrides=overrides), NOON)
    assert isinstance(outcome, Permit)
    return outcome


def for_a_concern(*concerns: Concern) -> Permit:
    request, facts = examples.to_the_council(concerns=concerns)
    request = replace(request, purpose=Purpose.SAFEGUARDING, classes=SPECIAL)
    outcome = decide(request, facts, NOON)
    assert isinstance(outcome, Permit)
    return outcome


def test_an_emergency_stands_on_the_footing_of_its_cause_with_all_its_evidence() -> None:
    permit = in_an_emergency(an_override())
    basis = Basis(
        Article6.RECOGNISED_INTEREST,
        Article9.SUBSTANTIAL_PUBLIC_INTEREST,
        ConfidentialityBasis.PUBLIC_INTEREST,
        {
            "emergency_record": "override",
            "public_interest_assessment": "reasons",
            "schedule_1_condition": "dpa-2018-schedule-1-paragraph-18",
            "appropriate_policy_document": "emergency-access-policy",
        },
    )
    assert permit.grounds == (Ground(SPECIAL, basis, ("override",), an_override().closes_at),)
    assert permit.obligations == (
        Obligation.NO_ONWARD_SHARING,
        Obligation.DELETE_IF_DECLINED,
        Obligation.ALERT_PRIVACY_OFFICER,
        Obligation.REVIEW_BY_SOMEONE_ELSE,
    )


def test_a_concern_stands_on_the_footing_of_the_table_for_as_long_as_the_table_says() -> None:
    permit = for_a_concern(a_concern())
    basis = Basis(
        Article6.RECOGNISED_INTEREST,
        Article9.SUBSTANTIAL_PUBLIC_INTEREST,
        ConfidentialityBasis.PUBLIC_INTEREST,
        {
            "safeguarding_record": "concern",
            "public_interest_assessment": "reasons",
            "schedule_1_condition": "dpa-2018-schedule-1-paragraph-18",
            "appropriate_policy_document": "safeguarding-policy",
        },
    )
    until = a_concern().raised_at + timedelta(days=POLICY.safeguarding.days)
    assert permit.grounds == (Ground(SPECIAL, basis, ("concern",), until),)


def test_the_override_that_lasts_longest_carries_it_and_of_two_the_last_by_id() -> None:
    long, short = an_override(id="a-long"), an_override(id="b", closes_at=NOON + MINUTE)
    for overrides in ((long, short), (short, long)):
        assert in_an_emergency(*overrides).cites == ("a-long",)
    other = an_override(id="b-long")
    for overrides in ((long, other), (other, long)):
        assert in_an_emergency(*overrides).cites == ("b-long",)


def test_the_concern_that_was_raised_last_carries_it_and_of_two_the_last_by_id() -> None:
    late = a_concern(id="a-late")
    early = a_concern(id="b", raised_at=late.raised_at - MINUTE)
    for concerns in ((late, early), (early, late)):
        assert for_a_concern(*concerns).cites == ("a-late",)
    other = a_concern(id="b-late")
    for concerns in ((late, other), (other, late)):
        assert for_a_concern(*concerns).cites == ("b-late",)


ONE_OF = "; or ".join(WORDS[code] for code in POLICY.article6[Article6.RECOGNISED_INTEREST].any_of)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ({}, f"one of these: {ONE_OF}"),
        ({"crime_record": " "}, f"one of these: {ONE_OF}"),
        ({"crime_record": "ref"}, WORDS["public_interest_assessment"]),
        (
            {"crime_record": "ref", "public_interest_assessment": "ref"},
            f"{WORDS['schedule_1_condition']}; and {WORDS['appropriate_policy_document']}",
        ),
    ],
)
def test_a_footing_without_its_evidence_says_what_is_missing(
    evidence: dict[str, str], words: str
) -> None:
    sheet = a_sheet()
    refusal = lay_ground(sheet, POLICY.safeguarding.footing, Record("record", NOON, evidence))
    reason = RefusalReason.EVIDENCE_MISSING
    assert refusal == Refusal(RuleId.R02, reason, ("record",), SPECIAL, words)
    assert not sheet.grounds


def test_evidence_is_named_without_the_blanks_around_it_and_only_where_it_is_there() -> None:
    found = {"statute_reference": " ref ", "crime_record": " ", "stated_request": "asked"}
    needed = EvidenceNeeded(("statute_reference",), ("crime_record", "stated_request"))
    find = Record("record", NOON, found).find
    assert present([needed], find) == {"statute_reference": "ref", "stated_request": "asked"}
