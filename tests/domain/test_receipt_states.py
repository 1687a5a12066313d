"""How far along a delivery is, row by row of the reviewed table."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from referral_hub.domain.codes import OutboxState
from referral_hub.domain.deliveries import Progress, ReceiptState, receipt_state
from referral_hub.domain.transitions import TaskState

TABLE = Path(__file__).parents[1] / "tables" / "receipt_states.csv"
with TABLE.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_a_receipt_state_is_what_the_table_says(row: dict[str, str]) -> None:
    known = Progress(
        task_state=TaskState(row["task_state"]),
        seen=row["seen"] == "yes",
        outbox_state=OutboxState(row["outbox_state"]) if row["outbox_state"] else None,
        last_code=row["last_code"] or None,
        by_mail=row["by_mail"] == "yes",
    )
    expected = None if row["state"] == "none" else ReceiptState(row["state"])
    assert receipt_state(known) is expected


def test_every_state_of_a_receipt_and_of_a_task_is_in_the_table() -> None:
    assert {row["state"] for row in ROWS} - {"none"} == set(ReceiptState)
    assert {row["task_state"] for row in ROWS} == set(TaskState)
