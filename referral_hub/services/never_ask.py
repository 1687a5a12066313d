"""Whom a person never wants to be asked: remembered for each later referral, until they change
their mind.

It belongs to the person and not to one referral. Routing leaves such an agency out (T11) and
consent refuses it (R07), so what has not gone does not go. What had gone is stopped by a refusal,
which tells whoever has it (`change_of_mind`). The log says that somebody ruled an agency out or no
longer does; which one is sealed for the person, because it would tell something about them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.domain.commands import Actor
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.put_right import look_again
from referral_hub.store import change, persons, referrals, withdrawals
from referral_hub.store.engine import Connection
from referral_hub.store.plan_agencies import names_of

RECORDED, LIFTED = "never_recorded", "never_lifted"


@dataclass(frozen=True, slots=True)
class NeverAsk:
    """Agencies by id that the person rules out, and others of the plan that they might."""

    ruled_out: dict[UUID, str]
    others: dict[UUID, str]


def never_asked(hub: Hub, actor: Actor, referral_id: UUID) -> NeverAsk:
    """Return whom the person of a referral rules out, by name. Raises NotFound."""
    with hub.database.acting_for(actor.agency_id) as connection:
        referral = _own(connection, actor, referral_id)
        return _read(connection, referral)


def rule_out(hub: Hub, actor: Actor, referral_id: UUID, wanted: Collection[UUID]) -> None:
    """Record that the person rules out `wanted` and nobody else among those that were shown.

    What is on hold is looked at again. Raises NotFound; InvalidInput for an agency that was not
    shown; Conflict when it is recorded so already.
    """
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        withdrawals.lock_tasks(connection, referral_id)
        referral = _own(connection, actor, referral_id)
        shown = _read(connection, referral)
        if not set(wanted) <= shown.ruled_out.keys() | shown.others.keys():
            raise InvalidInput({"never": ("Select agencies from the list",)})
        added = frozenset(wanted) - shown.ruled_out.keys()
        lifted = frozenset(shown.ruled_out) - set(wanted)
        if not added and not lifted:
            raise Conflict("This is what is recorded already.")
        subject = withdrawals.subject_key(connection, referral.subject_id)
        persons.set_never(connection, subject.id, added=added, lifted=lifted)
        key = SubjectKey(subject.id, referral.origin_agency_id, subject.wrapped_key)
        events = [
            never_event(actor, key, referral_id, agencies, outcome=outcome)
            for outcome, agencies in ((RECORDED, added), (LIFTED, lifted))
            if agencies
        ]
        again = look_again(connection, persons.referrals_of(connection, subject.id), at)
        entries = [prepare(event, hub.keys, at) for event in events]
        change.write(connection, change.Change(entries, {"outbox": again}))
    hub.doorbell.ring()


def never_event(
    actor: Actor,
    subject: SubjectKey,
    referral_id: UUID,
    agencies: Collection[UUID],
    *,
    outcome: str = RECORDED,
) -> Event:
    """Return the log event; which agencies is among the facts that are sealed for the person."""
    return Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        subject=subject,
        referral_id=referral_id,
        outcome=outcome,
        rules=("R07",),
        cites=tuple(sorted(map(str, agencies))),
    )


def _own(connection: Connection, actor: Actor, referral_id: UUID) -> referrals.ReferralRow:
    referral = referrals.one(connection, referral_id)
    situation = Situation(origin=referral.origin_agency_id, author=referral.author_user_id)
    access.require(actor, Permission.WITHDRAW_AGREEMENT, situation)
    return referral


def _read(connection: Connection, referral: referrals.ReferralRow) -> NeverAsk:
    never = persons.never_of(connection, referral.subject_id)
    candidates = [one for slot in referral.plan for one in slot["candidates"]]
    planned = [UUID(one["agency"]) for one in candidates if one["service"]]
    names = names_of(connection, {*never, *planned})
    ours = {one: names[one] for one in never if one in names}
    others = {one: names[one] for one in dict.fromkeys(planned) if one in names and one not in ours}
    return NeverAsk(ours, others)
