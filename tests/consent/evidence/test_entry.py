"""Entries: one encoding each, no personal data, and commitments that open one way only."""

import hashlib
import json
import tomllib
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from consent.evidence.canonical import MAX_SAFE_INTEGER, canonical
from consent.evidence.entry import (
    COMMITMENT_FIELDS,
    COMMITMENT_LABEL,
    MAX_ENTRY_BYTES,
    SALT_BYTES,
    Agencies,
    Entry,
    EntryError,
    EntryType,
    LawfulBasis,
    commit,
    decode,
    encode,
    opens,
)
from consent.evidence.merkle import leaf_hash
from tests.consent.evidence.sample_log import AT, make_entry

VECTORS = tomllib.loads(
    (Path(__file__).parents[2] / "vectors" / "evidence.toml").read_text(encoding="utf-8")
)
SALT = bytes(range(SALT_BYTES))

codes = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:+/=-]{0,12}\Z").filter(
    lambda code: not (len(code) == 10 and code.isdecimal())
)
optional = st.none() | codes
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
several = st.lists(codes, max_size=4).map(tuple)
entries = st.builds(
    Entry,
    id=st.uuids().map(str),
    type=st.sampled_from(EntryType),
    at=st.datetimes(timezones=st.just(UTC)),
    agencies=st.builds(Agencies, codes, optional, optional),
    purpose=optional,
    classes=several,
    fields=several,
    basis=st.none() | st.builds(LawfulBasis, optional, optional, optional),
    outcome=optional,
    rules=several,
    policy_hash=st.none() | hashes,
    commitments=st.dictionaries(st.sampled_from(COMMITMENT_FIELDS), hashes),
    ciphertext_hash=st.none() | hashes,
    details=st.dictionaries(
        st.from_regex(r"\A[a-z][a-z0-9_]{0,8}\Z"),
        codes | several | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER),
        max_size=4,
    ),
)


@given(entries)
def test_an_entry_has_one_encoding_and_the_standards_own(entry: Entry) -> None:
    data = encode(entry)
    assert rfc8785.dumps(json.loads(data)) == data == canonical(json.loads(data))
    assert decode(data) == entry
    assert encode(decode(data)) == data


@pytest.mark.parametrize("kind", EntryType)
def test_every_type_of_entry_reads_back(kind: EntryType) -> None:
    entry = make_entry(3, type=kind)
    assert decode(encode(entry)) == entry
    assert decode(encode(entry)).type is kind


@pytest.mark.parametrize("vector", VECTORS["entry"], ids=lambda vector: vector["id"])
def test_the_bytes_of_an_entry_do_not_change_from_one_version_to_the_next(
    vector: dict[str, str],
) -> None:
    entry = decode(vector["encoding"].encode())
    assert encode(entry).decode() == vector["encoding"]
    assert leaf_hash(encode(entry)).hex() == vector["leaf_hash"]


def test_an_entry_with_nothing_optional_still_has_every_key() -> None:
    entry = Entry(
        id="0190b6a0-0000-7000-8000-000000000000",
        type=EntryType.KEY,
        at=AT,
        agencies=Agencies("hub"),
    )
    found = json.loads(encode(entry))
    assert set(found) == {field.name for field in fields(Entry)}
    assert found["at"] == "2026-03-29T01:30:00.123456Z"
    assert found["agencies"] == {"sender": "hub", "recipient": None, "actor": None}
    assert found["version"] == 1


def test_codes_that_are_members_of_an_enumeration_are_written_as_their_values() -> None:
    class Colour(StrEnum):
        RED = "red"

    entry = make_entry(0, purpose=Colour.RED, classes=(Colour.RED,), details={"c": Colour.RED})
    assert decode(encode(entry)) == entry
    assert json.loads(encode(entry))["classes"] == ["red"]


def test_a_whole_second_keeps_its_six_zeros() -> None:
    assert json.loads(encode(make_entry(0, at=AT.replace(microsecond=0))))["at"].endswith(
        ":00.000000Z"
    )


