"""Ids are UUIDv7 that sort in the order in which they were made; references can be read out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from referral_hub.domain.ids import new_id, new_reference

PROPERTY = settings(max_examples=100, deadline=None)

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds and makes aware values


@PROPERTY
@given(INSTANTS)
def test_an_id_is_a_version_7_uuid_of_its_millisecond(at: datetime) -> None:
    made = new_id(at)
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert abs((made.int >> 80) - at.timestamp() * 1000) <= 1


@PROPERTY
@given(INSTANTS, st.integers(min_value=1, max_value=10**9))
def test_a_later_instant_gives_a_greater_id(at: datetime, microseconds: int) -> None:
    assert new_id(at) < new_id(at + timedelta(microseconds=microseconds + 1))


def test_ids_of_one_instant_sort_in_the_order_in_which_they_were_made() -> None:
    while (new_id(AT).int >> 50) & 0xFFF != 0xFFF:
        """Begin at the start of the counter, which wraps after 4,096."""
    made = [new_id(AT) for _ in range(2000)]
    assert made == sorted(made)


def test_ten_thousand_ids_of_one_instant_are_all_different() -> None:
    assert len({new_id(AT) for _ in range(10_000)}) == 10_000


def test_a_reference_has_no_vowel_and_no_letter_that_is_mistaken_for_a_digit() -> None:
    made = {new_reference() for _ in range(2000)}
    assert len(made) == 2000
    shape = re.compile(r"RH(-[23456789BCDFGHJKMNPQRSTVWXYZ]{4}){2}")
    assert all(shape.fullmatch(reference) for reference in made)
