"""Emergency access seen by officers: an alert that cannot be missed, and a review by someone else.

An alert is there as soon as the access is, because it is a row of the same statement; nothing
carries it. Where the agency is told by mail, a mail follows (`alert_officers`). It holds a
reference and codes. Why, in words, may name a person: opening that is a logged look. Each of the
two agencies reviews for itself, and whoever used the access reviews it for neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.crypto.records import SealedNote
from referral_hub.crypto.unseal import open_note
from referral_hub.domain.channels import looked_by
from referral_hub.domain.commands import Actor, ReviewEmergencyAccess
from referral_hub.domain.ids import new_id
from referral_hub.errors import Conflict
from referral_hub.services.emergency_notes import REVIEW, Words, note_context, note_row
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import append
from referral_hub.services.release import Withheld
from referral_hub.store import change, emergency

MOST = 50
OWN_REVIEW = "emergency_own_review"
_TELL_OWN = (
    "You used this emergency access, so somebody else must review it. Ask another data protection"
    " officer of your agency."
)


@dataclass(frozen=True, slots=True)
class ReviewList:
    """Alerts that wait for a review, oldest first, and the last ones that were reviewed."""

    waiting: Sequence[emergency.Alert]
    reviewed: Sequence[emergency.Alert]


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """What somebody wrote about an emergency access; `kind` is `reason` or `review`."""

    kind: str
    ours: bool
    text: str

    def __repr__(self) -> str:
        return "<Written>"


def count_alerts(hub: Hub, actor: Actor) -> int:
    """Return how many alerts wait for the actor's review; 0 for those who review nothing."""
    if not access.allowed(actor.role, Permission.REVIEW_EMERGENCY_ACCESS):
        return 0
    with hub.database.acting_for(actor.agency_id) as connection:
        return emergency.count_waiting(connection)


def list_alerts(hub: Hub, actor: Actor) -> ReviewList:
    """Return what waits for a review and what was reviewed last. Raises Forbidden."""
    access.require(actor, Permission.REVIEW_EMERGENCY_ACCESS)
    with hub.database.acting_for(actor.agency_id) as connection:
        return ReviewList(
            waiting=emergency.waiting(connection, most=MOST),
            reviewed=emergency.reviewed(connection, most=MOST),
        )


def read_alert(hub: Hub, actor: Actor, alert_id: UUID) -> emergency.Alert:
    """Return one alert of the actor's agency. Raises NotFound."""
    access.require(actor, Permission.REVIEW_EMERGENCY_ACCESS)
    with hub.database.acting_for(actor.agency_id) as connection:
        return emergency.alert(connection, alert_id)


def open_reason(hub: Hub, actor: Actor, alert_id: UUID) -> list[Written]:
    """Open what was written about an emergency access; the look is in the log first.

    Raises NotFound, LogUnavailable.
    """
    hub = hub.for_one_use_case()
    alert, ticket = _both(hub, actor, alert_id)
    event = _event(actor, ticket, kind=EntryType.VIEW, outcome="opened")
    look = append(hub, actor, event)
    ensure_integrated(hub.database, hub.integrator, [look])
    with hub.database.working() as connection:
        notes = emergency.notes(connection, alert.access_id)
    return [
        Written(
            kind=note.kind,
            ours=note.author_agency_id == actor.agency_id,
            text=open_note(
                hub.keys,
                agency_id=str(actor.agency_id),
                context=note_context(ticket, note.id),
                note=SealedNote(
                    wrapped_for_origin=note.wrapped_for_origin,
                    wrapped_for_recipient=note.wrapped_for_recipient,
                    key_commitment=note.key_commitment,
                    ciphertext=note.ciphertext,
                ),
            ).decode(),
        )
        for note in notes
    ]


def review_emergency_access(hub: Hub, actor: Actor, review: ReviewEmergencyAccess) -> None:
    """Record what was found: one entry, the officer's words, and the end of the alert.

    Raises Withheld (the actor used the access themselves; logged), Conflict (reviewed already),
    NotFound.
    """
    hub = hub.for_one_use_case()
    _, ticket = _both(hub, actor, review.alert_id)
    if ticket.user_id == actor.user_id:
        refused = _event(
            actor, ticket, kind=EntryType.DECISION, outcome="refuse", reason=OWN_REVIEW
        )
        append(hub, actor, refused)
        raise Withheld(OWN_REVIEW, _TELL_OWN)
    at = hub.clock()
    found = _event(actor, ticket, kind=EntryType.OVERRIDE, outcome=review.outcome.value)
    entry = prepare(found, hub.keys, at)
    words = Words(new_id(at), REVIEW, actor.agency_id, review.words)
    note = note_row(hub, ticket, words, at)
    with hub.database.acting_for(actor.agency_id) as connection:
        change.write(connection, change.Change([entry], {"emergency_note": [note]}))
        by = (actor.user_id, entry.entry["id"])
        if not emergency.settle(
            connection, review.alert_id, by=by, outcome=review.outcome.value, at=at
        ):
            raise Conflict("This has been reviewed already.")


def _both(hub: Hub, actor: Actor, alert_id: UUID) -> tuple[emergency.Alert, emergency.Ticket]:
    access.require(actor, Permission.REVIEW_EMERGENCY_ACCESS)
    with hub.database.acting_for(actor.agency_id) as connection:
        alert = emergency.alert(connection, alert_id)
        return alert, emergency.ticket(connection, alert.access_id)


def _event(
    actor: Actor, ticket: emergency.Ticket, *, kind: EntryType, outcome: str, reason: str = ""
) -> Event:
    details = {"ticket": str(ticket.id), "task": str(ticket.task_id), "emergency": ticket.cause}
    return Event(
        type=kind,
        sender=ticket.origin_agency_id,
        recipient=ticket.actor_agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        referral_id=ticket.referral_id,
        purpose="oversight" if kind is EntryType.VIEW else "emergency",
        outcome=outcome,
        details=details | looked_by(actor.role) | ({"reason": reason} if reason else {}),
    )
