"""Keys as people paste them: what is kept of each, and in which words the others are refused."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from referral_hub.crypto.pasted_keys import public_encryption_jwk, public_jwk
from referral_hub.errors import CryptoError
from tests.crypto.jose import ODD

TABLE = tomllib.loads((Path(__file__).parent / "pasted_keys.toml").read_text())
WORDS = TABLE["words"]
FIELDS: dict[str, Callable[[str], dict[str, str]]] = {
    "signing": public_jwk,
    "encryption": public_encryption_jwk,
}
BOTH = pytest.mark.parametrize("field", FIELDS)
P256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "Zd4V_st-w837Vw-oercc4fGOidWXawcFfNu_9f-Ft2A",
    "y": "Z9hQmLaQO62CvrDJiPefHylenBKFxYCxmYNhIO0bv34",
}
LONGEST = 4_000


def made_of(field: str, text: str) -> object:
    """Return the key that the field keeps, or the word for those that it refuses in."""
    try:
        return FIELDS[field](text)
    except CryptoError as refused:
        return {words: name for name, words in WORDS.items()}[str(refused)]


@BOTH
@pytest.mark.parametrize("row", TABLE["pasted"], ids=lambda row: row["id"])
def test_a_pasted_key_is_kept_or_refused_in_words(row: dict[str, Any], field: str) -> None:
    assert made_of(field, row["text"]) == row[field]


def test_the_table_has_a_row_for_all_words_but_those_about_ids() -> None:
    made = [row[field] for row in TABLE["pasted"] for field in FIELDS]
    assert {word for word in made if isinstance(word, str)} == set(WORDS) - {"kid"}


@BOTH
@pytest.mark.parametrize("member", ["d", "k", "p", "q", "dp", "dq", "qi", "oth"])
def test_each_private_member_of_a_jwk_makes_it_private(field: str, member: str) -> None:
    assert made_of(field, json.dumps({**P256, member: "AA"})) == "private"


@BOTH
@pytest.mark.parametrize("kid", ["a", "-", "a" * 128, "aZ09_.:+/=-"])
def test_an_id_of_these_characters_is_kept(field: str, kid: str) -> None:
    assert FIELDS[field](json.dumps({**P256, "kid": kid}))["kid"] == kid


OTHER_IDS: dict[str, object] = {
    "empty": "",
    "one too long": "a" * 129,
    "a blank": "a b",
    "a line's end": "a\n",
    "an accent": "é",
    "a digit of another script": "٣",
    "markup": "<b>",
    "a path": "../a\\b",
    "a number": 7,
    "null": None,
    "a list": ["a"],
}


@BOTH
@pytest.mark.parametrize("kid", OTHER_IDS.values(), ids=OTHER_IDS)
def test_another_id_is_refused(field: str, kid: object) -> None:
    assert made_of(field, json.dumps({**P256, "kid": kid})) == "kid"


@BOTH
def test_a_paste_has_at_most_four_thousand_characters_between_its_spaces(field: str) -> None:
    bare = len(json.dumps({**P256, "kid": "a", "note": ""}))
    longest = json.dumps({**P256, "kid": "a", "note": "x" * (LONGEST - bare)})
    assert len(longest) == LONGEST
    assert FIELDS[field](f"\n {longest} \n")["kid"] == "a"
    assert made_of(field, longest.replace("x", "xx", 1)) == f"no_{field}_key"


@BOTH
def test_a_private_key_is_told_so_however_long_it_is(field: str) -> None:
    assert made_of(field, f"PRIVATE KEY{'x' * LONGEST}") == "private"


@BOTH
def test_half_a_character_is_no_key(field: str) -> None:
    assert made_of(field, "\ud800") == f"no_{field}_key"


@BOTH
@pytest.mark.parametrize("member", ["kty", "crv", "x", "y"])
def test_no_odd_value_in_a_key_breaks_the_field(field: str, member: str) -> None:
    for odd in ODD:
        assert made_of(field, json.dumps({**P256, member: odd})) == f"no_{field}_key"
