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


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"version": 2}, "version"),
        ({"version": True}, "version"),
        ({"type": "decision"}, "type"),
        ({"at": AT.replace(tzinfo=None)}, "at"),
        ({"at": AT.astimezone(timezone(timedelta(hours=1)))}, "at"),
        ({"id": "0190B6A0-0000-7000-8000-000000000000"}, "id"),
        ({"id": "0190b6a0-0000-7000-8000-00000000000"}, "id"),
        ({"id": "0190b6a0-0000-7000-8000-000000000000\n"}, "id"),
        ({"id": None}, "id"),
        ({"agencies": Agencies("")}, "agencies"),
        ({"agencies": Agencies("St Mary's Surgery")}, "agencies"),
        ({"agencies": Agencies("a", "")}, "agencies"),
        ({"agencies": Agencies("a", None, "j.smith@example.org")}, "agencies"),
        ({"basis": LawfulBasis("consent given")}, "basis"),
        ({"basis": LawfulBasis("a", "")}, "basis"),
        ({"basis": LawfulBasis("a", None, "é")}, "basis"),
        ({"purpose": "direct care"}, "purpose or outcome"),
        ({"purpose": ""}, "purpose or outcome"),
        ({"outcome": "Mary Jones"}, "purpose or outcome"),
        ({"outcome": 3}, "purpose or outcome"),
        ({"classes": "identity"}, "classes"),
        ({"classes": ("identity", "")}, "classes"),
        ({"classes": ("identity\nneed",)}, "classes"),
        ({"classes": (None,)}, "classes"),
        ({"fields": ("need needs",)}, "fields"),
        ({"fields": {"a"}}, "fields"),
        ({"rules": (1,)}, "rules"),
        ({"rules": ("9434765919",)}, "rules"),
        ({"policy_hash": "A" * 64}, "policy_hash"),
        ({"policy_hash": "a" * 63}, "policy_hash"),
        ({"ciphertext_hash": "a" * 65}, "ciphertext_hash"),
        ({"commitments": {"subject": "9434765919"}}, "commitments"),
        ({"commitments": {"nhs_number": "a" * 64}}, "commitments"),
        ({"details": {"nhs": "9434765919"}}, "details"),
        ({"details": {"name": "Mary Jones"}}, "details"),
        ({"details": {"born": "1 May 1950"}}, "details"),
        ({"details": {"two": "a\nb"}}, "details"),
        ({"details": {"Key": "a"}}, "details"),
        ({"details": {"k k": "a"}}, "details"),
        ({"details": {"": "a"}}, "details"),
        ({"details": {"k": 1.5}}, "details.k"),
        ({"details": {"k": None}}, "details.k"),
        ({"details": {"k": True}}, "details.k"),
        ({"details": {"k": {"a": "b"}}}, "details.k"),
        ({"details": {"k": ("a", 1)}}, "details"),
        ({"details": {"k": ("a b",)}}, "details"),
        ({"details": {"k": MAX_SAFE_INTEGER + 1}}, "details.k"),
        ({"details": {"k": -MAX_SAFE_INTEGER - 1}}, "details.k"),
        ({"details": {"k": "a" * 257}}, "details"),
    ],
)
def test_what_the_log_may_not_hold_is_refused_by_field_and_never_repeated(
    changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(EntryError) as refused:
        make_entry(0, **changes)
    assert named in str(refused.value).split(":")[0]
    for secret in ("9434765919", "Jones", "Mary", "smith", "1950"):
        assert secret not in str(refused.value)


@pytest.mark.parametrize(
    "code", ["943476591", "94347659190", "943-476-5919", "9434765919x", "a" * 256]
)
def test_codes_next_to_the_refused_ones_pass(code: str) -> None:
    entry = make_entry(0, details={"k": code}, rules=(code, "R01"))
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
    with pytest.raises(EntryError, match="65536 bytes"):
        encode(make_entry(0, rules=(*exact, "b" * (filler - 2))))


def altered(**changes: Any) -> bytes:
    return canonical(json.loads(encode(make_entry(0))) | changes)


def without(key: str) -> bytes:
    found = json.loads(encode(make_entry(0)))
    del found[key]
    return canonical(found)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"[]", "must be an object"),
        (b"{}", "exactly the keys"),
        (altered(extra=None), "exactly the keys"),
        (without("details"), "exactly the keys"),
        (encode(make_entry(0)) + b"\n", "canonical form"),
        (encode(make_entry(0)).replace(b'"version":1', b'"version":1.0'), "integers"),
        (encode(make_entry(0)).replace(b'{"agencies"', b'{"at":"x","agencies"'), "key twice"),
        (altered(type="gossip"), "no such type"),
        (altered(type=None), "no such type"),
        (altered(type=["decision"]), "no such type"),
        (altered(at="2026-03-29T01:30:00Z"), "at"),
        (altered(at="2026-03-29T01:30:00.123456+00:00"), "at"),
        (altered(at="2026-13-29T01:30:00.123456Z"), "no such time"),
        (altered(at=None), "at"),
        (altered(version=2), "version"),
        (altered(version="1"), "version"),
        (altered(agencies=None), "agencies: must be an object"),
        (altered(agencies={"sender": "a"}), "agencies: must have exactly"),
        (altered(agencies={"sender": None, "recipient": None, "actor": None}), "agencies"),
        (altered(basis=[]), "basis: must be an object"),
        (altered(basis={"article6": "a"}), "basis: must have exactly"),
        (altered(commitments=[]), "commitments: must be an object"),
        (altered(commitments={"other": "a" * 64}), "commitments"),
        (altered(details=None), "details: must be an object"),
        (altered(details={"k": {"a": 1}}), "details.k"),
        (altered(classes=None), "classes"),
        (altered(classes="need"), "classes"),
        (altered(rules=[["R01"]]), "rules"),
        (altered(id=7), "id"),
        (b" " * (MAX_ENTRY_BYTES + 1), "longer than"),
    ],
)
def test_bytes_that_are_not_an_entry_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(EntryError, match=reason):
        decode(data)


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
    with pytest.raises(EntryError, match="salt: must be 32 bytes"):
        commit(COMMITMENT_LABEL, "subject", salt=salt, value=b"x")


def test_a_time_of_another_zone_at_the_same_instant_is_not_the_same_entry() -> None:
    with pytest.raises(EntryError):
        replace(make_entry(0), at=datetime(2026, 6, 1, tzinfo=timezone(timedelta(hours=1))))
