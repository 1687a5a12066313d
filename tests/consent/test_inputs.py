"""What a decision was made from is written in one spelling and read back as it was."""

from dataclasses import replace
from datetime import UTC, timedelta, timezone
from itertools import islice

import pytest
from hypothesis import given

from consent.inputs import Inputs, decide_on, read_inputs, write_inputs
from consent.model import ConsentError, DisclosureRequest, Facts
from tests.consent import examples
from tests.consent.examples import NOON
from tests.consent.worlds import worlds
from tests.second_engine.comparing import as_case
from tests.second_engine.rows import generated

CASES = 1_000


@given(worlds())
def test_any_request_and_facts_are_read_back_as_they_were(
    world: tuple[DisclosureRequest, Facts],
) -> None:
    inputs = Inputs(*world, NOON)
    written = write_inputs(inputs)
    assert read_inputs(written) == inputs
    assert write_inputs(read_inputs(written)) == written


def test_a_thousand_generated_cases_are_decided_alike_from_what_was_written() -> None:
    for case in map(as_case, islice(generated(7), CASES)):
        first = decide_on(Inputs(case.request, case.facts, case.at), policy=case.policy)
        again = decide_on(read_inputs(write_inputs(first.inputs)), policy=case.policy)
        assert again.outcome == first.outcome, case.id


def test_another_order_of_a_set_or_another_zone_is_the_same_record() -> None:
    request, facts = examples.a_request(), examples.the_facts()
    london = NOON.astimezone(timezone(timedelta(hours=1)))
    other = replace(request, classes=frozenset(sorted(request.classes, reverse=True)))
    assert write_inputs(Inputs(request, facts, NOON)) == write_inputs(Inputs(other, facts, london))
    assert read_inputs(write_inputs(Inputs(request, facts, london))).at.tzinfo is UTC


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b'{"version":2}',
        b'{"at":"2026-07-01T12:00:00.000000+00:00","version":1}',
        b"\xff",
        b"[" * 100_000,
    ],
    ids=["empty", "no version", "a list", "other version", "cut", "not text", "deep"],
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(ConsentError):
        read_inputs(data)


def test_another_spelling_or_an_unknown_fact_is_refused() -> None:
    written = write_inputs(Inputs(examples.a_request(), examples.the_facts(), NOON))
    for other in (
        written.replace(b'"at"', b' "at"', 1),
        written.replace(b'"facts":{', b'"facts":{"mood":"good",', 1),
        written.replace(b'"active":true', b'"active":1', 1),
        written.replace(b'"support"', b'"gossip"', 1),
    ):
        assert other != written
        with pytest.raises(ConsentError):
            read_inputs(other)


def test_neither_shows_what_it_holds() -> None:
    decided = decide_on(Inputs(examples.a_request(), examples.the_facts(), NOON))
    assert repr(decided.inputs) == "<Inputs redacted>"
    assert repr(decided) == "<Decided redacted>"
