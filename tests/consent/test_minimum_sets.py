"""No consent, however wide, tells a recipient more than its kind may know at that stage."""

import csv
from pathlib import Path

import pytest

from consent.codes import DataClass, RecipientType, Stage
from consent.decide import decide
from consent.model import Permit
from consent.policy import current_policy
from tests.consent import examples
from tests.consent.examples import NOON

TABLE = Path(__file__).parents[1] / "tables" / "consent_minimum_sets.csv"
EXPECTED = {
    (row["field"], RecipientType(kind)): told
    for row in csv.DictReader(TABLE.read_text("utf-8").splitlines())
    for kind, told in row.items()
    if kind != "field"
}


def the_widest_permit(kind: RecipientType, stage: Stage) -> Permit:
    """Return what goes when everything was asked, agreed and consented to."""
    request = examples.a_request(recipient_id=kind, recipient_type=kind, stage=stage)
    facts = examples.the_facts(
        consent_events=(examples.a_consent(recipients=frozenset({kind})),),
        agreements=(examples.an_agreement(recipient_id=kind),),
        recipient=examples.a_standing(agency_id=kind, type=kind),
    )
    permit = decide(request, facts, NOON)
    assert isinstance(permit, Permit)
    return permit


def test_the_table_speaks_of_every_field_and_every_kind_of_recipient() -> None:
    catalogue = {field for known in current_policy().fields.values() for field in known}
    assert {field for field, _ in EXPECTED} == catalogue
    assert {kind for _, kind in EXPECTED} == set(RecipientType)
    assert set(EXPECTED.values()) == {"offer", "accepted", "never"}


@pytest.mark.parametrize("kind", RecipientType)
def test_each_kind_of_recipient_is_told_exactly_its_fields_at_each_stage(
    kind: RecipientType,
) -> None:
    at_offer = {field for (field, of), told in EXPECTED.items() if of == kind and told == "offer"}
    never = {field for (field, of), told in EXPECTED.items() if of == kind and told == "never"}
    everything = {field for field, _ in EXPECTED}
    assert the_widest_permit(kind, Stage.OFFER).fields == at_offer
    assert the_widest_permit(kind, Stage.ACCEPTED).fields == everything - never


@pytest.mark.parametrize("kind", RecipientType)
def test_accepting_never_shows_less_than_the_offer_did(kind: RecipientType) -> None:
    offer, accepted = (the_widest_permit(kind, stage) for stage in Stage)
    assert offer.fields <= accepted.fields


@pytest.mark.parametrize("stage", Stage)
def test_a_time_bank_never_gets_a_diagnosis_or_an_nhs_number(stage: Stage) -> None:
    permit = the_widest_permit(RecipientType.TIME_BANK, stage)
    assert DataClass.HEALTH not in permit.classes
    assert not any(field.startswith("health.") for field in permit.fields)
    assert "identity.nhs_number" not in permit.fields


def test_a_council_is_told_everything_that_was_consented_to() -> None:
    catalogue = {field for known in current_policy().fields.values() for field in known}
    assert the_widest_permit(RecipientType.COUNCIL, Stage.OFFER).fields == catalogue


@pytest.mark.parametrize("kind", RecipientType)
@pytest.mark.parametrize("data_class", DataClass)
def test_a_permit_holds_the_fields_of_its_classes_only(
    kind: RecipientType, data_class: DataClass
) -> None:
    allowed = current_policy().minimum[kind, Stage.ACCEPTED].fields.get(data_class, frozenset())
    widest = the_widest_permit(kind, Stage.ACCEPTED)
    assert {field for field in widest.fields if field.split(".")[0] == data_class} == allowed
