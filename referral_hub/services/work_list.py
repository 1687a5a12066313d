"""The work list: what waits for a person, for whom, since when, why, and who can clear it.

Five things wait: a referral that consent holds, a recipient who was told something and stayed
silent after a reminder, an agreement that is about to end, a person to be told of a step in a way
that is not the hub's, and one who changed their mind on their own page. The sender's staff, the
accountable council and each one's data protection officer read the same list, without a word about
the person. Clearing a hold needs no further step here: once what was missing is there, whoever put
it right, the plan goes on by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from consent.model import Clearer, RuleId
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.store import work_list
from referral_hub.store.work_list import WaitingRow

PAGE = 50


class Waits(StrEnum):
    """What kind of thing waits."""

    HELD = "held"
    SILENT = "silent"
    ENDING = "ending"
    TELL = "tell"
    CHANGED = "changed"


class Clearing(StrEnum):
    """What whoever reads the list can do about a line of it."""

    AGREE = "agree"
    SETTLE = "settle"
    TOLD = "told"
    READ = "read"
    LOOK = "look"
    REGISTER = "register"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the list: what waits, who can clear it, and what the reader can do."""

    row: WaitingRow
    clearer: Clearer
    clearing: Clearing


@dataclass(frozen=True, slots=True)
class WorkPage:
    """A page of the list, oldest first; `next` continues it."""

    rows: Sequence[Waiting]
    next: UUID | None


def read_work_list(
    hub: Hub, actor: Actor, *, what: Waits | None = None, after: UUID | None = None
) -> WorkPage:
    """Return what waits for the actor's agency. One statement. Raises Forbidden."""
    access.require(actor, Permission.READ_WORK_LIST)
    with hub.database.acting_for(actor.agency_id) as connection:
        rows = work_list.page(
            connection,
            actor.agency_id,
            what=what.value if what else None,
            after=after,
            most=PAGE + 1,
        )
    shown = [Waiting(row, _clearer(row), _clearing(actor, row)) for row in rows[:PAGE]]
    return WorkPage(shown, shown[-1].row.id if len(rows) > PAGE else None)


def _clearer(row: WaitingRow) -> Clearer:
    if row.what == Waits.HELD and row.decision and row.decision.get("clearer"):
        return Clearer(row.decision["clearer"])
    return Clearer.SENDER_AGENCY


def _waits_for_a_register(row: WaitingRow) -> bool:
    """Whether a hold waits for a sharing agreement or its basis (R01, R02), which officers keep."""
    rules = row.decision.get("rules", ()) if row.what == Waits.HELD and row.decision else ()
    return not {RuleId.R01, RuleId.R02}.isdisjoint(rules)


def _clearing(actor: Actor, row: WaitingRow) -> Clearing:
    if actor.role is Role.DATA_PROTECTION_OFFICER:
        ours = actor.agency_id == row.origin_agency_id
        return Clearing.REGISTER if ours and _waits_for_a_register(row) else Clearing.LOG
    if row.what == Waits.SILENT:
        return Clearing.SETTLE
    if row.what == Waits.TELL:
        return Clearing.TOLD
    if row.what == Waits.CHANGED:
        return Clearing.READ
    sends = actor.role is Role.REFERRER and actor.agency_id == row.origin_agency_id
    if sends and _clearer(row) is Clearer.SENDER_AGENCY:
        return Clearing.AGREE
    return Clearing.LOOK
