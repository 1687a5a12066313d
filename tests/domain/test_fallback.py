"""Who is asked next: in the plan's order, never again, and the council in the end."""

from __future__ import annotations

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_hub.domain.fallback import NOT_AGAIN, Past, left
from referral_hub.domain.routing_model import Candidate
from referral_hub.domain.task_clocks import MOST_REFUSALS
from referral_hub.domain.transitions import OPEN, TaskState

HERE, OWNER = UUID(int=7), UUID(int=1)
OVER = sorted(frozenset(TaskState) - OPEN - {TaskState.CLOSED, TaskState.WITHDRAWN})


def plan(size: int) -> list[Candidate]:
    others = [Candidate(uuid5(HERE, f"s{n}"), uuid5(HERE, f"a{n}"), ()) for n in range(size)]
    return [*others, Candidate(None, OWNER, ())]


def positions(candidates: list[Candidate], turns: list[Past], closed: frozenset[int]) -> list[int]:
    shut = {candidates[n].service_id for n in closed}
    found = left(candidates, turns, owner=OWNER, may_ask=lambda c: c.service_id not in shut)
    assert all(candidates[position] is candidate for position, candidate in found)
    return [position for position, _ in found]


def turn(candidates: list[Candidate], position: int, state: TaskState, **where: int) -> Past:
    return Past(position, candidates[position].service_id, state, **where)


@given(st.integers(0, 8), st.data())
def test_a_slot_never_ends_with_nobody_and_asks_nobody_twice(
    size: int, data: st.DataObject
) -> None:
    candidates, turns = plan(size), list[Past]()
    closed = data.draw(st.frozensets(st.integers(0, max(size - 1, 0)), max_size=size))
    at = 0
    while candidates[at].agency_id != OWNER:
        state = data.draw(st.sampled_from([*sorted(NOT_AGAIN), TaskState.WITHHELD]))
        turns.append(turn(candidates, at, state))
        found = positions(candidates, turns, closed)
        assert found, "nobody is left to nobody"
        assert found[-1] == size, "the council is always the last"
        assert found == sorted(found)
        refused = {one.position for one in turns if one.state in NOT_AGAIN}
        assert not refused & set(found)
        refusals = sum(one.state in {TaskState.DECLINED, TaskState.NO_ANSWER} for one in turns)
        assert (found == [size]) or refusals < MOST_REFUSALS
        assert all(n not in closed or n == at for n in found)
        at = found[0] if found[0] != at else found[min(1, len(found) - 1)]
        assert len(turns) < 40


@given(st.integers(1, 8), st.data())
def test_where_the_council_chooses_the_plan_goes_on_from_there(
    size: int, data: st.DataObject
) -> None:
    candidates = plan(size)
    chosen = data.draw(st.integers(0, size))
    before = [turn(candidates, n, TaskState.DECLINED) for n in range(size)]
    last = turn(candidates, size - 1, TaskState.RETURNED, chosen=chosen)
    assert positions(candidates, [*before, last], frozenset())[0] == chosen


def test_a_hold_is_looked_at_again_from_where_consent_was_first_asked() -> None:
    candidates = plan(3)
    held = turn(candidates, 1, TaskState.HELD, again=0)
    assert positions(candidates, [held], frozenset()) == [0, 1, 2, 3]
    withheld = turn(candidates, 1, TaskState.WITHHELD)
    assert positions(candidates, [withheld], frozenset()) == [1, 2, 3]


def test_one_who_is_out_of_business_is_passed_over() -> None:
    candidates = plan(3)
    declined = turn(candidates, 0, TaskState.DECLINED)
    assert positions(candidates, [declined], frozenset({1})) == [2, 3]


def test_the_owner_is_left_even_where_the_plan_is_over() -> None:
    candidates = plan(2)
    assert positions(candidates, [turn(candidates, 2, TaskState.WITHHELD)], frozenset()) == [2]
    over = turn(candidates, 2, TaskState.NO_ANSWER)
    assert positions(candidates, [over], frozenset()) == [2]


def test_a_slot_without_a_turn_is_refused() -> None:
    with pytest.raises(ValueError, match="has had a turn"):
        left(plan(1), [], owner=OWNER, may_ask=lambda _: True)
    assert OVER, "there are ways to end a turn"
