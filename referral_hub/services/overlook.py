"""The overlooking board: what may go wrong in what the council is accountable for, and whoever
looks at one case that is neither its own nor with it says why.

The board shows references, codes and names of agencies. Looking at one case shows its history and
steps, still nothing about the person; that somebody looked, and why, stands in the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from consent.policy import current_policy
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.channels import looked_by
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.overlooking import LOOK_LASTS, LookReason, Worry
from referral_hub.domain.transitions import OPEN
from referral_hub.domain.vetting import need_rules
from referral_hub.errors import NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.read_referrals import ReferralView
from referral_hub.store import change, overlooking, referrals
from referral_hub.store.overlooking import BoardRow, Wanted

PAGE = 50


@dataclass(frozen=True, slots=True)
class Board:
    """A page of the board; `counts` are of the whole board, `next` continues the page."""

    rows: Sequence[BoardRow]
    counts: Mapping[Worry, int]
    next: UUID | None


def read_board(
    hub: Hub, actor: Actor, *, worry: Worry | None = None, after: UUID | None = None
) -> Board:
    """Return what worries about, oldest first. Two statements, however much there is."""
    access.require(actor, Permission.OVERSEE)
    wanted = Wanted(
        agency_id=actor.agency_id,
        at=hub.clock(),
        insured={kind.value for kind in current_policy().insured},
        essential={need.value for need, rule in need_rules().items() if rule.essential},
    )
    with hub.database.acting_for(actor.agency_id) as connection:
        found = overlooking.page(
            connection, wanted, worry=worry and worry.value, after=after, most=PAGE + 1
        )
        counted = overlooking.counts(connection, wanted)
    shown = found[:PAGE]
    more = shown[-1].task_id if len(found) > PAGE else None
    return Board(shown, {one: counted.get(one.value, 0) for one in Worry}, more)


def must_say_why(hub: Hub, actor: Actor, view: ReferralView) -> bool:
    """Tell whether `actor` looks beyond its own cases and has not said lately why."""
    own = view.referral.origin_agency_id == actor.agency_id or any(
        task.recipient_agency_id == actor.agency_id and task.state in OPEN for task in view.current
    )
    if own:
        return False
    with hub.database.acting_for(actor.agency_id) as connection:
        return not overlooking.looked(
            connection,
            agency_id=actor.agency_id,
            user_id=actor.user_id,
            referral_id=view.referral.id,
            since=hub.clock() - LOOK_LASTS,
        )


def say_why(hub: Hub, actor: Actor, referral_id: UUID, reason: LookReason) -> None:
    """Record why `actor` looks at a referral that its council is accountable for.

    Raises NotFound for one that it is not accountable for.
    """
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        referral = referrals.one(connection, referral_id)
        access.require(actor, Permission.STEER, Situation(owner=referral.owner_agency_id))
        if referral.owner_agency_id != actor.agency_id:
            raise NotFound
        event = Event(
            type=EntryType.VIEW,
            sender=referral.origin_agency_id,
            recipient=actor.agency_id,
            actor_agency=actor.agency_id,
            actor_user=actor.user_id,
            referral_id=referral_id,
            purpose="oversight",
            outcome="permit",
            details={"reason": reason.value} | looked_by(actor.role),
        )
        entry = prepare(event, hub.keys, at)
        look = {
            "id": new_id(at),
            "agency_id": actor.agency_id,
            "user_id": actor.user_id,
            "referral_id": referral_id,
            "reason": reason.value,
            "at": at,
            "entry_id": entry.entry["id"],
        }
        change.write(connection, change.Change([entry], {"oversight_look": [look]}))
