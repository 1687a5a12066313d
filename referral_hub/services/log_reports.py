"""Running a report is itself logged: what an officer asked for, in codes.

A search is one entry however many of its pages are read, and asked again within a quarter of an
hour it is the same search, whichever page it is asked for: nobody can read the log by its later
pages alone. A user or a referral that was looked for is committed to, not written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.services.audit_filters import Filters, fingerprint, first_id
from referral_hub.services.hub import Hub
from referral_hub.store import audit_log, change
from referral_hub.store.engine import Connection

SAME_SEARCH = timedelta(minutes=15)


class Report(StrEnum):
    """What an officer can run."""

    SEARCH = "audit_search"
    VERIFICATION = "verify_log"
    BUNDLE = "evidence_bundle"
    ENTRY = "audit_entry"
    OVERVIEW = "overview"
    TABLE = "audit_table"
    EXPLANATION = "explanation"
    PERSON = "person"
    REPLAY = "replay_decisions"
    BREACH_PACK = "breach_pack"
    REGISTER = "register"
    REFUSALS = "refusals"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Asked:
    """A report over filters; `referral` is the one that it is about, where it is about one."""

    report: Report
    filters: Filters
    referral: UUID | None = None


def log_once(hub: Hub, actor: Actor, asked: Asked, connection: Connection) -> None:
    """Append the entry of a report, unless this officer has just run the same over the same."""
    since = first_id(hub.clock() - SAME_SEARCH)
    code = fingerprint(asked.filters, report=asked.report, referral=asked.referral)
    us, user = actor.agency_id, actor.user_id
    if not audit_log.looked_already(connection, us=us, user=user, code=code, since=since):
        log_filtered(hub, actor, asked.report, asked.filters, referral=asked.referral)


def log_filtered(
    hub: Hub, actor: Actor, report: Report, filters: Filters, *, referral: UUID | None
) -> UUID:
    """Append the entry of a report over `filters`, and return its id."""
    details: dict[str, str | int | tuple[str, ...]] = {
        **filters.codes(),
        "filters": filters.used(),
        "search": fingerprint(filters, report=report, referral=referral),
    }
    event = report_event(actor, report, outcome="run", details=details)
    about = {"user": filters.user, "person": filters.person}
    cites = tuple(f"{name}:{one}" for name, one in about.items() if one)
    return append(hub, actor, replace(event, cites=cites, referral_id=referral))


def report_event(
    actor: Actor,
    report: Report,
    *,
    outcome: str,
    details: Mapping[str, str | int | tuple[str, ...]],
) -> Event:
    """Return the event of running a report."""
    return Event(
        type=EntryType.ACCESS,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        purpose="oversight",
        outcome=outcome,
        details={"report": report.value, **details},
    )


def log_refused(
    hub: Hub, actor: Actor, report: Report, *, reason: str, entry: UUID | None = None
) -> None:
    """Append that a report was asked for and refused, with its reason as a code."""
    details = {"reason": reason} | ({"entry": str(entry)} if entry else {})
    append(hub, actor, report_event(actor, report, outcome="refused", details=details))


def append(hub: Hub, actor: Actor, event: Event) -> UUID:
    """Append an event that changes nothing else, for the actor's agency; return its entry's id."""
    row = prepare(event, hub.keys, hub.clock())
    with hub.database.direct() as link:
        change.write_at_once(link, change.Change([row]), acting_for=actor.agency_id)
    entry_id: UUID = row.entry["id"]
    return entry_id
