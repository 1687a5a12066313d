"""What a one-time link is good for at an instant. Pure.

A link alone opens nothing: it takes the group's code as well, which never travels by mail. So a
forwarded mail, a mail scanner and a reader of the mailbox all stop at the same page. The link is
spent by its first right code, dies after `MOST_WRONG_CODES` wrong ones, and expires. A new one goes
only to the registered address. Expected outcomes: `tests/tables/links.csv`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from referral_hub.domain.transitions import DISCLOSED, TaskState

LINK_LIVES = timedelta(days=7)
VISIT_LIVES = timedelta(hours=1)
MOST_WRONG_CODES = 5
ASK_AGAIN_AFTER = timedelta(minutes=10)
MOST_LINKS_A_DAY = 5


class LinkState(StrEnum):
    """Why a link can, or cannot, be used."""

    USABLE = "usable"
    USED = "used"
    EXPIRED = "expired"
    CLOSED = "closed"
    MOVED_ON = "moved_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFacts:
    """What is known of a link: its task's state, whether something is still to be acted on, how
    often a wrong code was typed, when it was first opened and when it expires.
    """

    task_state: TaskState
    to_act_on: bool
    wrong_codes: int
    opened_at: datetime | None
    expires_at: datetime


def concerns_its_holder(task_state: TaskState, *, to_act_on: bool) -> bool:
    """Tell whether the task is still with its recipient, or it has something to act on."""
    return task_state in DISCLOSED or to_act_on


def state_of(facts: LinkFacts, at: datetime) -> LinkState:
    """Return what the link is good for at `at`; what concerns its reader most comes first."""
    if not concerns_its_holder(facts.task_state, to_act_on=facts.to_act_on):
        return LinkState.MOVED_ON
    if facts.wrong_codes >= MOST_WRONG_CODES:
        return LinkState.CLOSED
    if facts.opened_at is not None:
        return LinkState.USED
    return LinkState.EXPIRED if at >= facts.expires_at else LinkState.USABLE


def may_ask_again(newest: datetime | None, today: int, at: datetime) -> bool:
    """Tell whether a new link may be sent: `newest` was made last, `today` in the last day."""
    rested = newest is None or at - newest >= ASK_AGAIN_AFTER
    return rested and today < MOST_LINKS_A_DAY
