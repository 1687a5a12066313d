"""Whoever was told says that they acted on it; or the sender notes that they learnt it otherwise.

Saying it again changes nothing and gets the same answer, so that a partner may repeat a request
whose answer was lost. Another agency's notification is not there.
"""

from __future__ import annotations

from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import prepare
from referral_hub.domain.codes import NotificationState, Role
from referral_hub.domain.commands import Actor
from referral_hub.errors import Conflict
from referral_hub.services.hub import Hub
from referral_hub.services.notify import step_event
from referral_hub.store import change, notifications


def acknowledge(hub: Hub, actor: Actor, notification_id: UUID) -> NotificationState:
    """Record that the actor's agency acted on what it was told; returns the state it is in now.

    What was superseded or settled meanwhile stays so. Raises NotFound, also for another agency's.
    """
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        row = notifications.one(connection, notification_id)
        situation = Situation(recipient=row.recipient_agency_id)
        access.require(actor, _permission(actor), situation)
        done = NotificationState.ACKNOWLEDGED
        if not notifications.answer(connection, row.id, state=done.value, who=actor.user_id, at=at):
            return NotificationState(notifications.one(connection, row.id).state)
        entry = prepare(step_event(row, done.value, actor), hub.keys, at)
        change.write(connection, change.Change([entry]))
    return done


def settle(hub: Hub, actor: Actor, notification_id: UUID) -> None:
    """Record that a silent recipient told the sender or the council in another way.

    Raises NotFound, Conflict when nothing is waited for any more.
    """
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        row = notifications.one(connection, notification_id)
        situation = Situation(origin=row.origin_agency_id, owner=row.owner_agency_id)
        access.require(actor, Permission.SETTLE_NOTIFICATION, situation)
        settled = NotificationState.SETTLED.value
        if row.state != NotificationState.UNANSWERED or not notifications.answer(
            connection, row.id, state=settled, who=actor.user_id, at=at
        ):
            raise Conflict("This is not waiting for you. Look at the list again.")
        entry = prepare(step_event(row, settled, actor), hub.keys, at)
        change.write(connection, change.Change([entry]))


def _permission(actor: Actor) -> Permission:
    partner = actor.role is Role.PARTNER_SYSTEM
    return Permission.ANSWER_AS_PARTNER if partner else Permission.ACKNOWLEDGE
