"""What may stand in words that people are told, case by case, and how their versions are called."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.notices import installed_notices, is_own, own_notice
from referral_hub.domain.notice_words import fault, next_version, tidy

TABLE = Path(__file__).parents[1] / "tables" / "notice_words.toml"
CASES = tomllib.loads(TABLE.read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_words_are_kept_or_refused_as_the_table_says(case: dict[str, Any]) -> None:
    typed = case["text"] * case.get("times", 1)
    text = tidy(typed)
    wrong = fault(text)
    if "told" in case:
        assert wrong is not None
        assert case["told"] in wrong
    else:
        assert wrong is None
        assert text == case.get("kept", typed)


@given(st.text())
def test_what_is_tidy_stays_as_it_is(typed: str) -> None:
    assert tidy(tidy(typed)) == tidy(typed)
    assert fault(typed) is None or "U+000A" not in str(fault(typed))


@pytest.mark.parametrize(
    "words", installed_notices(), ids=lambda one: f"{one.version}{one.language}"
)
def test_the_words_that_came_with_the_hub_keep_its_own_rules(words: Any) -> None:
    assert tidy(words.text) == words.text
    assert fault(words.text) is None
    assert not is_own(words.version)


def test_own_versions_are_counted_and_told_apart() -> None:
    assert next_version([]) == "own-1"
    assert next_version(["own-2", "own-10", "own-9"]) == "own-11"
    for name in ("own-0", "own-", "own-01", "own-1 ", "own-1234567", "Own-1", "1", "own-१"):
        assert not is_own(name), name
    assert is_own("own-999999")
    first, second = (
        own_notice(("a", "own-1", "en"), text, since=installed_notices()[0].valid_from)
        for text in ("one", "two")
    )
    assert len(first.sha256) == 64
    assert first.sha256 != second.sha256
