"""What a decision was made from is written in one spelling and read back as it was."""

from collections import UserDict
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from consent.codes import DataClass, GivenBy, Purpose, RefusalReason
from consent.decide import decide
from consent.inputs import _MOST_KEPT, Inputs, _kept, decide_on, read_inputs, write_inputs
from consent.model import ConsentError, DisclosureRequest, Facts, Permit, Refuse
from consent.policy import current_policy
from tests.consent import examples
from tests.consent.examples import DAY, NOON
from tests.consent.worlds import worlds
from tests.second_engine.comparing import as_case
from tests.second_engine.rows import generated

CASES = 1_000
GOLDEN = Path(__file__).parent / "golden" / "inputs.jsonl"
NO_RECORD = "inputs: not a record of what a decision was made from"
OTHER_VERSION = "inputs: of a version that this release does not read"
OTHER_SPELLING = "inputs: not in the one spelling that they are written in"


def an_ordinary_case() -> Inputs:
    """Nothing is known but what must be."""
    return Inputs(examples.a_request(), examples.the_facts(), NOON)


def a_case_with_every_fact() -> Inputs:
    """Every field of every kind of record is written: none has its default throughout."""
    two = frozenset({DataClass.NEED, DataClass.HEALTH})
    consent = examples.a_consent(
        classes=two,
        recipients=frozenset({"time_bank", "library"}),
        given_by=GivenBy.ATTORNEY,
        proxy_id="authority",
        supersedes="earlier",
        evidence={"statute_reference": "§ 75", "court_order_reference": "order"},
        own_words="0" * 64,
    )
    facts = examples.the_facts(
        consent_events=(consent, examples.an_ending(purpose=Purpose.SAFEGUARDING)),
        agreements=(examples.an_agreement(classes=two, evidence={"stated_request": "y"}),),
        person=examples.a_person(
            never_share_with=frozenset({"b", "a"}),
            conflicts=frozenset({"c"}),
            deceased=True,
            date_of_birth=date(1950, 1, 2),
            no_contact_by=frozenset({"phone"}),
            unsafe_to_contact=True,
        ),
        overrides=(examples.an_override(used_at=NOON),),
        capacity=examples.an_incapacity(),
        child=examples.a_child(
            parental_responsibility_id="order",
            child_agrees=False,
            parent_agrees=True,
            decision_id="decision",
            share=True,
        ),
        proxies=(examples.an_authority(flagged=True),),
        concerns=(examples.a_concern(),),
    )
    return Inputs(examples.a_request(classes=two, safeguarding=True), facts, NOON + DAY / 7)


def records(value: Any) -> Iterator[Any]:
    """Every record that a value is made of."""
    if is_dataclass(value):
        yield value
        for one in fields(value):
            yield from records(getattr(value, one.name))
    elif isinstance(value, tuple):
        for one in value:
            yield from records(one)


def test_what_was_written_once_is_written_and_read_alike_in_every_release() -> None:
    everything, ordinary = GOLDEN.read_bytes().splitlines()
    assert write_inputs(a_case_with_every_fact()) == everything
    assert write_inputs(an_ordinary_case()) == ordinary
    assert read_inputs(everything) == a_case_with_every_fact()
    assert read_inputs(ordinary) == an_ordinary_case()


def test_the_case_with_every_fact_leaves_none_out() -> None:
    written = GOLDEN.read_bytes().splitlines()[0].decode("ascii")
    for record in records(a_case_with_every_fact()):
        for one in fields(record):
            assert f'"{one.name}":' in written


def test_deciding_keeps_what_it_was_decided_from() -> None:
    inputs = an_ordinary_case()
    decided = decide_on(inputs)
    assert decided.inputs is inputs
    assert decided.outcome == decide(inputs.request, inputs.facts, NOON)
    assert isinstance(decided.outcome, Permit)


def test_another_instant_or_another_policy_decides_otherwise() -> None:
    inputs = an_ordinary_case()
    later = decide_on(replace(inputs, at=NOON + 3 * examples.YEAR)).outcome
    assert isinstance(later, Refuse)
    assert later.reason is RefusalReason.AGREEMENT_OUT_OF_DATE
    elsewhere = decide_on(inputs, policy=replace(current_policy(), notices=frozenset())).outcome
    assert isinstance(elsewhere, Refuse)


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


