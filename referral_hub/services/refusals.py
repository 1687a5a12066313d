"""Under-sharing is harm too: an officer reviews what was refused or held, and says what they found.

A finding is a code, written once, with an entry of the log that names the entries reviewed. Whether
anything follows is for the agency: the hub shares nothing because of a finding.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.domain.refusals import Finding
from referral_hub.errors import Conflict, InvalidInput, NotFound
from referral_hub.services.audit_filters import Filters
from referral_hub.services.audit_log import PAGE, Page, logged
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import Asked, Report, log_once
from referral_hub.store import audit_log, change
from referral_hub.store import refusals as store


def to_review(hub: Hub, actor: Actor, before: UUID | None = None) -> Page:
    """Return a page of refusals and holds without a finding; the look is logged like a search.

    Raises Forbidden.
    """
    access.require(actor, Permission.READ_AUDIT)
    us = actor.agency_id
    with hub.database.acting_for(us) as connection:
        rows = store.to_review(connection, us, before=before, most=PAGE + 1)
        names = audit_log.agencies(connection)
        log_once(hub, actor, Asked(Report.REFUSALS, Filters()), connection)
    shown = tuple(logged(row, names, us) for row in rows[:PAGE])
    return Page(shown, shown[-1].row.id if len(rows) > PAGE else None)


def record_finding(hub: Hub, actor: Actor, entry_ids: Collection[UUID], finding: Finding) -> None:
    """Say what was found about some refusals and holds of the actor's agency.

    Raises Forbidden; InvalidInput for none; NotFound where one is not theirs; Conflict where one
    has a finding already.
    """
    access.require(actor, Permission.READ_AUDIT)
    if not entry_ids:
        raise InvalidInput({"entries": ("Select what you have reviewed",)})
    at, us = hub.clock(), actor.agency_id
    with hub.database.acting_for(us) as connection:
        if store.ours(connection, us, entry_ids) != set(entry_ids):
            raise NotFound
        event = Event(
            type=EntryType.ADMIN,
            sender=us,
            actor_agency=us,
            actor_user=actor.user_id,
            purpose="oversight",
            outcome="refusal_reviewed",
            details={
                "finding": finding.value,
                "entries": tuple(sorted(map(str, entry_ids))),
            },
        )
        entry = prepare(event, hub.keys, at)
        rows = [
            {
                "entry_id": entry_id,
                "agency_id": us,
                "finding": finding.value,
                "reviewed_by": actor.user_id,
                "reviewed_at": at,
                "review_entry_id": entry.entry["id"],
            }
            for entry_id in entry_ids
        ]
        try:
            change.write(connection, change.Change([entry], {"refusal_review": rows}))
        except change.AlreadyThere:
            raise Conflict("One of these has been reviewed already. Load the page again.") from None
