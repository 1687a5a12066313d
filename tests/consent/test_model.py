"""The values of the law are frozen and say nothing about a person when they are printed."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from datetime import date

import pytest

from consent import model
from tests.consent import examples

ABOUT_A_PERSON = (
    examples.a_consent(),
    examples.a_person(date_of_birth=date(1950, 1, 2)),
    examples.a_request(),
    examples.the_facts(),
    examples.an_authority(),
    examples.an_incapacity(),
    examples.an_incapacity().best_interests,
    examples.a_child(),
    examples.an_override(),
)


@pytest.mark.parametrize("record", ABOUT_A_PERSON, ids=lambda record: type(record).__name__)
def test_printing_a_record_about_a_person_shows_none_of_it(record: object) -> None:
    assert repr(record) == f"<{type(record).__name__} redacted>"
    assert str(record) == repr(record)


def test_every_value_is_frozen_and_slotted() -> None:
    classes = [getattr(model, name) for name in model.__all__]
    values = [each for each in classes if isinstance(each, type) and is_dataclass(each)]
    assert len(values) >= 15
    for each in values:
        assert "__slots__" in vars(each)
        assert each.__dataclass_params__.frozen


def test_a_value_cannot_be_changed() -> None:
    for record in (*ABOUT_A_PERSON, examples.an_agreement(), examples.a_standing()):
        name = fields(record)[0].name
        with pytest.raises(FrozenInstanceError):
            setattr(record, name, "changed")


def test_the_model_offers_every_code_that_it_uses() -> None:
    for name in model.__all__:
        assert hasattr(model, name)
