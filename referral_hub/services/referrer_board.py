"""A referrer's board: the agency's referrals, open ones first, with the one thing to do next.

What waits for the referrer comes first, then what waits for others, then who is being helped, then
what has ended. A part that the hub is about to pass on counts as waiting, so that a worker which
stands still makes nothing look finished. There are references, dates and states, never a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from consent.model import Clearer
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.domain.transitions import TaskState
from referral_hub.services.hub import Hub
from referral_hub.services.next_steps import NextStep, next_step
from referral_hub.services.read_referrals import newest_turns
from referral_hub.store import boards, referrals
from referral_hub.store.boards import Key
from referral_hub.store.referrals import ReferralRow, TaskRow

__all__ = ["Key", "Shelf", "Shelves", "Standing", "read_shelves"]

PAGE = 25
# what the reader does comes first, then what holds others up, then what goes well by itself
_FIRST = (
    NextStep.SENDER_ANSWERS,
    NextStep.SENDER_PUTS_RIGHT,
    NextStep.HUB_MOVES_ON,
    NextStep.HUB_DELIVERS,
    NextStep.RECIPIENT_ANSWERS,
    NextStep.RECIPIENT_CONTACTS,
    NextStep.RECIPIENT_RESUMES,
    NextStep.RECIPIENT_HELPS,
    NextStep.NOTHING,
)


class Shelf(StrEnum):
    """Where on the board a referral stands, in the board's order."""

    YOURS = "yours"
    WAITING = "waiting"
    HELPED = "helped"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """A referral, the newest task of each part, and the one thing to do next.

    `task` is the one that it is done to. `clearer` is who clears a hold, where it is held.
    """

    referral: ReferralRow
    shelf: Shelf
    tasks: Sequence[TaskRow]
    task: TaskRow
    next: NextStep
    clearer: Clearer | None

    @property
    def endings(self) -> list[str]:
        """The outcomes of its parts, each once."""
        return list(dict.fromkeys(task.outcome for task in self.tasks if task.outcome))


@dataclass(frozen=True, slots=True)
class Shelves:
    """A page of the board; `next` is the shelf and the referral that it continues after."""

    rows: Sequence[Standing]
    next: Key | None

    @property
    def by_shelf(self) -> list[list[Standing]]:
        """The rows, shelf by shelf."""
        return [list(rows) for _, rows in groupby(self.rows, key=lambda one: one.shelf)]


def read_shelves(
    hub: Hub,
    actor: Actor,
    *,
    shelf: Shelf | None = None,
    own: bool = False,
    after: Key | None = None,
) -> Shelves:
    """Return a page: of one shelf or of all, of the agency or with `own` the reader's own.

    Three statements, however long the list. Raises Forbidden.
    """
    access.require(actor, Permission.LIST_REFERRALS)
    wanted = boards.Wanted(
        actor.agency_id,
        shelf.value if shelf else None,
        author=actor.user_id if own else None,
        after=after,
        most=PAGE + 1,
    )
    with hub.database.acting_for(actor.agency_id) as connection:
        found = boards.shelved(connection, wanted)
        tasks = referrals.tasks_of(connection, [row.id for _, row in found[:PAGE]])
    lines = [_standing(row, Shelf(shelf), newest_turns(row, tasks)) for shelf, row in found[:PAGE]]
    last = lines[-1] if len(found) > PAGE else None
    return Shelves(lines, Key(last.shelf.value, last.referral.id) if last else None)


def _standing(row: ReferralRow, shelf: Shelf, tasks: Sequence[TaskRow]) -> Standing:
    task = min(tasks, key=lambda one: _FIRST.index(next_step(one.state)))
    held = task.state == TaskState.HELD and task.decision.get("clearer")
    clearer = Clearer(task.decision["clearer"]) if held else None
    return Standing(row, shelf, tasks, task, next_step(task.state), clearer)
