"""Where an item of a register stands, and whether it is due for review.

Three registers: sharing agreements, notices, processing activities. The first two count only once a
second person approved them, so their items can wait or be turned down; a revision supersedes and
never edits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

REVIEW_AHEAD = timedelta(days=30)
APPROVED = "approved"


class Register(StrEnum):
    """The registers that an officer keeps."""

    AGREEMENTS = "agreements"
    NOTICES = "notices"
    ACTIVITIES = "activities"


class ItemState(StrEnum):
    """Where an item of a register stands."""

    WAITING = "waiting"
    TURNED_DOWN = "turned_down"
    NOT_YET = "not_yet"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    ENDED = "ended"
    RUN_OUT = "run_out"


class ProcessingRole(StrEnum):
    """What an agency is to a processing activity (UK GDPR Articles 26 to 28)."""

    CONTROLLER = "controller"
    JOINT_CONTROLLER = "joint_controller"
    PROCESSOR = "processor"


@dataclass(frozen=True, slots=True)
class Course:
    """The course of an item; `proposed_at` None is an item that needed no second person."""

    valid_from: datetime
    valid_until: datetime | None
    proposed_at: datetime | None
    decision: str | None
    ended_at: datetime | None
    superseded_at: datetime | None

    def state(self, at: datetime) -> ItemState:
        """Where it stands at `at`."""
        if self.proposed_at is not None and self.decision != APPROVED:
            return ItemState.TURNED_DOWN if self.decision else ItemState.WAITING
        for instant, state in (
            (self.ended_at, ItemState.ENDED),
            (self.superseded_at, ItemState.SUPERSEDED),
            (self.valid_until, ItemState.RUN_OUT),
        ):
            if instant is not None and instant <= at:
                return state
        return ItemState.NOT_YET if at < self.valid_from else ItemState.IN_FORCE


def due_for_review(state: ItemState, review_on: date | None, today: date) -> bool:
    """Whether an officer should look at it: its day is near or past, or it never had one."""
    if state not in {ItemState.IN_FORCE, ItemState.NOT_YET}:
        return False
    return review_on is None or review_on <= today + REVIEW_AHEAD
