"""What a one-time link is good for, row by row of the reviewed table."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from referral_hub.domain.links import (
    ASK_AGAIN_AFTER,
    MOST_LINKS_A_DAY,
    LinkFacts,
    LinkState,
    may_ask_again,
    state_of,
)
from referral_hub.domain.transitions import TaskState

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
TABLE = Path(__file__).parents[1] / "tables" / "links.csv"
with TABLE.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_a_link_is_good_for_what_the_table_says(row: dict[str, str]) -> None:
    ago = row["opened_hours_ago"]
    facts = LinkFacts(
        task_state=TaskState(row["task_state"]),
        to_act_on=row["to_act_on"] == "yes",
        wrong_codes=int(row["wrong_codes"]),
        opened_at=AT - timedelta(hours=float(ago)) if ago else None,
        expires_at=AT + timedelta(hours=float(row["expires_in_hours"])),
    )
    assert state_of(facts, AT) is LinkState(row["state"])


def test_every_state_of_a_link_is_in_the_table() -> None:
    assert {row["state"] for row in ROWS} == set(LinkState)


def test_a_new_link_needs_ten_minutes_and_there_are_five_a_day() -> None:
    assert may_ask_again(None, 0, AT)
    assert may_ask_again(AT - ASK_AGAIN_AFTER, MOST_LINKS_A_DAY - 1, AT)
    assert not may_ask_again(AT - ASK_AGAIN_AFTER + timedelta(seconds=1), 1, AT)
    assert not may_ask_again(AT - timedelta(hours=2), MOST_LINKS_A_DAY, AT)
