"""The person has changed their mind: everything unsent stops at once, recipients are told, and what
went is listed.

One transaction as the sender's agency. A delivery that a worker has leased at this very moment may
still leave; its recipient is then told as well, after the lease has run out, so the message cannot
overtake the referral. Whoever declined or has finished is told too: what they received they still
hold (UK GDPR Article 19). It names those whom the person agreed to with this referral, so what they
agreed to with others, in another referral, stands; what the same ones have of another referral
stops and is told as well (`stop_elsewhere`).
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from consent.model import GivenBy, Method, Purpose
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import SubjectKey
from referral_hub.domain.codes import NotificationKind, Role
from referral_hub.domain.commands import Actor
from referral_hub.domain.transitions import OPEN
from referral_hub.errors import Conflict
from referral_hub.services.hub import Hub
from referral_hub.services.stop_elsewhere import stop_elsewhere
from referral_hub.services.stop_sharing import Said, Stop, stop_sharing
from referral_hub.store import person_messages, referrals, withdrawals


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal stopped, who is being told, and what had already gone."""

    stopped: tuple[str, ...]
    told: tuple[str, ...]
    already_disclosed: tuple[referrals.DisclosureRow, ...]


def withdraw_agreement(
    hub: Hub,
    actor: Actor,
    referral_id: UUID,
    *,
    method: Method = Method.IN_PERSON,
    given_by: GivenBy = GivenBy.SELF,
) -> Withdrawn:
    """Withdraw the person's agreement to share this referral, at their request; no reason is asked.

    The actor is the sender's staff or system, or the person themselves: then the sender's work
    list says so.

    Raises NotFound, and Conflict when it has been withdrawn already.
    """
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        withdrawals.lock_tasks_of_person(connection, referral_id)
        referral = referrals.one(connection, referral_id)
        situation = Situation(origin=referral.origin_agency_id, author=referral.author_user_id)
        access.require(actor, Permission.WITHDRAW_AGREEMENT, situation)
        if referral.withdrawn_at is not None:
            raise Conflict("The agreement for this referral has been withdrawn already.")
        if referral.purpose == Purpose.SAFEGUARDING:
            raise Conflict("A safeguarding concern does not rest on an agreement, so none ends it.")
        subject = withdrawals.subject_key(connection, referral.subject_id)
        key = SubjectKey(subject.id, referral.origin_agency_id, subject.wrapped_key)
        every = referrals.tasks_of(connection, [referral_id])
        tasks = [t for t in every if t.state in OPEN]
        in_flight = withdrawals.cancel_unsent(connection, referral_id, at)
        disclosed = referrals.disclosures_of(connection, referral_id)
        told = [t for t in every if t.released_at is not None or t.id in in_flight]
        kind, named = NotificationKind.WITHDRAWN, withdrawals.named_with(connection, referral_id)
        also = stop_elsewhere(connection, referral, kind, named, at=at)
        stop = Stop(
            referral,
            key,
            Said(kind, named, method, given_by),
            at,
            ends=[*tasks, *also.ends],
            told=[*told, *also.told],
            again=also.again,
            in_flight={**in_flight, **also.in_flight},
            elsewhere=also.referral_ids,
        )
        stop_sharing(hub, connection, actor, stop)
        referrals.mark_withdrawn(connection, referral_id, at)
        if actor.role is Role.PERSON:
            person_messages.note_change(connection, referral_id, at)
    hub.doorbell.ring()
    return Withdrawn(
        stopped=tuple(t.recipient_name for t in stop.ends if t not in stop.told),
        told=tuple(t.recipient_name for t in stop.told),
        already_disclosed=tuple(disclosed),
    )
