"""The values of the law are frozen and say nothing about a person when they are printed."""

from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from consent import model
from tests.consent import examples
from tests.consent.examples import NOON

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

INSTANTS = (
    (examples.a_consent(), ("valid_from", "valid_until", "recorded_at")),
    (examples.an_agreement(), ("valid_from", "valid_until")),
    (examples.an_authority(), ("valid_from", "valid_until")),
    (examples.an_incapacity().best_interests, ("decided_at",)),
    (examples.an_incapacity(), ("assessed_at",)),
    (examples.a_concern(), ("raised_at",)),
    (examples.an_override(), ("opened_at", "closes_at", "used_at")),
    (examples.a_standing(), ("joined_at",)),
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


def test_every_record_of_a_fact_that_has_instants_is_among_those_tested() -> None:
    values = [getattr(model, name) for name in model.__all__]
    timed = {each.__name__ for each in values if hasattr(each, "__post_init__")}
    assert timed == {type(record).__name__ for record, _ in INSTANTS}
    for record, names in INSTANTS:
        assert is_dataclass(record)
        assert names == tuple(one.name for one in fields(record) if "datetime" in str(one.type))


@pytest.mark.usefixtures("far_from_greenwich")
@pytest.mark.parametrize(
    ("record", "name"),
    [(record, name) for record, names in INSTANTS for name in names],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_each_instant_is_kept_in_utc_and_refused_without_a_zone(record: Any, name: str) -> None:
    summer = datetime(2026, 7, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    kept = getattr(replace(record, **{name: summer}), name)
    assert kept == NOON
    assert kept.tzinfo is UTC
    with pytest.raises(model.ConsentError) as refused:
        replace(record, **{name: datetime(2026, 7, 1, 12)})  # noqa: DTZ001 - the point of it
    words = f"{type(record).__name__}.{name} needs a time zone: pass UTC"
    assert str(refused.value) == words
