"""A proposed plan becomes parts, one for each agency that is asked: needs that go to the same
agency go together.

Each slot is placed by itself first, because only consent says who may be asked. What would reach
one agency twice becomes one part (`routing.together`), which is then placed as a whole. Everybody
who was asked about stays in what is logged, also where the part that they were asked for is no
longer there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from uuid import UUID

from consent.inputs import Decided
from referral_hub.domain.routing import together
from referral_hub.domain.routing_model import Slot
from referral_hub.services.place import Considered, Placement, place

Ask = Callable[[UUID], Decided]
Parts = tuple[tuple[Slot, ...], tuple[Placement, ...]]


def in_parts(proposed: Sequence[Slot], ask_for: Ask) -> Parts:
    """Return the plan in parts and the placement of each; the plan may go on with later places."""
    asked = cache(ask_for)
    single = [place(enumerate(slot.candidates), asked) for slot in proposed]
    firsts = [placement.chosen.candidate.agency_id for placement in single]
    if len(set(firsts)) == len(firsts):
        return tuple(proposed), tuple(single)
    plan = together(proposed, firsts)
    placements = []
    for first, part in zip(dict.fromkeys(firsts), plan, strict=False):
        before = [one for agency, one in zip(firsts, single, strict=True) if agency == first]
        if len(before) == 1:
            placements.append(before[0])
        else:
            placements.append(_with(place(enumerate(part.candidates), asked), part, before))
    return plan, tuple(placements)


def held_for_owner(plan: Sequence[Slot], ask_for: Ask) -> tuple[Placement, ...]:
    """Return a placement for each slot that waits until the owner has chosen; nobody is asked."""
    placements = []
    for slot in plan:
        last = len(slot.candidates) - 1
        placement = place([(last, slot.candidates[last])], ask_for)
        placements.append(replace(placement, owner_chooses=True))
    return tuple(placements)


def _with(placement: Placement, part: Slot, before: Iterable[Placement]) -> Placement:
    """Add who was considered for a single need and is not in the part's plan, to be logged."""
    seen = {one.candidate.agency_id for one in placement.considered}
    others: dict[UUID, Considered] = {}
    for one in (found for earlier in before for found in earlier.considered):
        if one.candidate.agency_id not in seen:
            others.setdefault(one.candidate.agency_id, one)
    extra = (
        replace(one, position=len(part.candidates) + index)
        for index, one in enumerate(others.values())
    )
    return replace(placement, considered=(*placement.considered, *extra))