FORM = "not in the form that the log allows there"
HASHES = f"commitments, policy_hash, ciphertext_hash: {FORM}"
VALUE = "details: a value must be a code, an integer or several codes"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2}, "version: this code writes and reads version 1 only"),
        ({"version": True}, "version: this code writes and reads version 1 only"),
        ({"type": "decision"}, "type: must be an EntryType"),
        ({"at": AT.replace(tzinfo=None)}, "at: must be an aware time in UTC"),
        ({"at": AT.astimezone(timezone(timedelta(hours=1)))}, "at: must be an aware time in UTC"),
        ({"id": "0190B6A0-0000-7000-8000-000000000000"}, f"id: {FORM}"),
        ({"id": "0190b6a0-0000-7000-8000-00000000000"}, f"id: {FORM}"),
        ({"id": "0190b6a0-0000-7000-8000-000000000000\n"}, f"id: {FORM}"),
        ({"id": None}, f"id: {FORM}"),
        ({"agencies": Agencies("")}, f"agencies: {FORM}"),
        ({"agencies": Agencies("St Mary's Surgery")}, f"agencies: {FORM}"),
        ({"agencies": Agencies("a", "")}, f"agencies: {FORM}"),
        ({"agencies": Agencies("a", None, "j.smith@example.org")}, f"agencies: {FORM}"),
        ({"basis": LawfulBasis("consent given")}, f"basis: {FORM}"),
        ({"basis": LawfulBasis("a", "")}, f"basis: {FORM}"),
        ({"basis": LawfulBasis("a", None, "é")}, f"basis: {FORM}"),
        ({"basis": LawfulBasis("a", "h", "é")}, f"basis: {FORM}"),
        ({"purpose": "direct care"}, f"purpose or outcome: {FORM}"),
        ({"purpose": ""}, f"purpose or outcome: {FORM}"),
        ({"outcome": "Mary Jones"}, f"purpose or outcome: {FORM}"),
        ({"outcome": 3}, f"purpose or outcome: {FORM}"),
        ({"classes": "identity"}, "classes: must be a tuple of codes"),
        ({"classes": ("identity", "")}, f"classes: {FORM}"),
        ({"classes": ("identity\nneed",)}, f"classes: {FORM}"),
        ({"classes": (None,)}, f"classes: {FORM}"),
        ({"fields": ("need needs",)}, f"fields: {FORM}"),
        ({"fields": {"a"}}, "fields: must be a tuple of codes"),
        ({"rules": (1,)}, f"rules: {FORM}"),
        ({"rules": ("9434765919",)}, f"rules: {FORM}"),
        ({"policy_hash": "A" * 64}, HASHES),
        ({"policy_hash": "a" * 63}, HASHES),
        ({"ciphertext_hash": "a" * 65}, HASHES),
        ({"commitments": {"subject": "9434765919"}}, HASHES),
        (
            {"commitments": {"nhs_number": "a" * 64}},
            "commitments: only of actor subject record facts inputs",
        ),
        ({"details": {"nhs": "9434765919"}}, VALUE),
        ({"details": {"name": "Mary Jones"}}, VALUE),
        ({"details": {"born": "1 May 1950"}}, VALUE),
        ({"details": {"two": "a\nb"}}, VALUE),
        ({"details": {"Key": "a"}}, f"details: {FORM}"),
        ({"details": {"k k": "a"}}, f"details: {FORM}"),
        ({"details": {"": "a"}}, f"details: {FORM}"),
        ({"details": {"k": 1.5}}, "details.k: must be a tuple of codes"),
        ({"details": {"k": None}}, "details.k: must be a tuple of codes"),
        ({"details": {"k": True}}, "details.k: must be a tuple of codes"),
        ({"details": {"k": {"a": "b"}}}, "details.k: must be a tuple of codes"),
        ({"details": {"k": ("a", 1)}}, VALUE),
        ({"details": {"k": ("a b",)}}, VALUE),
        ({"details": {"k": MAX_SAFE_INTEGER + 1}}, "details.k: beyond 2^53 - 1"),
        ({"details": {"k": -MAX_SAFE_INTEGER - 1}}, "details.k: beyond 2^53 - 1"),
        ({"details": {"k": "a" * 257}}, VALUE),
    ],
)
def test_what_the_log_may_not_hold_is_refused_by_field_and_never_repeated(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(EntryError) as refused:
        make_entry(0, **changes)
    assert str(refused.value) == said
    for secret in ("9434765919", "Jones", "Mary", "smith", "1950"):
        assert secret not in str(refused.value)


@pytest.mark.parametrize(
    "code", ["943476591", "94347659190", "943-476-5919", "9434765919x", "a" * 256]
)
def test_codes_next_to_the_refused_ones_pass(code: str) -> None:
    entry = make_entry(0, details={"k": code}, rules=(code, "R01"))
    assert decode(encode(entry)) == entry


def test_the_borders_of_the_integers_are_inside() -> None:
    entry = make_entry(0, details={"least": -MAX_SAFE_INTEGER, "most": MAX_SAFE_INTEGER})
    assert decode(encode(entry)) == entry


def test_an_entry_cannot_be_changed_through_what_it_was_made_from() -> None:
    details: dict[str, Any] = {"stage": "offer", "rules": ["R01"]}
    entry = make_entry(0, details=details, classes=["need"])
    before = encode(entry)
    details["stage"] = "accepted"
    details["rules"].append("R02")
    assert encode(entry) == before
    with pytest.raises(TypeError):
        entry.details["stage"] = "x"  # type: ignore[index]  # that it cannot be set is the point
    assert entry.classes == ("need",)
    assert entry.details["rules"] == ("R01",)


def test_an_entry_fits_the_length_prefix_of_an_entry_bundle() -> None:
    room = MAX_ENTRY_BYTES - len(encode(make_entry(0, rules=())))
    exact = tuple("a" * 250 for _ in range(room // 253))
    filler = room - sum(len(code) + 3 for code in exact) + 1
    fits = make_entry(0, rules=(*exact, "b" * (filler - 3)))
    assert len(encode(fits)) == MAX_ENTRY_BYTES
    assert decode(encode(fits)) == fits
    with pytest.raises(EntryError, match=r"^entry: 65536 bytes; the format holds 65535$"):
        encode(make_entry(0, rules=(*exact, "b" * (filler - 2))))


def altered(**changes: Any) -> bytes:
    return canonical(json.loads(encode(make_entry(0))) | changes)


def without(key: str) -> bytes:
    found = json.loads(encode(make_entry(0)))
    del found[key]
    return canonical(found)


KEYS = (
    "entry: must have exactly the keys agencies at basis ciphertext_hash classes commitments "
    "details fields id outcome policy_hash purpose rules type version"
)
NO_SUCH = "type or at: no such type, or no such time"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "entry: not JSON in UTF-8, or nested too deeply"),
        (b"[]", "entry: must be an object"),
        (b"{}", KEYS),
        (altered(extra=None), KEYS),
        (without("details"), KEYS),
        (encode(make_entry(0)) + b"\n", "entry: not in canonical form (RFC 8785)"),
        (
            encode(make_entry(0)).replace(b'"version":1', b'"version":1.0'),
            "entry: only integers are numbers here",
        ),
        (
            encode(make_entry(0)).replace(b'{"agencies"', b'{"at":"x","agencies"'),
            "entry: an object names the same key twice",
        ),
        (altered(type="gossip"), NO_SUCH),
        (altered(type=None), NO_SUCH),
        (altered(type=["decision"]), NO_SUCH),
        (altered(at="2026-03-29T01:30:00Z"), f"at: {FORM}"),
        (altered(at="2026-03-29T01:30:00.123456+00:00"), f"at: {FORM}"),
        (altered(at="2026-13-29T01:30:00.123456Z"), NO_SUCH),
        (altered(at="2026-03-29T24:00:00.000000Z"), NO_SUCH),
        (altered(at="2026-03-29T01:30:60.123456Z"), NO_SUCH),
        (altered(at="0000-03-29T01:30:00.123456Z"), NO_SUCH),
        (altered(at=None), f"at: {FORM}"),
        (altered(version=2), "version: this code writes and reads version 1 only"),
        (altered(version="1"), "version: this code writes and reads version 1 only"),
        (altered(agencies=None), "agencies: must be an object"),
        (
            altered(agencies={"sender": "a"}),
            "agencies: must have exactly the keys actor recipient sender",
        ),
        (altered(agencies={"sender": None, "recipient": None, "actor": None}), f"agencies: {FORM}"),
        (altered(basis=[]), "basis: must be an object"),
        (
            altered(basis={"article6": "a"}),
            "basis: must have exactly the keys article6 article9 confidentiality",
        ),
        (altered(commitments=[]), "commitments: must be an object"),
        (
            altered(commitments={"other": "a" * 64}),
            "commitments: only of actor subject record facts inputs",
        ),
        (altered(details=None), "details: must be an object"),
        (altered(details={"k": {"a": 1}}), "details.k: must be a tuple of codes"),
        (altered(classes=None), "classes: must be a tuple of codes"),
        (altered(classes="need"), "classes: must be a tuple of codes"),
        (altered(rules=[["R01"]]), f"rules: {FORM}"),
        (altered(id=7), f"id: {FORM}"),
        (b" " * (MAX_ENTRY_BYTES + 1), "entry: longer than 65535 bytes"),
    ],
)
def test_bytes_that_are_not_an_entry_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(EntryError) as refused:
        decode(data)
    assert str(refused.value) == said


