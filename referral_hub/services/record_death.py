"""A person has died: nothing that has not gone goes, and nobody is sent a message about it.

The flag stops every release from the moment it is written, because each is decided again before
bytes leave (rule R14). What was held is looked at again so that it says why it waits. A death that
was recorded by mistake is put right in the same way, and everything goes on by itself. The limit:
what had gone before is with its recipients; whoever opens it is told that it is held.
"""

from __future__ import annotations

from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.domain.commands import Actor
from referral_hub.errors import Conflict
from referral_hub.services.hub import Hub
from referral_hub.services.put_right import look_again
from referral_hub.store import change, persons, referrals, withdrawals

ALREADY = {
    True: "It is recorded already that this person has died.",
    False: "It is not recorded that this person has died.",
}


def record_death(hub: Hub, actor: Actor, referral_id: UUID, *, died: bool) -> int:
    """Record that the person of a referral has died, or that this was a mistake.

    Returns how many held parts of their referrals are looked at again. Raises NotFound, and
    Conflict when it is recorded so already.
    """
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        referral = referrals.one(connection, referral_id)
        situation = Situation(origin=referral.origin_agency_id, author=referral.author_user_id)
        access.require(actor, Permission.RECORD_DEATH, situation)
        subject = withdrawals.subject_key(connection, referral.subject_id)
        if not persons.mark_deceased(connection, subject.id, died=died):
            raise Conflict(ALREADY[died])
        event = Event(
            type=EntryType.ADMIN,
            sender=actor.agency_id,
            actor_agency=actor.agency_id,
            actor_user=actor.user_id,
            subject=SubjectKey(subject.id, referral.origin_agency_id, subject.wrapped_key),
            referral_id=referral_id,
            outcome="death_recorded" if died else "death_corrected",
            rules=("R14",),
        )
        theirs = persons.referrals_of(connection, subject.id)
        again = look_again(connection, theirs, at)
        written = change.Change([prepare(event, hub.keys, at)], {"outbox": again})
        change.write(connection, written)
    hub.doorbell.ring()
    return len(again)


def has_died(hub: Hub, actor: Actor, referral_id: UUID) -> bool:
    """Tell whether it is recorded that the person of a referral has died. Raises NotFound."""
    with hub.database.acting_for(actor.agency_id) as connection:
        referral = referrals.one(connection, referral_id)
        situation = Situation(origin=referral.origin_agency_id, author=referral.author_user_id)
        access.require(actor, Permission.RECORD_DEATH, situation)
        return persons.is_deceased(connection, referral.subject_id)
