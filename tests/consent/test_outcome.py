"""A decision carries everything that is needed to act on it, to explain it and to make it again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from consent.codes import (
    Article6,
    Article9,
    Clearer,
    ConfidentialityBasis,
    DataClass,
    HoldReason,
    Obligation,
    Purpose,
    RefusalReason,
    RuleId,
    Stage,
)
from consent.decide import decide
from consent.model import Basis, Facts, Ground, Hold, Permit, Refuse
from consent.policy import current_policy
from tests.consent import examples
from tests.consent.examples import EVERYTHING, NOON, YEAR, a_consent, an_agreement, to_the_council

HOUR = timedelta(hours=1)
ORDINARY = frozenset({DataClass.NEED, DataClass.CONTACT})


def a_permit(facts: Facts | None = None, **changes: object) -> Permit:
    """Return the permit of the ordinary case, with changes to the request."""
    permit = decide(examples.a_request(**changes), facts or examples.the_facts(), NOON)
    assert isinstance(permit, Permit)
    return permit


def a_refusal(**changes: object) -> Refuse:
    """Return the refusal of the ordinary case, with changes to the facts."""
    refusal = decide(examples.a_request(), examples.the_facts(**changes), NOON)
    assert isinstance(refusal, Refuse)
    return refusal


def test_a_permit_says_what_may_go_on_which_basis_until_when_by_which_law() -> None:
    permit = a_permit(classes=frozenset({DataClass.NEED, DataClass.ACCESS_NEEDS}))
    basis = Basis(
        article6=Article6.PUBLIC_TASK,
        article9=Article9.HEALTH_OR_SOCIAL_CARE,
        confidentiality=ConfidentialityBasis.EXPLICIT_CONSENT,
        evidence={
            "public_task_reference": "ref-task",
            "consent_record": "consent",
            "professional_secrecy": "ref-secrecy",
        },
    )
    classes = frozenset({DataClass.NEED, DataClass.ACCESS_NEEDS})
    assert permit == Permit(
        classes=classes,
        fields=frozenset(
            {
                "need.needs",
                "need.help",
                "need.task_note",
                "access_needs.access",
                "access_needs.language",
            }
        ),
        basis=basis,
        cites=("agreement", "consent"),
        rules=tuple(rule for rule in RuleId if rule != RuleId.R15),
        obligations=(Obligation.NO_ONWARD_SHARING, Obligation.DELETE_IF_DECLINED),
        until=NOON + YEAR,
        policy_hash=current_policy().hash,
        grounds=(Ground(classes, basis, ("agreement", "consent"), NOON + YEAR),),
        withheld={},
    )


def test_a_basis_names_no_article_9_condition_where_no_special_category_goes() -> None:
    basis = a_permit(classes=ORDINARY).basis
    assert basis.article9 is None
    assert set(basis.evidence) == {"public_task_reference", "consent_record"}


def test_a_permit_on_one_of_several_kinds_of_evidence_names_the_one_there_is() -> None:
    agreement = an_agreement(
        article6=Article6.RECOGNISED_INTEREST, evidence={"crime_record": "ref-crime"}
    )
    permit = a_permit(examples.the_facts(agreements=(agreement,)), classes=ORDINARY)
    assert permit.basis.evidence == {"crime_record": "ref-crime", "consent_record": "consent"}


def test_evidence_beside_the_consent_counts_before_that_of_the_agreement() -> None:
    event = a_consent(evidence={"public_task_reference": "ref-own"})
    permit = a_permit(examples.the_facts(consent_events=(event,)), classes=ORDINARY)
    assert permit.basis.evidence["public_task_reference"] == "ref-own"


def test_the_widest_ground_comes_first_and_then_the_one_that_lasts_longest() -> None:
    narrow = a_consent(id="a-narrow", classes=frozenset({DataClass.NEED}))
    wide = a_consent(id="wide", classes=ORDINARY)
    permit = a_permit(examples.the_facts(consent_events=(narrow, wide)))
    assert [ground.cites for ground in permit.grounds] == [("agreement", "wide")]

    short = a_consent(id="a-short", valid_until=NOON + HOUR)
    long = a_consent(id="long", valid_until=NOON + 2 * HOUR)
    permit = a_permit(examples.the_facts(consent_events=(short, long)))
    assert permit.until == NOON + 2 * HOUR

    same = a_consent(id="a-first"), a_consent(id="b-second")
    for events in (same, same[::-1]):
        assert a_permit(examples.the_facts(consent_events=events)).cites == (
            "agreement",
            "b-second",
        )


def test_agreements_are_taken_in_the_order_of_their_ids() -> None:
    two = an_agreement(id="a-first"), an_agreement(id="b-second")
    for agreements in (two, two[::-1]):
        assert a_permit(examples.the_facts(agreements=agreements)).cites == ("a-first", "consent")


def test_grounds_that_add_up_are_all_listed_and_the_shortest_ends_the_permit() -> None:
    need = a_consent(id="need", classes=frozenset({DataClass.NEED}), valid_until=NOON + HOUR)
    rest = a_consent(id="rest", classes=EVERYTHING - {DataClass.NEED})
    permit = a_permit(examples.the_facts(consent_events=(need, rest)))
    assert [ground.cites for ground in permit.grounds] == [
        ("agreement", "rest"),
        ("agreement", "need"),
    ]
    assert permit.grounds[1].classes == {DataClass.NEED}
    assert permit.basis == permit.grounds[0].basis
    assert permit.until == NOON + HOUR
    assert permit.cites == ("agreement", "need", "rest")


@pytest.mark.parametrize(
    ("changes", "withheld"),
    [
        ({}, {}),
        (
            {"agreements": (an_agreement(recipient_id="council", classes=ORDINARY),)},
            dict.fromkeys(EVERYTHING - ORDINARY, RefusalReason.AGREEMENT_OTHER_CLASSES),
        ),
        (
            {"consent_events": (a_consent(recipients={"council"}, classes=ORDINARY),)},
            dict.fromkeys(EVERYTHING - ORDINARY, RefusalReason.CLASSES_NOT_COVERED),
        ),
        (
            {"agreements": (an_agreement(recipient_id="council", article9=None),)},
            dict.fromkeys(current_policy().special, RefusalReason.ARTICLE_9_MISSING),
        ),
        (
            {
                "agreements": (
                    an_agreement(recipient_id="council", evidence={"public_task_reference": "ref"}),
                )
            },
            dict.fromkeys(current_policy().special, RefusalReason.EVIDENCE_MISSING),
        ),
    ],
    ids=["nothing", "no agreement", "no consent", "no article 9", "no evidence"],
)
def test_a_permit_says_what_was_withheld_and_why(
    changes: dict[str, object], withheld: dict[DataClass, RefusalReason]
) -> None:
    request, facts = to_the_council(**changes)
    permit = decide(request, facts, NOON)
    assert isinstance(permit, Permit)
    assert permit.withheld == withheld
    assert (Obligation.SHOW_WHAT_WAS_WITHHELD in permit.obligations) == bool(withheld)


def test_what_a_recipient_may_never_know_is_not_counted_as_withheld_from_it() -> None:
    permit = a_permit()
    beyond = EVERYTHING - permit.classes
    assert permit.withheld == dict.fromkeys(beyond, RefusalReason.BEYOND_MINIMUM_SET)
    assert Obligation.SHOW_WHAT_WAS_WITHHELD not in permit.obligations


def test_a_fault_of_one_agreement_is_not_told_where_another_mends_it() -> None:
    request, facts = to_the_council()
    faulty = replace(facts.agreements[0], id="a-faulty", article9=None)
    permit = decide(request, replace(facts, agreements=(faulty, *facts.agreements)), NOON)
    assert isinstance(permit, Permit)
    assert permit.classes == EVERYTHING
    assert permit.withheld == {}


def test_an_offer_that_is_declined_must_be_deleted_and_an_accepted_one_may_be_kept() -> None:
    assert Obligation.DELETE_IF_DECLINED in a_permit(stage=Stage.OFFER).obligations
    assert Obligation.DELETE_IF_DECLINED not in a_permit(stage=Stage.ACCEPTED).obligations


def test_limits_on_contact_become_obligations() -> None:
    limited = examples.a_person(no_contact_by=frozenset({"phone"}))
    unsafe = examples.a_person(unsafe_to_contact=True)
    always = (Obligation.NO_ONWARD_SHARING, Obligation.DELETE_IF_DECLINED)
    assert a_permit(examples.the_facts(person=limited)).obligations == (
        *always,
        Obligation.HONOUR_CONTACT_LIMITS,
    )
    assert a_permit(examples.the_facts(person=unsafe)).obligations == (
        *always,
        Obligation.CONTACT_THROUGH_SENDER,
    )


def test_a_refusal_says_what_is_missing_how_to_put_it_right_and_who_can() -> None:
    assert a_refusal(agreements=()) == Refuse(
        reason=RefusalReason.NO_AGREEMENT,
        missing="There is no sharing agreement from your agency to this one.",
        fix="Ask your privacy officer to record the sharing agreement, or choose another agency.",
        clearer=Clearer.PRIVACY_OFFICER,
        rules=(RuleId.R01, RuleId.R15),
        cites=(),
        policy_hash=current_policy().hash,
        also=(),
        obligations=(Obligation.COUNT_AND_REVIEW,),
    )


def test_a_refusal_lists_what_else_stands_in_the_way() -> None:
    refusal = a_refusal(
        agreements=(),
        consent_events=(),
        person=examples.a_person(),
        child=examples.a_child(gillick_note_id=None),
    )
    assert refusal.reason == RefusalReason.NO_AGREEMENT
    assert refusal.also == (
        RefusalReason.NO_CONFIDENTIALITY_BASIS,
        HoldReason.CHILD_AUTHORITY_MISSING,
    )
    assert refusal.rules == (RuleId.R01, RuleId.R03, RuleId.R10, RuleId.R15)
    assert refusal.cites == ("child",)


def test_a_hold_says_what_it_waits_for_and_for_whom() -> None:
    disagreeing = examples.a_child(child_agrees=True, parent_agrees=False)
    undecided = examples.an_incapacity(best_interests=None)
    facts = examples.the_facts(child=disagreeing, capacity=undecided)
    assert decide(examples.a_request(), facts, NOON) == Hold(
        reason=HoldReason.BEST_INTERESTS_MISSING,
        missing="The person lacks capacity and no best-interests decision is recorded.",
        fix="Record who decided in the person's best interests, when and why.",
        clearer=Clearer.SENDER_AGENCY,
        rules=(RuleId.R09, RuleId.R10, RuleId.R15),
        cites=("capacity", "child"),
        policy_hash=current_policy().hash,
        also=(HoldReason.CHILD_AND_PARENT_DISAGREE,),
        obligations=(Obligation.COUNT_AND_REVIEW,),
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"agreements": (an_agreement(classes=frozenset({DataClass.HEALTH})),)},
            (
                "The sharing agreement with this agency does not cover: who they are, how to reach "
                "them, what they need help with, access and language needs."
            ),
        ),
        (
            {"agreements": (an_agreement(purposes=frozenset({Purpose.EMERGENCY})),)},
            "The sharing agreement with this agency is not for this purpose: support.",
        ),
        (
            {"agreements": (an_agreement(article6=Article6.RECOGNISED_INTEREST, evidence={}),)},
            (
                "The legal basis lacks its evidence: one of these: the request of the public body "
                "that needs it, attached; or the record that national security requires it; or the "
                "record of the emergency; or the record that it is needed to prevent or detect "
                "crime; or the record that it safeguards a vulnerable person."
            ),
        ),
        (
            {"consent_events": (a_consent(confidentiality=ConfidentialityBasis.COURT_ORDER),)},
            "The reason for sharing in confidence lacks its evidence: the court order.",
        ),
        (
            {"consent_events": None},
            "The rules could not be worked out for this request (TypeError).",
        ),
    ],
    ids=["classes", "purpose", "any evidence", "confidentiality", "error"],
)
def test_what_is_missing_is_said_exactly(changes: dict[str, object], sentence: str) -> None:
    assert a_refusal(**changes).missing == sentence


def test_all_the_evidence_that_is_missing_is_said_at_once() -> None:
    request, facts = to_the_council(
        agreements=(
            an_agreement(
                recipient_id="council",
                article9=Article9.SUBSTANTIAL_PUBLIC_INTEREST,
                evidence={"public_task_reference": "ref"},
            ),
        )
    )
    refusal = decide(replace(request, classes=frozenset({DataClass.HEALTH})), facts, NOON)
    assert isinstance(refusal, Refuse)
    assert refusal.missing == (
        "The legal basis lacks its evidence: the condition in Schedule 1 of the Data Protection "
        "Act 2018; and the appropriate policy document."
    )


def test_a_time_without_a_zone_is_refused_in_words() -> None:
    refusal = decide(examples.a_request(), examples.the_facts(), NOON.replace(tzinfo=None))
    assert isinstance(refusal, Refuse)
    assert refusal.missing == (
        "The rules could not be worked out for this request (the time has no time zone)."
    )
