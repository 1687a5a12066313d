"""Canonical JSON: another implementation of RFC 8785 must agree on every byte."""

from collections import OrderedDict
from http import HTTPStatus
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


def named(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


class UserRows(list[int]):
    """A list that would print as another one."""

    __slots__ = ()


class Loud(str):
    """A text that would print as another one."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.0, "float has no canonical form here"),
        (float("nan"), "float has no canonical form here"),
        (b"bytes", "bytes has no canonical form here"),
        ((1, 2), "tuple has no canonical form here"),
        ({1: "a"}, "an object's key must be an ASCII string"),
        ({"é": 1}, "an object's key must be an ASCII string"),
        ({None: 1}, "an object's key must be an ASCII string"),
        (MAX_SAFE_INTEGER + 1, "an integer is beyond 2^53 - 1"),
        (-MAX_SAFE_INTEGER - 1, "an integer is beyond 2^53 - 1"),
        ("\ud800", "a string holds a lone surrogate, which UTF-8 cannot carry"),
        (["\udfff"], "a string holds a lone surrogate, which UTF-8 cannot carry"),
        (Loud("x"), "Loud has no canonical form here"),
        ({Loud("x"): 1}, "an object's key must be an ASCII string"),
        (HTTPStatus.OK, "HTTPStatus has no canonical form here"),
        (UserRows([1]), "UserRows has no canonical form here"),
        (OrderedDict(a=1), "OrderedDict has no canonical form here"),
        ({"a": {1, 2}}, "set has no canonical form here"),
        (nested(MAX_DEPTH + 1), "nested deeper than 16 levels"),
        (named(MAX_DEPTH + 1), "nested deeper than 16 levels"),
    ],
)
def test_what_the_domain_does_not_hold_is_refused(value: Any, said: str) -> None:
    with pytest.raises(CanonicalError) as refused:
        canonical(value)
    assert str(refused.value) == said


def test_the_borders_of_the_domain_are_inside() -> None:
    assert (
        canonical([MAX_SAFE_INTEGER, -MAX_SAFE_INTEGER]) == b"[9007199254740991,-9007199254740991]"
    )
    assert canonical(nested(MAX_DEPTH)) == b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert canonical(named(MAX_DEPTH)).count(b"{") == MAX_DEPTH


NOT_CANONICAL = "not in canonical form (RFC 8785)"
NOT_JSON = "not JSON in UTF-8, or nested too deeply"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", NOT_JSON),
        (b" 1", NOT_CANONICAL),
        (b"1 ", NOT_CANONICAL),
        (b'{"a": 1}', NOT_CANONICAL),
        (b'{"b":1,"a":2}', NOT_CANONICAL),
        (b'{"a":1,"a":1}', "an object names the same key twice"),
        (b'{"a":1,"\\u0061":2}', "an object names the same key twice"),
        (b'"\\u0061"', NOT_CANONICAL),
        (b'"\\/"', NOT_CANONICAL),
        (b"01", NOT_JSON),
        (b"-0", NOT_CANONICAL),
        (b"1.0", "only integers are numbers here"),
        (b"1e2", "only integers are numbers here"),
        (b"NaN", "only integers are numbers here"),
        (b"Infinity", "only integers are numbers here"),
        (b"9007199254740992", "an integer is beyond 2^53 - 1"),
        (b"9" * 5000, NOT_JSON),
        (b"\xff", NOT_JSON),
        (b'"\xed\xa0\x80"', NOT_JSON),
        (b'"\\ud800"', "a string holds a lone surrogate, which UTF-8 cannot carry"),
        (b"\xef\xbb\xbf1", NOT_JSON),
        (b"[" * 60_000, NOT_JSON),
        (b'{"a":' * 60_000, NOT_JSON),
        (b"[" * 17 + b"]" * 17, "nested deeper than 16 levels"),
        ('{"é":1}'.encode(), "an object's key must be an ASCII string"),
    ],
)
def test_bytes_that_are_not_the_one_encoding_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(CanonicalError) as refused:
        parse_canonical(data)
    assert str(refused.value) == said


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
