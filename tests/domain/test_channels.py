"""By which way an entry says that data went or was looked at, row by row of the reviewed table."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from referral_hub.domain.channels import (
    DETAIL,
    PROTECTION,
    Channel,
    Protection,
    for_a_message,
    handed_over,
    in_a_file,
    looked_by,
)
from referral_hub.domain.codes import Role

TABLE = Path(__file__).parents[1] / "tables" / "channels.csv"
with TABLE.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(filter(None, row.values())))
def test_a_way_is_what_the_table_says(row: dict[str, str]) -> None:
    named = row["who or transport"]
    said = {
        "look": lambda: looked_by(Role(named)),
        "file": in_a_file,
        "message": for_a_message,
        "disclosure": lambda: handed_over(
            named, leaves=row["leaves"] == "yes", sealed=row["sealed"] == "yes"
        ),
    }[row["what"]]()
    wanted = {DETAIL: row["channel"], PROTECTION: row["protection"]}
    assert said == {name: code for name, code in wanted.items() if code}


def test_every_way_and_every_role_has_a_row() -> None:
    assert {row["channel"] for row in ROWS} == set(Channel)
    assert {row["protection"] for row in ROWS} == {*Protection, ""}
    assert {row["who or transport"] for row in ROWS if row["what"] == "look"} == set(Role)