@given(st.data())
def test_an_altered_byte_gives_another_entry_or_none(data: st.DataObject) -> None:
    original = encode(make_entry(0))
    at = data.draw(st.integers(0, len(original) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != original[at]))
    changed = original[:at] + bytes((byte,)) + original[at + 1 :]
    try:
        entry = decode(changed)
    except EntryError:
        return
    assert encode(entry) == changed != original


@pytest.mark.parametrize("vector", VECTORS["commitment"], ids=lambda vector: vector["id"])
def test_a_commitment_is_what_its_framing_says(vector: dict[str, str]) -> None:
    salt, value = bytes.fromhex(vector["salt"]), vector["value"].encode()
    label, field = vector["label"].encode(), vector["field"].encode()
    by_hand = hashlib.sha256(
        len(label).to_bytes(2, "big") + label + len(field).to_bytes(2, "big") + field + salt + value
    ).hexdigest()
    made = commit(vector["label"], vector["field"], salt=salt, value=value)
    assert made == by_hand == vector["commitment"]
    assert opens(made, vector["label"], field=vector["field"], salt=salt, value=value)


@pytest.mark.parametrize(
    "other",
    [
        {"field": "actor"},
        {"salt": bytes(SALT_BYTES)},
        {"value": b"9434765918"},
        {"value": b""},
    ],
)
def test_a_commitment_opens_to_nothing_else(other: dict[str, Any]) -> None:
    made = commit(COMMITMENT_LABEL, "subject", salt=SALT, value=b"9434765919")
    opening: dict[str, Any] = {"field": "subject", "salt": SALT, "value": b"9434765919"} | other
    assert not opens(made, COMMITMENT_LABEL, **opening)
    assert not opens(made, "other label", field="subject", salt=SALT, value=b"9434765919")
    assert not opens("", COMMITMENT_LABEL, field="subject", salt=SALT, value=b"9434765919")


def test_moving_a_letter_between_label_and_field_changes_a_commitment() -> None:
    assert commit("ab", "c", salt=SALT, value=b"") != commit("a", "bc", salt=SALT, value=b"")


@pytest.mark.parametrize("salt", [b"", SALT[:-1], SALT + b"\0"])
def test_a_commitment_without_a_full_salt_is_refused(salt: bytes) -> None:
    with pytest.raises(EntryError, match=r"^salt: must be 32 bytes$"):
        commit(COMMITMENT_LABEL, "subject", salt=salt, value=b"x")


def test_a_time_of_another_zone_at_the_same_instant_is_not_the_same_entry() -> None:
    with pytest.raises(EntryError):
        replace(make_entry(0), at=datetime(2026, 6, 1, tzinfo=timezone(timedelta(hours=1))))
