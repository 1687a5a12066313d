"""Record that a person asked for their records, that a breach is suspected, or that one complained.

The clock begins with the day or instant that the officer gives, never with the recording. Names and
ways to reach somebody are sealed; what a breach or a complaint touches is named by ids of the
agency's own referrals, staff and partners.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.domain.commands import Actor
from referral_hub.domain.duty_clocks import Happened, local_day
from referral_hub.domain.ids import new_id, new_reference
from referral_hub.domain.matter_commands import RecordBreach, RecordComplaint, RecordRequest
from referral_hub.domain.matters import (
    IdentityCheck,
    MatterEvent,
    MatterKind,
    MatterState,
    Requester,
)
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.matter_steps import (
    Taken,
    Words,
    moment,
    standing,
    step_rows,
    subject_key,
)
from referral_hub.store import audit_log, change, erasures, referrals
from referral_hub.store import matters as store
from referral_hub.store.engine import Connection
from referral_hub.store.matters import MatterRow

PREFIXES = {
    MatterKind.ACCESS_REQUEST: "AR",
    MatterKind.BREACH: "BR",
    MatterKind.COMPLAINT: "CP",
}
FUTURE = "The day must be today or in the past"
NOT_OURS = "Your agency has no referral with this reference"


def record_request(hub: Hub, actor: Actor, asked: RecordRequest) -> UUID:
    """Record an access request; returns the matter's id.

    Raises NotFound (another agency's person), Conflict (erased, or one is open), InvalidInput.
    """
    access.require(actor, Permission.HANDLE_MATTERS)
    return _request(hub, actor, asked)


def request_of_person(hub: Hub, actor: Actor, asked: RecordRequest) -> UUID:
    """Record what the person themselves asks for on their own page; raises as `record_request`."""
    access.require(actor, Permission.ASK_AS_PERSON, Situation(origin=actor.agency_id))
    return _request(hub, actor, asked)


def complaint_of_person(hub: Hub, actor: Actor, complaint: RecordComplaint) -> UUID:
    """Record that the person says on their own page that something about them is wrong."""
    access.require(actor, Permission.ASK_AS_PERSON, Situation(origin=actor.agency_id))
    return _complaint(hub, actor, complaint)


def _request(hub: Hub, actor: Actor, asked: RecordRequest) -> UUID:
    now = hub.clock()
    if asked.received_on > local_day(now):
        raise InvalidInput({"received_on": (FUTURE,)})
    if (asked.requester is Requester.REPRESENTATIVE) is (asked.authority is None):
        raise InvalidInput({"authority": ("Say what lets a representative ask, and only then",)})
    with hub.database.acting_for(actor.agency_id) as connection:
        person = erasures.person(connection, asked.subject_id)
        if person.erased_at is not None:
            raise Conflict("This person has been erased: nothing about them can be opened.")
        if store.has_open_request(connection, asked.subject_id):
            raise Conflict("A request of this person is open already.")
    waits = asked.identity is IdentityCheck.WAITING
    details = {
        "by": asked.by.value,
        "requester": asked.requester.value,
        "identity": asked.identity.value,
        **({"authority": asked.authority.value} if asked.authority else {}),
    }
    return _record(
        hub,
        actor,
        {"kind": MatterKind.ACCESS_REQUEST, "subject_id": asked.subject_id, "details": details},
        taken=Taken(
            event=MatterEvent.RECORD,
            state=MatterState.WAITING_FOR_IDENTITY if waits else MatterState.RECEIVED,
            at=moment(asked.received_on, now),
            words=_words(name=asked.name, contact=asked.contact, wanted=asked.wanted),
        ),
    )


def record_breach(hub: Hub, actor: Actor, breach: RecordBreach) -> UUID:
    """Record a suspected breach; returns the matter's id. Raises InvalidInput."""
    access.require(actor, Permission.HANDLE_MATTERS)
    now = hub.clock()
    if breach.aware_at > now:
        raise InvalidInput({"aware_on": ("The time must be in the past",)})
    if breach.since > breach.until:
        raise InvalidInput({"until": ("The last day must not be before the first",)})
    if breach.until > local_day(now):
        raise InvalidInput({"until": (FUTURE,)})
    with hub.database.acting_for(actor.agency_id) as connection:
        referral_id = _referral(connection, breach.reference)
        names, own = audit_log.agencies(connection), audit_log.staff(connection)
    if breach.user is not None and breach.user not in own:
        raise InvalidInput({"user": ("Select a member of staff from the list",)})
    if breach.agency is not None and breach.agency not in names:
        raise InvalidInput({"agency": ("Select an agency from the list",)})
    details = {
        "since": breach.since.isoformat(),
        "until": breach.until.isoformat(),
        "kinds": sorted(kind.value for kind in breach.kinds),
        "channel": breach.channel.value,
        **({"user": str(breach.user)} if breach.user else {}),
        **({"agency": str(breach.agency)} if breach.agency else {}),
    }
    return _record(
        hub,
        actor,
        {"kind": MatterKind.BREACH, "referral_id": referral_id, "details": details},
        taken=Taken(
            MatterEvent.RECORD,
            MatterState.SUSPECTED,
            breach.aware_at,
            words=_words(what=breach.what),
        ),
    )


def record_complaint(hub: Hub, actor: Actor, complaint: RecordComplaint) -> UUID:
    """Record a complaint; returns the matter's id. Raises InvalidInput."""
    access.require(actor, Permission.HANDLE_MATTERS)
    return _complaint(hub, actor, complaint)


def _complaint(hub: Hub, actor: Actor, complaint: RecordComplaint) -> UUID:
    now = hub.clock()
    if complaint.received_on > local_day(now):
        raise InvalidInput({"received_on": (FUTURE,)})
    subject_id = about_id = None
    with hub.database.acting_for(actor.agency_id) as connection:
        referral_id = _referral(connection, complaint.reference)
        if referral_id is not None:
            row = referrals.one(connection, referral_id)
            subject_id = row.subject_id if row.origin_agency_id == actor.agency_id else None
        if complaint.request is not None:
            about = store.called(connection, complaint.request.upper())
            if about is None or about.kind != MatterKind.ACCESS_REQUEST:
                told = "Your agency has no access request with this reference"
                raise InvalidInput({"request": (told,)})
            about_id, subject_id = about.id, subject_id or about.subject_id
    details = {
        "by": complaint.by.value,
        "requester": complaint.requester.value,
        "about": complaint.about.value,
    }
    row_of = {
        "kind": MatterKind.COMPLAINT,
        "referral_id": referral_id,
        "subject_id": subject_id,
        "about_id": about_id,
        "details": details,
    }
    taken = Taken(
        event=MatterEvent.RECORD,
        state=MatterState.RECEIVED,
        at=moment(complaint.received_on, now),
        words=_words(name=complaint.name, contact=complaint.contact, what=complaint.what),
    )
    return _record(hub, actor, row_of, taken=taken)


def _record(hub: Hub, actor: Actor, given: Mapping[str, Any], *, taken: Taken) -> UUID:
    """Write a new matter with its first step."""
    kind: MatterKind = given["kind"]
    at = hub.clock()
    stands = standing(kind, [Happened(taken.event, taken.state, taken.at)], at)
    row = _row(actor, given, stands, at)
    known: dict[str, Any] = {name: row.get(name) for name in MatterRow.__slots__}
    found = MatterRow(**known)
    with hub.database.working() as connection:
        subject = subject_key(connection, actor.agency_id, found.subject_id)
    entry, rows = step_rows(hub, actor, found, subject=subject, taken=taken)
    with hub.database.acting_for(actor.agency_id) as connection:
        change.write(connection, change.Change([entry], {"matter": [row], **rows}))
    return found.id


def _row(
    actor: Actor, given: Mapping[str, Any], stands: store.Standing, at: datetime
) -> dict[str, Any]:
    kind: MatterKind = given["kind"]
    return {
        "id": new_id(at),
        "agency_id": actor.agency_id,
        "kind": kind.value,
        "reference": new_reference(PREFIXES[kind]),
        "subject_id": given.get("subject_id"),
        "referral_id": given.get("referral_id"),
        "about_id": given.get("about_id"),
        "details": given["details"],
        "state": stands.state,
        "clock": stands.clock,
        "due_at": stands.due_at,
        "opened_by": actor.user_id,
        "opened_at": at,
        "closed_at": stands.closed_at,
        "version": 1,
    }


def _referral(connection: Connection, reference: str | None) -> UUID | None:
    if reference is None:
        return None
    found = audit_log.referral_called(connection, reference.upper())
    if found is None:
        raise InvalidInput({"reference": (NOT_OURS,)})
    return found


def _words(**said: str | None) -> dict[str, Words]:
    told = {name: words for name, words in said.items() if words}
    return {"record": told} if told else {}