@pytest.mark.usefixtures("far_from_greenwich")
def test_another_order_of_a_set_or_another_zone_is_the_same_record() -> None:
    request, facts = examples.a_request(), examples.the_facts()
    london = NOON.astimezone(timezone(timedelta(hours=1)))
    other = replace(request, classes=frozenset(sorted(request.classes, reverse=True)))
    assert write_inputs(Inputs(request, facts, NOON)) == write_inputs(Inputs(other, facts, london))
    assert read_inputs(write_inputs(Inputs(request, facts, london))).at.tzinfo is UTC


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", NO_RECORD),
        (b"{}", NO_RECORD),
        (b"[]", NO_RECORD),
        (b"1", NO_RECORD),
        (b'{"version":2}', OTHER_VERSION),
        (b'{"at":"2026-07-01T12:00:00.000000+00:00","version":1}', NO_RECORD),
        (b"\xff", NO_RECORD),
        (b"[" * 100_000, NO_RECORD),
    ],
    ids=["empty", "no version", "a list", "a number", "other version", "cut", "not text", "deep"],
)
def test_what_is_no_record_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ConsentError) as refused:
        read_inputs(data)
    assert str(refused.value) == words


@pytest.mark.parametrize(
    ("this", "that", "words"),
    [
        ('"at"', ' "at"', OTHER_SPELLING),
        ("+00:00", "Z", OTHER_SPELLING),
        ('"need","risk"', '"risk","need"', OTHER_SPELLING),
        ('"facts":{', '"facts":{"overrides":[],', OTHER_SPELLING),
        ('"facts":{', '"facts":{"mood":"good",', NO_RECORD),
        ('"support"', '"gossip"', NO_RECORD),
        ("2026-07-01", "2026-07-32", NO_RECORD),
        ('"active":true', '"active":1', "inputs: bool expected"),
        ('"channel":"inbox"', '"channel":7', "inputs: str expected"),
        ('"classes":[', '"classes":"need","recipients":[', "inputs: list expected"),
        ('"agreements":[', '"agreements":{},"consent_events":[', "inputs: list expected"),
    ],
)
def test_another_spelling_or_an_unknown_fact_is_refused(this: str, that: str, words: str) -> None:
    written = write_inputs(an_ordinary_case()).decode("ascii")
    assert this in written
    with pytest.raises(ConsentError) as refused:
        read_inputs(written.replace(this, that, 1).encode("ascii"))
    assert str(refused.value) == words


class Watched(UserDict[str, str]):
    """Evidence that counts how often it is written."""

    times = 0

    def keys(self) -> Any:
        self.times += 1
        return super().keys()


def test_what_agencies_agreed_is_written_once_for_as_long_as_it_lasts() -> None:
    evidence = Watched({"stated_request": "letter"})
    agreement = examples.an_agreement(evidence=evidence)
    inputs = Inputs(examples.a_request(), examples.the_facts(agreements=(agreement,)), NOON)
    assert write_inputs(inputs) == write_inputs(inputs)
    assert evidence.times == 1
    same = replace(agreement)  # equal, and yet another: it is known by being the same object
    facts = examples.the_facts(agreements=(same,))
    assert write_inputs(Inputs(inputs.request, facts, NOON)) == write_inputs(inputs)
    assert evidence.times == 2


def test_only_so_many_are_kept() -> None:
    written: list[object] = []

    def write(value: object) -> str:
        written.append(value)
        return str(value)

    recall = _kept(write)
    values = [[number] for number in range(_MOST_KEPT)]
    assert [recall(value) for value in values * 2] == [str(value) for value in values * 2]
    assert written == values
    one_more = [_MOST_KEPT]
    assert [recall(one_more), recall(values[0])] == [str(one_more), "[0]"]
    assert written == [*values, one_more, values[0]]


def test_neither_shows_what_it_holds() -> None:
    decided = decide_on(Inputs(examples.a_request(), examples.the_facts(), NOON))
    assert repr(decided.inputs) == "<Inputs redacted>"
    assert repr(decided) == "<Decided redacted>"
