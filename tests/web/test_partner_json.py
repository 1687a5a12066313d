"""Whatever bytes a partner sends as JSON, the answer is a plain no or a yes."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_hub.errors import InvalidInput
from referral_hub.store.referrals import TaskRow
from referral_hub.web.json_body import LARGEST_BODY, WHOLE, parse, pointer
from tests.web.mereford import Mereford
from tests.web.partner_calls import LIFTS, Partner, address, partner_of

NAUGHTY: list[str] = tomllib.loads(
    (Path(__file__).parents[1] / "tables" / "naughty_strings.toml").read_text(encoding="utf-8")
)["strings"]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


TWICE = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}


def readable(body: bytes) -> bool:
    try:
        parse(body)
    except InvalidInput:
        return False
    return True


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


@pytest.fixture(scope="module")
def time_bank(mereford: Mereford, town: Any) -> Partner:
    return partner_of(mereford, "time_bank", town.app.test_client())


@pytest.fixture(scope="module")
def task(mereford: Mereford, time_bank: Partner) -> TaskRow:
    del time_bank
    return mereford.offered(to=("time_bank", "council"), needs=LIFTS)


@pytest.fixture(scope="module")
def suite(external_data: Path) -> list[Path]:
    files = sorted((external_data / "json-test-suite" / "test_parsing").glob("*.json"))
    assert len(files) > 300
    return files


def test_no_body_of_the_published_suite_is_accepted_as_a_decline_or_makes_it_fail(
    mereford: Mereford, time_bank: Partner, task: TaskRow, suite: list[Path]
) -> None:
    path = address(task.id, "decline")
    for file in suite:
        body = file.read_bytes()
        answer = time_bank.send(path, body)
        assert answer.status_code == (400 if len(body) <= LARGEST_BODY else 413), file.name
        assert answer.mimetype == "application/problem+json", file.name
    assert mereford.reread(task).state == "offered"


def test_what_the_suite_calls_json_is_read_and_what_it_does_not_is_refused(
    suite: list[Path],
) -> None:
    must = {file.name for file in suite if file.name[0] == "y"}
    must_not = {file.name for file in suite if file.name[0] == "n"}
    read = {file.name for file in suite if readable(file.read_bytes())}
    assert must - read == TWICE
    assert not must_not & read


@given(ANYTHING)
def test_what_json_can_say_is_read_as_it_was_said(value: object) -> None:
    assert parse(json.dumps(value).encode()) == value


@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    if not readable(body):
        with pytest.raises(InvalidInput) as problem:
            parse(body)
        assert problem.value.fields.keys() == {WHOLE}


@given(st.text(st.characters(exclude_categories=())))
def test_a_pointer_is_a_fragment_and_names_its_member(name: str) -> None:
    found = pointer(name)
    assert found.isascii()
    assert found == "#" or found.startswith("#/")
    assert not set(found[2:]) & set('/ "<>\\')


def test_odd_text_in_a_note_is_kept_or_refused(mereford: Mereford, time_bank: Partner) -> None:
    for text in NAUGHTY:
        task = mereford.offered(to=("time_bank", "council"), needs=LIFTS)
        body = json.dumps({"note": text}).encode()
        answer = time_bank.send(address(task.id, "accept"), body)
        assert answer.status_code in {200, 400}, text
