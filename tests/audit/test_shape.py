"""The written form of an entry as one expression accepts nothing that decoding would not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.evidence.entry import (
    COMMITMENT_FIELDS,
    Agencies,
    Entry,
    EntryError,
    EntryType,
    LawfulBasis,
    decode,
    encode,
)
from referral_hub.audit.shape import Indexed, _columns_of, _plainly_agrees, disagreement

UUIDS = st.uuids().map(str)
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
CODES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:+/=-]{0,20}\Z").filter(
    lambda code: not (len(code) == 10 and code.isdigit())
)
MANY = st.lists(CODES, max_size=4).map(tuple)
NAMES = st.from_regex(r"\A[a-z][a-z0-9_]{0,8}\Z")
INSTANTS = st.integers(0, 4 * 10**15).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)
NUMBERS = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)


def maybe(some: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | some


ENTRIES = st.builds(
    Entry,
    id=UUIDS,
    type=st.sampled_from(EntryType),
    at=INSTANTS,
    agencies=st.builds(Agencies, UUIDS, maybe(UUIDS), maybe(UUIDS)),
    purpose=maybe(CODES),
    classes=MANY,
    fields=MANY,
    basis=maybe(st.builds(LawfulBasis, maybe(CODES), maybe(CODES), maybe(CODES))),
    outcome=maybe(CODES),
    rules=MANY,
    policy_hash=maybe(HASHES),
    commitments=st.dictionaries(st.sampled_from(COMMITMENT_FIELDS), HASHES),
    ciphertext_hash=maybe(HASHES),
    details=st.dictionaries(NAMES, CODES | NUMBERS | MANY, max_size=4),
)


@given(ENTRIES)
def test_what_is_encoded_agrees_with_its_own_columns(entry: Entry) -> None:
    assert disagreement(encode(entry), _columns_of(entry)) is None


@given(ENTRIES)
def test_the_fast_way_suffices_unless_a_number_is_very_large(entry: Entry) -> None:
    large = any(isinstance(v, int) and abs(v) >= 10**15 for v in entry.details.values())
    assert _plainly_agrees(encode(entry), _columns_of(entry)) is not large


@given(ENTRIES, st.data())
def test_the_fast_way_never_accepts_what_decoding_refuses(
    entry: Entry, data: st.DataObject
) -> None:
    columns = _columns_of(entry)
    changed = bytearray(encode(entry))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed) - 1))
        what = data.draw(st.sampled_from(["set", "cut", "put"]))
        byte = data.draw(st.sampled_from(list(b'",:{}[]\\0a9Z -\n\x00\xff')))
        if what == "set":
            changed[at] = byte
        elif what == "cut" and len(changed) > 1:
            del changed[at]
        else:
            changed.insert(at, byte)
    if _plainly_agrees(bytes(changed), columns):
        assert _columns_of(decode(bytes(changed))) == columns


@given(ENTRIES, st.sampled_from(Indexed._fields))
def test_every_column_that_differs_is_named(entry: Entry, name: str) -> None:
    columns = _columns_of(entry)
    value = getattr(columns, name)
    other = not value if isinstance(value, bool) else f"{value}x"
    assert disagreement(encode(entry), columns._replace(**{name: other})) == name


@pytest.mark.parametrize(
    "change",
    [
        (b'"version":1', b'"version":2'),
        (b'"details":{', b'"details":{"b":"x","a":"y"'),
        (b'"details":{', b'"details":{"a":"x","a":"x"'),
        (b'"type":"view"', b'"type":"look"'),
        (b'"purpose":null', b'"purpose":"1234567890"'),
        (b'"purpose":null', b'"purpose":"Mary Jones"'),
        (b'"classes":[]', b'"classes":["a",]'),
        (b'"commitments":{}', b'"commitments":{"name":"' + b"ab" * 32 + b'"}'),
    ],
)
def test_what_is_not_an_entry_is_refused(change: tuple[bytes, bytes]) -> None:
    entry = Entry(
        id="01890000-0000-7000-8000-00000000000a",
        type=EntryType.VIEW,
        at=datetime(2026, 3, 2, tzinfo=UTC),
        agencies=Agencies("01890000-0000-7000-8000-000000000001"),
    )
    assert change[0] in encode(entry)
    columns = _columns_of(entry)
    if b"look" in change[1]:
        columns = columns._replace(type="look")
    with pytest.raises(EntryError):
        disagreement(encode(entry).replace(*change), columns)
