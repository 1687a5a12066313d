"""What may follow what, and what each step asks for, as the reviewed table says."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from referral_hub.domain.matters import (
    ASKS,
    BY_THE_HUB,
    MOVES,
    MatterEvent,
    MatterKind,
    MatterState,
    advance,
    is_over,
    possible,
)
from referral_hub.errors import Conflict

TABLE = Path(__file__).parents[1] / "tables" / "matter_moves.csv"
WORDS = {True: "required", False: "optional", None: "none"}


def _rows() -> list[dict[str, str]]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


REVIEWED = {(row["kind"], row["state"], row["event"]): row["leads to"] for row in _rows()}


@pytest.mark.parametrize("kind", MatterKind)
@pytest.mark.parametrize("state", MatterState)
@pytest.mark.parametrize("event", MatterEvent)
def test_a_step_leads_where_the_table_says_or_is_refused(
    kind: MatterKind, state: MatterState, event: MatterEvent
) -> None:
    expected = REVIEWED.get((kind.value, state.value, event.value))
    if expected is None:
        with pytest.raises(Conflict):
            advance(kind, state, event)
    else:
        assert advance(kind, state, event) == expected


@pytest.mark.parametrize("row", _rows(), ids=lambda row: "-".join(list(row.values())[:3]))
def test_a_step_asks_for_what_the_table_says(row: dict[str, str]) -> None:
    asks = ASKS.get((MatterKind(row["kind"]), MatterEvent(row["event"])))
    if asks is None:
        assert row["words"] == "by the hub"
        assert row["event"] in BY_THE_HUB
        return
    assert row["words"] == WORDS[asks.words]
    assert row["reason from"] == (asks.reasons.__name__ if asks.reasons else "")


def test_every_state_that_can_be_reached_ends_or_goes_on() -> None:
    for move in MOVES:
        on = possible(move.kind, move.target)
        assert is_over(move.kind, move.target) is not bool(on)
        assert not set(on) & BY_THE_HUB


@pytest.mark.parametrize("kind", MatterKind)
def test_every_open_matter_can_come_to_an_end(kind: MatterKind) -> None:
    states = {move.source for move in MOVES if move.kind is kind}
    ending = {state for state in MatterState if is_over(kind, state)}
    reached = set(ending)
    for _ in MatterState:
        reached |= {m.source for m in MOVES if m.kind is kind and m.target in reached}
    assert states <= reached
