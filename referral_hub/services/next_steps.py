"""Whose move it is now, for every state: nothing ends in silence."""

from __future__ import annotations

from enum import StrEnum

from referral_hub.domain.transitions import TaskState
from referral_hub.services.place import OWNER_CHOOSES


class NextStep(StrEnum):
    """What has to happen next, as a code; the pages have the words."""

    SENDER_PUTS_RIGHT = "sender_puts_right"
    OWNER_CHOOSES = "owner_chooses"
    HUB_DELIVERS = "hub_delivers"
    RECIPIENT_ANSWERS = "recipient_answers"
    SENDER_ANSWERS = "sender_answers"
    RECIPIENT_CONTACTS = "recipient_contacts"
    RECIPIENT_HELPS = "recipient_helps"
    RECIPIENT_RESUMES = "recipient_resumes"
    HUB_MOVES_ON = "hub_moves_on"
    NOTHING = "nothing"


NEXT: dict[TaskState, NextStep] = {
    TaskState.HELD: NextStep.SENDER_PUTS_RIGHT,
    TaskState.ROUTED: NextStep.HUB_DELIVERS,
    TaskState.OFFERED: NextStep.RECIPIENT_ANSWERS,
    TaskState.INFORMATION_ASKED: NextStep.SENDER_ANSWERS,
    TaskState.ACCEPTED: NextStep.RECIPIENT_CONTACTS,
    TaskState.IN_PROGRESS: NextStep.RECIPIENT_HELPS,
    TaskState.ON_HOLD: NextStep.RECIPIENT_RESUMES,
    TaskState.DECLINED: NextStep.HUB_MOVES_ON,
    TaskState.NO_ANSWER: NextStep.HUB_MOVES_ON,
    TaskState.WITHHELD: NextStep.HUB_MOVES_ON,
    TaskState.RETURNED: NextStep.HUB_MOVES_ON,
    TaskState.WITHDRAWN: NextStep.NOTHING,
    TaskState.CLOSED: NextStep.NOTHING,
}


def next_step(state: str, reason: str | None = None) -> NextStep:
    """Return what happens next to a task in `state`; `reason` is why it is held."""
    if state == TaskState.HELD and reason == OWNER_CHOOSES:
        return NextStep.OWNER_CHOOSES
    return NEXT[TaskState(state)]
