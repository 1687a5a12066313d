"""What cannot be meant together among somebody's wishes, whichever door they came through.

Pure, so that JSON, FHIR and files are judged by the same rules; the pages ask only what can be
meant. A protected characteristic is a wish for company and never a circumstance that is so or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from referral_hub.domain.codes import NeedCode, TaskType
from referral_hub.domain.commands import Wishes
from referral_hub.domain.routing_model import PROTECTED
from referral_hub.domain.vetting import need_rules


class WishFault(StrEnum):
    """What is wrong with a wish."""

    FIRST_AND_NEVER = "first_and_never"
    PROTECTED = "protected"
    NO_COMPANY = "no_company"
    SO_AND_NOT = "so_and_not"
    NOT_ESSENTIAL = "not_essential"
    OTHER_TASK = "other_task"


def wish_faults(wishes: Wishes, needs: Iterable[NeedCode]) -> list[tuple[str, WishFault]]:
    """Return (field of `Wishes`, fault) for each thing that cannot be meant."""
    rules, wanted = need_rules(), frozenset(needs)
    done = frozenset[TaskType]().union(*(rules[need].tasks for need in wanted))
    essential = {need for need in wanted if rules[need].essential}
    judged = (
        ("never", WishFault.FIRST_AND_NEVER, wishes.first & wishes.never),
        ("is_so", WishFault.PROTECTED, wishes.is_so & PROTECTED),
        ("is_not", WishFault.PROTECTED, wishes.is_not & PROTECTED),
        ("company", WishFault.NO_COMPANY, wishes.company - PROTECTED),
        ("is_not", WishFault.SO_AND_NOT, wishes.is_so & wishes.is_not),
        ("essential", WishFault.NOT_ESSENTIAL, wishes.essential - essential),
        ("tasks", WishFault.OTHER_TASK, wishes.tasks - done),
    )
    return [(name, fault) for name, fault, wrong in judged if wrong]
