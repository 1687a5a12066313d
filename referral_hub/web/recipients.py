"""What the page of recipients shows and asks: only what would change who can help.

Tasks and essential needs are those of the needs that were ticked; circumstances and company are
those that a service nearby states. Nobody is asked about anything else of the patient's life.
"""

from __future__ import annotations

from typing import Any

from referral_hub.domain.codes import Circumstance, Manner, NeedCode, TaskType
from referral_hub.domain.listings import Weekday
from referral_hub.domain.routing_model import PROTECTED
from referral_hub.domain.vetting import need_rules
from referral_hub.services.propose_recipients import ProposedSlot
from referral_hub.web.forms.referral import Known

AGAIN = "again"


def asks(known: Known) -> dict[str, Any]:
    """Return the page's slots and its questions, the codes of each in their usual order."""
    slots: tuple[ProposedSlot, ...] = known.proposed
    needs = {need for slot in slots for need in slot.needs}
    rules = need_rules()
    choices = [rules[need].tasks for need in needs if len(rules[need].tasks) > 1]
    tasks = frozenset[TaskType]().union(*choices)
    stated = frozenset[Circumstance]().union(*(slot.stated for slot in slots))
    return {
        "slots": slots,
        "manners": [Manner.ONE_TO_ONE, Manner.GROUP, Manner.PEER],
        "nearby": [{"value": one, "text": name} for one, name in known.nearby.items()],
        "tasks": [task for task in TaskType if task in tasks],
        "essential": [need for need in NeedCode if need in needs and rules[need].essential],
        "circumstances": [one for one in Circumstance if one in stated - PROTECTED],
        "days": list(Weekday) if any(slot.timed for slot in slots) else [],
        "company": [one for one in Circumstance if one in stated & PROTECTED],
    }
