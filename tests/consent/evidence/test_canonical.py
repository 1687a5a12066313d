"""Canonical JSON: another implementation of RFC 8785 must agree on every byte."""

from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from consent.evidence.canonical import (
    MAX_DEPTH,
    MAX_SAFE_INTEGER,
    CanonicalError,
    canonical,
    parse_canonical,
)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
keys = st.text(st.characters(max_codepoint=127), max_size=8)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_every_value_is_written_as_the_other_implementation_writes_it(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(values)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse_canonical(canonical(value)) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": None, "B": True, "": []}, b'{"":[],"B":true,"a":null,"b":1}'),
        ('"\\/\b\f\n\r\t\x00\x1f\x7f', b'"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f"'),
        ("\u20ac\U0001f600\u2028", '"\u20ac\U0001f600\u2028"'.encode()),
        (-0, b"0"),
        ([{}, [], False], b"[{},[],false]"),
    ],
)
def test_escapes_and_order_are_those_of_the_standard(value: Any, written: bytes) -> None:
    assert canonical(value) == written


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


class Loud(str):
    """A text that would print as another one."""

    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        b"bytes",
        (1, 2),
        {1: "a"},
        {"é": 1},
        {None: 1},
        MAX_SAFE_INTEGER + 1,
        -MAX_SAFE_INTEGER - 1,
        "\ud800",
        ["\udfff"],
        Loud("x"),
        {"a": {1, 2}},
        nested(MAX_DEPTH + 1),
    ],
)
def test_what_the_domain_does_not_hold_is_refused(value: Any) -> None:
    with pytest.raises(CanonicalError):
        canonical(value)


def test_the_borders_of_the_domain_are_inside() -> None:
    assert (
        canonical([MAX_SAFE_INTEGER, -MAX_SAFE_INTEGER]) == b"[9007199254740991,-9007199254740991]"
    )
    assert canonical(nested(MAX_DEPTH)) == b"[" * MAX_DEPTH + b"]" * MAX_DEPTH


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b" 1", "canonical form"),
        (b"1 ", "canonical form"),
        (b'{"a": 1}', "canonical form"),
        (b'{"b":1,"a":2}', "canonical form"),
        (b'{"a":1,"a":1}', "the same key twice"),
        (b'{"a":1,"\\u0061":2}', "the same key twice"),
        (b'"\\u0061"', "canonical form"),
        (b'"\\/"', "canonical form"),
        (b"01", "not JSON"),
        (b"-0", "canonical form"),
        (b"1.0", "integers"),
        (b"1e2", "integers"),
        (b"NaN", "integers"),
        (b"Infinity", "integers"),
        (b"9007199254740992", "2\\^53"),
        (b"9" * 5000, "not JSON"),
        (b"\xff", "not JSON"),
        (b'"\xed\xa0\x80"', "not JSON"),
        (b'"\\ud800"', "surrogate"),
        (b"\xef\xbb\xbf1", "not JSON"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"a":' * 60_000, "nested too deeply"),
        (b"[" * 17 + b"]" * 17, "deeper than 16"),
        ('{"é":1}'.encode(), "ASCII"),
    ],
)
def test_bytes_that_are_not_the_one_encoding_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(CanonicalError, match=reason):
        parse_canonical(data)


def test_every_json_oddity_is_read_or_refused_and_nothing_else(external_data: Path) -> None:
    files = sorted((external_data / "json-test-suite" / "test_parsing").glob("*.json"))
    assert len(files) == 318
    for file in files:
        data = file.read_bytes()
        try:
            value = parse_canonical(data)
        except CanonicalError:
            continue
        assert not file.name.startswith("n_"), file.name
        assert rfc8785.dumps(value) == data
