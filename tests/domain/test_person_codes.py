"""Who may have a code for their own page, row by row of the reviewed table, and whose it stays."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from consent.codes import GivenBy
from referral_hub.domain.person_codes import CodeFacts, NoCode, still_theirs, why_none

TABLE = Path(__file__).parents[1] / "tables" / "person_codes.csv"
with TABLE.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))
FLAGS = ("minor", "unsafe", "concern", "deceased", "erased")


def _facts(row: dict[str, str]) -> CodeFacts:
    flags = {name: row[name] == "yes" for name in FLAGS}
    return CodeFacts(given_by=GivenBy(row["given_by"]) if row["given_by"] else None, **flags)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_there_is_a_code_where_the_table_says_so(row: dict[str, str]) -> None:
    assert why_none(_facts(row)) == (NoCode(row["why_none"]) if row["why_none"] else None)


def test_every_reason_and_everybody_who_can_agree_has_a_row() -> None:
    assert {row["why_none"] for row in ROWS} == {"", *NoCode}
    assert {row["given_by"] for row in ROWS} == {"", *GivenBy}


@pytest.mark.parametrize("given_to", GivenBy)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_a_code_belongs_to_whoever_gave_the_newest_agreement(
    row: dict[str, str], given_to: GivenBy
) -> None:
    facts = _facts(row)
    allowed = why_none(facts) is None and row["given_by"] == given_to
    assert still_theirs(facts, given_to) is allowed


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_what_makes_it_unsafe_never_brings_a_code_back(row: dict[str, str]) -> None:
    facts = _facts(row)
    for name in ("unsafe", "concern", "deceased", "erased"):
        assert why_none(replace(facts, **{name: True})) is not None
