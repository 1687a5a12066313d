"""Processing activities: the record that UK GDPR Article 30 asks of controllers and processors."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.registers import ProcessingRole, Register
from referral_hub.services.hub import Hub
from referral_hub.services.registers import entry_of, one, require_revisable
from referral_hub.store import change


@dataclass(frozen=True, slots=True)
class Activity:
    """One processing activity, in words. None of them may name a person."""

    name: str
    role: ProcessingRole
    purposes: str
    lawful_basis: str
    people: str
    information: str
    recipients: str
    transfers: str
    retention: str
    security: str
    document: str | None
    review_on: date


def record_activity(
    hub: Hub, actor: Actor, activity: Activity, *, supersedes: UUID | None = None
) -> UUID:
    """Record an activity, or a revision of one; return its id.

    Raises Forbidden, NotFound, and Conflict (what it would supersede).
    """
    access.require(actor, Permission.KEEP_REGISTERS)
    at = hub.clock()
    row = {
        "id": new_id(at),
        "agency_id": actor.agency_id,
        **asdict(activity),
        "role": activity.role.value,
        "supersedes": supersedes,
        "recorded_by": actor.user_id,
        "recorded_at": at,
    }
    with hub.database.acting_for(actor.agency_id) as connection:
        if supersedes is not None:
            require_revisable(
                connection, one(connection, actor, Register.ACTIVITIES, supersedes, at=at)
            )
        entry = entry_of(hub, actor, row, register=Register.ACTIVITIES, outcome="register_recorded")
        change.write(connection, change.Change([entry], {"processing_activity": [row]}))
    return UUID(str(row["id"]))
