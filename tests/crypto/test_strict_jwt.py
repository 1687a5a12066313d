"""One reading of a token: its limits, and the words of each refusal."""

import pytest
from joserfc.errors import UnsupportedAlgorithmError

from referral_hub.crypto.strict_jwt import (
    LONGEST_TOKEN,
    AllowlistRegistry,
    json_object,
    strict_object,
    unverified_parts,
    whole_seconds,
)
from tests.crypto.jose import encode, segment

HEADER, CLAIMS = {"alg": "EdDSA"}, {"iss": "a"}


def test_a_token_of_the_greatest_length_is_read_and_one_character_more_is_not() -> None:
    begun = f"{segment(HEADER)}.{segment(CLAIMS)}."
    longest = begun + "x" * (LONGEST_TOKEN - len(begun))
    assert len(longest) == 8192
    assert unverified_parts(longest) == (HEADER, CLAIMS)
    with pytest.raises(ValueError, match=r"^not a signed compact JWT$"):
        unverified_parts(longest + "x")


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c.d"])
def test_what_has_not_three_parts_is_no_token(token: str) -> None:
    with pytest.raises(ValueError, match=r"^not a signed compact JWT$"):
        unverified_parts(token)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"[" * 100_000, "not a JSON object"),
        (b'{"a":1,"a":1}', "duplicate member"),
        (b'{"a":{"b":1,"b":2}}', "duplicate member"),
        (b'{"a":NaN}', "not JSON"),
        (b'{"a":Infinity}', "not JSON"),
        (b'{"a":[-Infinity]}', "not JSON"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_two_readers_could_read_differently_is_refused_with_its_reason(
    text: bytes, reason: str
) -> None:
    for read in (strict_object, lambda data: json_object(encode(data))):
        with pytest.raises(ValueError, match=f"^{reason}$"):
            read(text)


@pytest.mark.parametrize("text", [b"", b"{", b'{"a":1} x', b"{'a':1}", b"\xff\xfe"])
def test_what_is_no_json_at_all_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the library's
        strict_object(text)


def test_an_object_is_read_as_it_is_from_text_bytes_and_base64url() -> None:
    for found in (
        strict_object('{"a":{"é":[1,null]}}'),
        strict_object('{"a":{"é":[1,null]}}'.encode()),
        json_object(encode('{"a":{"é":[1,null]}}'.encode())),
    ):
        assert found == {"a": {"é": [1, None]}}
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the codec's
        json_object("é")


@pytest.mark.parametrize("allowed", [["ES256"], [], None])
def test_an_algorithm_that_is_not_allowed_is_not_handed_out(allowed: list[str] | None) -> None:
    with pytest.raises(UnsupportedAlgorithmError) as refused:
        AllowlistRegistry(algorithms=allowed).get_alg("EdDSA")
    assert refused.value.description == "algorithm is not allowed"
    assert AllowlistRegistry(algorithms=["EdDSA"]).get_alg("EdDSA").name == "EdDSA"


@pytest.mark.parametrize(
    ("value", "good"),
    [
        (0, True),
        (1, True),
        (1795435200, True),
        ((1 << 40) - 1, True),
        (1 << 40, False),
        (-1, False),
        (1795435200.0, False),
        (True, False),
        (False, False),
        ("1795435200", False),
        (None, False),
        ([], False),
    ],
    ids=repr,
)
def test_a_time_is_whole_seconds(value: object, good: bool) -> None:
    if good:
        assert whole_seconds({"nbf": value, "exp": "x"}, "nbf") == value
        return
    with pytest.raises(ValueError, match=r"^nbf must be whole seconds$"):
        whole_seconds({"nbf": value}, "nbf")


def test_a_time_that_is_absent_is_none() -> None:
    assert whole_seconds({"exp": 1}, "nbf") is None
