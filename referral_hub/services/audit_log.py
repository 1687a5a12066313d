"""The data protection officer's log: search it, and verify it all.

An officer sees codes, agencies and their own agency's staff; nothing of a record. Searching and
verifying are logged. Verification reads every agency's entries, as the worker does, and hands back
counts, indexes and hashes only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from consent.evidence.checkpoint import CheckpointError
from consent.evidence.entry import Entry, EntryError, EntryType, decode
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.memory import SignerMemory
from referral_hub.audit.verify import Verification
from referral_hub.audit.verify import verify_log as verify_stored_log
from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services.audit_filters import Filters, made_at
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import (
    Asked,
    Report,
    append,
    log_once,
    log_refused,
    report_event,
)
from referral_hub.services.open_commitments import opener
from referral_hub.services.witnesses import doubted_since
from referral_hub.store import audit_log, log, log_search
from referral_hub.store.audit_log import AuditRow
from referral_hub.store.engine import Connection

PAGE = 25


@dataclass(frozen=True, slots=True, repr=False)
class Logged:
    """An entry as an officer may read it; `entry` is None when its bytes are none any more.

    `whole` is False where the agency only received, and was refused: then reasons, rules and the
    entry's bytes are the sender's to read, for they may say something about the person.
    """

    row: AuditRow
    entry: Entry | None
    sender_name: str | None
    recipient_name: str | None
    actor_name: str | None
    whole: bool

    def __repr__(self) -> str:
        return "<Logged>"


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first; `next` continues below the last.

    `looked_to` is set where the search stopped looking before the page was full.
    """

    rows: tuple[Logged, ...]
    next: UUID | None
    looked_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogState:
    """The log's public key and its newest checkpoint, for an officer to keep."""

    vkey: str
    note: bytes
    size: int
    root: bytes
    at: datetime | None
    pending: int
    doubted_since: datetime | None = None


def search(hub: Hub, actor: Actor, filters: Filters, before: UUID | None = None) -> Page:
    """Return a page of what the filters ask for; the search is logged. Raises Forbidden."""
    access.require(actor, Permission.READ_AUDIT)
    us = actor.agency_id
    with hub.database.acting_for(us) as connection:
        referral = referral_of(connection, filters)
        found = log_search.Found([], None)
        if filters.reference is None or referral is not None:
            wanted = filters.wanted(referral=referral, before=before)
            found = log_search.search(connection, us, wanted, most=PAGE + 1)
        names = audit_log.agencies(connection)
        log_once(hub, actor, Asked(Report.SEARCH, filters, referral), connection)
    shown = tuple(logged(row, names, us) for row in found.rows[:PAGE])
    if found.reached is not None:
        return Page(shown, found.reached, made_at(found.reached))
    return Page(shown, shown[-1].row.id if len(found.rows) > PAGE else None)


def parties(hub: Hub, actor: Actor) -> tuple[dict[UUID, str], dict[UUID, str]]:
    """Return the other agencies and the own agency's staff, by id, for choosing among."""
    access.require(actor, Permission.READ_AUDIT)
    with hub.database.acting_for(actor.agency_id) as connection:
        names, staff = audit_log.agencies(connection), audit_log.staff(connection)
    names.pop(actor.agency_id, None)
    return names, staff


def log_state(hub: Hub, actor: Actor) -> LogState:
    """Return the log's key and newest checkpoint, and how many entries wait for a number."""
    access.require(actor, Permission.READ_AUDIT)
    with hub.database.working() as connection:
        newest = log.latest_checkpoint(connection)
        pending = audit_log.count_pending(connection)
        doubted = doubted_since(hub, connection)
    if newest is None:
        return LogState(hub.log_vkey, b"", 0, b"", None, pending, doubted)
    return LogState(
        hub.log_vkey, newest.note, newest.size, newest.root, newest.at, pending, doubted
    )


def is_doubted(hub: Hub, actor: Actor) -> bool:
    """Tell an officer whether a witness remembers another past; nobody else is told."""
    if not access.allowed(actor.role, Permission.VERIFY_LOG):
        return False
    with hub.database.acting_for(actor.agency_id) as connection:
        return doubted_since(hub, connection) is not None


def verify_log(hub: Hub, actor: Actor, previous: bytes | None = None) -> Verification:
    """Verify the whole log, against the officer's own checkpoint where one is given; logged.

    Raises InvalidInput, which is logged too, when `previous` is no checkpoint that this log signed.
    """
    access.require(actor, Permission.VERIFY_LOG)
    try:
        outcome = verify_stored_log(
            hub.database,
            vkey=hub.log_vkeys,
            memory=SignerMemory(hub.signer_memory),
            previous_checkpoint=previous,
            opener=opener(hub.keys),
        )
    except CheckpointError:
        log_refused(hub, actor, Report.VERIFICATION, reason="checkpoint_not_signed")
        message = "Paste a whole checkpoint that this log has signed, with its last line"
        raise InvalidInput({"checkpoint": (message,)}) from None
    result = "verified" if outcome.ok else "not_verified"
    details = {"size": outcome.size, "problems": outcome.total}
    append(hub, actor, report_event(actor, Report.VERIFICATION, outcome=result, details=details))
    return outcome


def referral_of(connection: Connection, filters: Filters) -> UUID | None:
    """Return the referral that the filters name by reference, if the agency may see it."""
    if filters.reference is None:
        return None
    return audit_log.referral_called(connection, filters.reference)


def logged(row: AuditRow, names: Mapping[UUID, str], us: UUID) -> Logged:
    """Return a row as an officer of `us` may read it; `names` are the agencies'."""
    try:
        entry = decode(row.entry)
    except EntryError:
        entry = None
    refused = row.type == EntryType.DECISION and row.outcome != "permit"
    ids = (row.sender_agency_id, row.recipient_agency_id, row.actor_agency_id)
    sender, recipient, actor = (names.get(found) if found else None for found in ids)
    return Logged(row, entry, sender, recipient, actor, row.sender_agency_id == us or not refused)
