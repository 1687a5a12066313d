"""The life cycle does for every state, event and party what the reviewed table says."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referral_hub.domain import life_cycle
from referral_hub.domain.transitions import (
    ACTIVE,
    DISCLOSED,
    FHIR_STATUS,
    OPEN,
    TRANSITIONS,
    Party,
    TaskEvent,
    TaskState,
    advance,
    possible,
)
from referral_hub.errors import Conflict

PROPERTY = settings(max_examples=60, deadline=None)

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "tests" / "tables" / "transitions.csv"
FHIR_R4_TASK_STATUSES = frozenset(
    """draft requested received accepted rejected ready cancelled in-progress on-hold failed
    completed entered-in-error""".split()  # noqa: SIM905 - a list of words is how the specification prints it
)
ENDS = frozenset(TaskState) - OPEN


def _rows() -> Iterator[tuple[TaskState, TaskEvent, Party, str]]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for party in Party:
                yield TaskState(row["state"]), TaskEvent(row["event"]), party, row[party]


@pytest.mark.parametrize(
    ("state", "event"),
    [pytest.param(s, e, id=f"{s}-{e}") for s, e in product(TaskState, TaskEvent)],
)
def test_each_event_leads_where_the_table_says_and_is_refused_to_everybody_else(
    state: TaskState, event: TaskEvent
) -> None:
    reviewed = {p: expected for s, e, p, expected in _rows() if (s, e) == (state, event)}
    assert set(reviewed) == set(Party), "every state and event has a row with every party"
    for party, expected in reviewed.items():
        if expected == "-":
            with pytest.raises(Conflict):
                advance(state, event, party)
        else:
            assert advance(state, event, party) is TaskState(expected)
        assert (event in possible(state, party)) is (expected != "-")


def test_the_table_has_each_state_and_event_once() -> None:
    with TABLE.open(newline="", encoding="utf-8") as file:
        pairs = [(row["state"], row["event"]) for row in csv.DictReader(file)]
    assert sorted(pairs) == sorted(product(TaskState, TaskEvent))
    sources = [(row.source, row.event) for row in TRANSITIONS]
    assert len(sources) == len(set(sources)), "one source and event lead to one state"


def test_a_refused_move_names_the_state_and_the_event_and_nothing_else() -> None:
    with pytest.raises(Conflict, match="A task that is closed cannot be moved by 'accept'"):
        advance(TaskState.CLOSED, TaskEvent.ACCEPT, Party.RECIPIENT)
    with pytest.raises(Conflict, match="'accept' is not a move for the owner of this task"):
        advance(TaskState.OFFERED, TaskEvent.ACCEPT, Party.OWNER)


@pytest.mark.parametrize("state", TaskState)
def test_each_state_maps_to_a_status_of_fhir_r4(state: TaskState) -> None:
    assert FHIR_STATUS[state] in FHIR_R4_TASK_STATUSES


@pytest.mark.parametrize("state", sorted(OPEN))
def test_the_person_may_withdraw_from_every_open_state(state: TaskState) -> None:
    assert advance(state, TaskEvent.WITHDRAW, Party.ORIGIN) is TaskState.WITHDRAWN


@pytest.mark.parametrize("state", sorted(OPEN))
def test_somebody_can_always_move_an_open_task(state: TaskState) -> None:
    movers = [party for party in Party if set(possible(state, party)) - {TaskEvent.WITHDRAW}]
    assert movers, "an open task that nobody can move would end in silence"


@pytest.mark.parametrize("state", sorted(ENDS))
def test_nothing_leaves_a_state_in_which_the_turn_is_over(state: TaskState) -> None:
    assert not any(possible(state, party) for party in Party)


def test_only_the_hub_delivers_and_only_a_recipient_accepts_or_declines() -> None:
    parties = {row.event: set[Party]() for row in TRANSITIONS}
    for row in TRANSITIONS:
        parties[row.event] |= row.parties
    assert parties[TaskEvent.DELIVER] == parties[TaskEvent.CLEAR] == {Party.HUB}
    assert parties[TaskEvent.ACCEPT] == parties[TaskEvent.DECLINE] == {Party.RECIPIENT}
    assert parties[TaskEvent.WITHDRAW] == {Party.ORIGIN}


def test_every_event_and_every_state_is_used() -> None:
    assert {row.event for row in TRANSITIONS} == set(TaskEvent)
    reached = {row.target for row in TRANSITIONS} | set(life_cycle.BEGINNINGS)
    assert reached == set(TaskState)


@PROPERTY
@given(
    st.sampled_from(life_cycle.BEGINNINGS),
    st.lists(st.tuples(st.sampled_from(TaskEvent), st.sampled_from(Party)), max_size=60),
)
def test_nobody_is_disclosed_to_before_delivery_nor_after_the_turn_is_over(
    beginning: TaskState, moves: list[tuple[TaskEvent, Party]]
) -> None:
    state, delivered, over = beginning, False, False
    for event, party in moves:
        try:
            state = advance(state, event, party)
        except Conflict:
            continue
        assert not over, "a turn that is over begins again"
        delivered = delivered or event is TaskEvent.DELIVER
        over = state in ENDS
        assert (state in DISCLOSED) <= delivered
        assert (state in ACTIVE) is (state in DISCLOSED or state is TaskState.ROUTED)


def test_the_page_about_the_life_cycle_is_what_the_table_says() -> None:
    written = (ROOT / "docs" / "life-cycle.md").read_text(encoding="utf-8")
    assert written == life_cycle.page(), (
        "run: python -m referral_hub.domain.life_cycle > docs/life-cycle.md"
    )
