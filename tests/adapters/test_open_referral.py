"""Foreign directory records: what is kept, what is left out with its reason, what refuses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import FormatError
from adapters.formats.open_referral.pages import page_of, read_page, records_in
from adapters.formats.open_referral.reading import read_service
from adapters.formats.open_referral.values import plain

ID = "ac148810-d857-441c-9679-408f346de14b"
LEAST: dict[str, Any] = {"id": ID, "name": "Lunch club", "status": "active"}


def test_the_published_example_is_read_whole_but_for_an_impossible_latitude(
    external_data: Path,
) -> None:
    path = external_data / "open-referral-uk" / "examples" / "service_full.json"
    example = json.loads(path.read_text("utf-8"))
    read = read_service(example)
    assert [member for member, _ in read.left_out] == ["service_at_locations[0].location.latitude"]
    del example["service_at_locations"][0]["location"]["latitude"]
    example["description"] = example["description"].strip()
    assert read.record == example


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        pytest.param([], "record: must be a JSON object", id="list"),
        pytest.param({}, "id: is required", id="empty"),
        pytest.param(LEAST | {"id": "17"}, "id: must be a UUID", id="number"),
        pytest.param(LEAST | {"name": 7}, "name: must be text", id="name-type"),
        pytest.param(LEAST | {"name": "<b></b>"}, "name: is required", id="empty-markup"),
        pytest.param(
            LEAST | {"status": "open"},
            "status: must be active, inactive, defunct or temporarily closed",
            id="status",
        ),
        pytest.param({"uuid": ID, "title": "x"}, "id: is required", id="changed-schema"),
    ],
)
def test_a_record_without_what_the_profile_requires_is_refused(raw: Any, told: str) -> None:
    with pytest.raises(FormatError, match=f"^{told}$"):
        read_service(raw)


@pytest.mark.parametrize(
    ("member", "value", "told"),
    [
        ("url", "javascript:alert(1)", "must be an address that begins with https:// or http://"),
        ("url", "https://user@evil.example", "must be an address"),
        ("email", "not an address", "must be an e-mail address"),
        ("minimum_age", "18", "must be a number"),
        ("minimum_age", True, "must be a number"),
        ("maximum_age", 1e9, "must be from 0 to 150"),
        ("assured_date", "last week", "must be a date like 2026-03-27"),
        ("last_modified", 17, "must be an instant like"),
        ("schedules", {"id": 1}, "must be a list"),
        ("schedules", [7], "must be an object"),
        ("organization", {"id": ID, "name": "x"}, "organization.description: is required"),
        ("contacts", [{"id": ID}, {"id": ID}], "has the id of another item"),
    ],
)
def test_what_does_not_fit_is_left_out_and_named(member: str, value: Any, told: str) -> None:
    read = read_service(LEAST | {member: value})
    assert [path.partition("[")[0] for path, _ in read.left_out] == [member]
    assert told in read.left_out[0][1]
    if member != "contacts":
        assert member not in read.record


def test_markup_never_stays_in_text_and_unknown_members_never_pass() -> None:
    raw = LEAST | {
        "name": "<script>alert(1)</script>Tea &lt;img src=x onerror=alert(1)&gt; &amp; talk\u202e",
        "description": "<p>One</p><p>Two<br>three</p>",
        "secret_member": "x",
        "schedules": [{"byday": "MO", "opens_at": "9am", "x": 1}],
    }
    read = read_service(raw).record
    assert read["name"] == "Tea & talk"
    assert read["description"] == "One\nTwo\nthree"
    assert "secret_member" not in read
    assert read["schedules"] == [{"id": read["schedules"][0]["id"], "byday": "MO"}]
    assert read == read_service(raw).record


@given(st.text())
def test_plain_text_of_plain_text_is_itself_and_has_no_control_characters(text: str) -> None:
    once = plain(text)
    assert not any(ord(character) < 32 and character != "\n" for character in once)
    if "<" not in once and "&" not in once:
        assert plain(once) == once


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*LEAST, "schedules", "organization", "url"]), _json))
def test_no_record_whatever_breaks_the_reader(raw: dict[str, Any]) -> None:
    try:
        read = read_service(raw)
    except FormatError:
        return
    assert read_service(read.record).record == read.record


@given(
    st.lists(st.dictionaries(st.text(), _json, max_size=3), max_size=4),
    st.integers(1, 40),
    st.booleans(),
)
def test_records_are_cut_out_of_a_stream_wherever_its_pieces_end(
    records: list[dict[str, Any]], size: int, paged: bool
) -> None:
    whole = {"total": [], "contents": records, "more": {"x": [1]}} if paged else records
    data = json.dumps(whole).encode()
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    assert [json.loads(found) for found in records_in(pieces)] == records


@pytest.mark.parametrize(
    "data",
    [b"", b"[{]", b'{"a": 1}', b'[{"a": "', b"not json", b'[{"a":"' + b"x" * 1_100_000 + b'"}]'],
    ids=["empty", "broken", "no-list", "cut", "words", "huge"],
)
def test_a_file_that_is_no_list_or_ends_too_early_is_refused(data: bytes) -> None:
    pieces = [data[at : at + 65_536] for at in range(0, len(data), 65_536)]
    with pytest.raises(FormatError):
        list(records_in(pieces))


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"services": []}',
        b'{"contents": 1}',
        b'{"contents":[],"page_number":""}',
    ],
)
def test_a_page_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        read_page(body, 1)


def test_a_page_knows_whether_it_is_first_last_or_empty() -> None:
    assert page_of([], number=1, size=10, total=0) == {
        "total_items": 0,
        "total_pages": 1,
        "page_number": 1,
        "size": 0,
        "first_page": True,
        "last_page": True,
        "empty": True,
        "contents": [],
    }
    middle = page_of(["x"] * 10, number=2, size=10, total=25)
    assert (middle["first_page"], middle["last_page"], middle["total_pages"]) == (False, False, 3)
    assert not read_page(json.dumps(middle).encode(), 2).last
    assert read_page(json.dumps(page_of(["x"], number=3, size=10, total=21)).encode(), 3).last
