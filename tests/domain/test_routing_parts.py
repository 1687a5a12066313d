"""Needs that one agency takes become one part, and no need is ever lost or asked of two at once."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from referral_hub.domain.codes import NeedCode
from referral_hub.domain.routing import RouteReason, Slot, propose, together, with_owner
from tests.domain.town import AT, agency, seeker, service

PROPERTY = settings(max_examples=60, deadline=None)
OWNER = agency(50)
NEEDS = ("lonely", "lifts", "home_safety", "garden_home_jobs")


def _plan(*notations: str) -> tuple[Slot, ...]:
    town = [service(number, notation) for number, notation in enumerate(notations, 1)]
    wanted = {need for one in town for need in one.needs}
    return with_owner(propose(wanted, seeker("tasks=lift_elsewhere"), town, at=AT), OWNER)


def _agencies(slot: Slot) -> list[UUID]:
    return [candidate.agency_id for candidate in slot.candidates]


def test_needs_that_start_with_different_agencies_stay_apart() -> None:
    plan = _plan("needs=lonely", "needs=home_safety")
    assert together(plan, [slot.candidates[0].agency_id for slot in plan]) == plan


def test_needs_that_start_with_the_same_agency_become_one_part_and_go_apart_after_its_no() -> None:
    plan = _plan(
        "needs=lonely|home_safety;wait=1", "needs=lonely;wait=5", "needs=home_safety;wait=6"
    )
    part, *later = together(plan, [agency(1), agency(1)])
    assert set(part.needs) == {NeedCode.LONELY, NeedCode.HOME_SAFETY}
    assert _agencies(part) == [agency(1)]
    assert part.then == (1, 2)
    assert [(slot.needs, _agencies(slot)) for slot in later] == [
        ((NeedCode.HOME_SAFETY,), [agency(3), OWNER]),
        ((NeedCode.LONELY,), [agency(2), OWNER]),
    ]


def test_a_part_that_nobody_else_can_help_with_ends_with_the_owner() -> None:
    both = "needs=lonely|home_safety;wait="
    plan = _plan(both + "1", both + "2;languages=pl", "needs=lonely;wait=5;areas=north")
    (part,) = together((*plan, *plan), [agency(1)] * 2)
    assert _agencies(part) == [agency(1), OWNER]
    assert part.then == ()


def test_what_falls_to_the_owner_is_one_part_for_the_owner() -> None:
    plan = _plan("needs=lonely", "needs=home_safety")
    (part,) = together(plan, [OWNER, OWNER])
    assert _agencies(part) == [OWNER]
    assert set(part.needs) == {NeedCode.LONELY, NeedCode.HOME_SAFETY}


def test_two_that_step_in_for_each_other_stand_together_and_one_alone_does_not() -> None:
    def look(second: str) -> Slot:
        town = [service(1, "backup=2;alarm=yes"), service(2, f"backup=1;alarm=yes;{second}")]
        (slot,) = propose([NeedCode.LONELY], seeker("essential=lonely"), town, at=AT)
        return slot

    assert len(look("").candidates) == 2
    alone = look("active=no")
    assert not alone.candidates
    assert {row.reason for row in alone.excluded} == {RouteReason.PAUSED, RouteReason.NO_BACKUP}


def _notation() -> st.SearchStrategy[str]:
    needs = st.sets(st.sampled_from(NEEDS), min_size=1).map(lambda some: "|".join(sorted(some)))
    return st.builds("needs={};wait={}".format, needs, st.integers(0, 5))


@PROPERTY
@given(st.lists(_notation(), min_size=1, max_size=6), st.data())
def test_every_need_is_asked_of_one_agency_and_no_place_of_a_plan_is_without_the_owner(
    notations: list[str], data: st.DataObject
) -> None:
    plan = _plan(*notations)
    firsts = [data.draw(st.sampled_from(_agencies(slot))) for slot in plan]
    made = together(plan, firsts)
    parts = made[: len(set(firsts))]
    wanted = sorted(need for slot in plan for need in slot.needs)
    assert sorted(need for part in parts for need in part.needs) == wanted
    for place, slot in enumerate(made):
        after = [made[index] for index in slot.then]
        assert all(index > place for index in slot.then)
        assert after or slot.candidates[-1].agency_id == OWNER
        if after:
            assert sorted(need for one in after for need in one.needs) == sorted(slot.needs)
            assert not {a for one in after for a in _agencies(one)[:-1]} & set(_agencies(slot))
    for slot, first in zip(plan, firsts, strict=True):
        (part,) = (one for one in parts if set(slot.needs) <= set(one.needs))
        offered = set(_agencies(part)) | {a for i in part.then for a in _agencies(made[i])}
        assert first in _agencies(part)
        assert offered >= set(_agencies(slot)) or OWNER in _agencies(part)
