"""Who is asked next at a slot whose turn ended: the plan B behind every choice. Pure.

The plan is gone through in its order, from after whoever was asked last or from where the council
chose. Nobody is asked again who declined, was silent or was taken off it. When the list is at its
end, or enough have refused, the accountable council is left and must take it or close it with a
reason: a slot never ends with nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from referral_hub.domain.routing_model import Candidate
from referral_hub.domain.task_clocks import MOST_REFUSALS
from referral_hub.domain.transitions import TaskState

REFUSED = frozenset({TaskState.DECLINED, TaskState.NO_ANSWER})
NOT_AGAIN = REFUSED | {TaskState.RETURNED}
TRY_AGAIN = frozenset({TaskState.HELD, TaskState.WITHHELD})


@dataclass(frozen=True, slots=True)
class Past:
    """A turn that a slot has had. `chosen` is where in the plan the council wants to go on, and
    `again` from where to look anew where consent held or withheld it.
    """

    position: int
    service_id: UUID | None
    state: TaskState
    chosen: int | None = None
    again: int | None = None


def left(
    candidates: Sequence[Candidate],
    turns: Sequence[Past],
    *,
    owner: UUID,
    may_ask: Callable[[Candidate], bool],
) -> list[tuple[int, Candidate]]:
    """Return who is left to be asked, as (position in the plan, candidate), in order.

    `turns` are the slot's, oldest first, the last of them over or held. Raises ValueError without
    one. Empty only for a plan without its owner.
    """
    if not turns:
        raise ValueError("a slot that moves on has had a turn")
    placed = list(enumerate(candidates))
    owners = [one for one in placed if one[1].agency_id == owner][-1:]
    latest = turns[-1]
    refusals = sum(turn.state in REFUSED for turn in turns)
    if latest.chosen is None and refusals >= MOST_REFUSALS:
        return owners
    refused = {turn.service_id for turn in turns if turn.state in NOT_AGAIN}
    start = _start(latest)
    rest = [
        (position, candidate)
        for position, candidate in placed
        if position >= start
        and (
            candidate.agency_id == owner
            or (
                may_ask(candidate)
                and (candidate.service_id not in refused or position == latest.chosen)
            )
        )
    ]
    return rest or owners


def _start(latest: Past) -> int:
    if latest.chosen is not None:
        return latest.chosen
    if latest.state in TRY_AGAIN:
        return latest.position if latest.again is None else latest.again
    return latest.position + 1
