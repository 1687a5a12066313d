"""The registers that an officer keeps: read, recorded and ended; every write is in the log.

An item of the register of sharing agreements is the same row that decisions are made from, so the
register cannot say one thing and the hub do another. Each log entry commits to the digest of the
whole row that it wrote. Texts stand readable: registers are about processing, never about a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from consent.evidence.canonical import canonical
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.registers import Course, ItemState, Register, due_for_review
from referral_hub.errors import Conflict
from referral_hub.services.audit_filters import LONDON
from referral_hub.services.hub import Hub
from referral_hub.store import agreement_records, audit_log, change
from referral_hub.store import register_items as store
from referral_hub.store.change import LogRow
from referral_hub.store.engine import Connection

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a register and where it stands; `row` holds its columns and names."""

    register: Register
    id: UUID
    row: Row
    state: ItemState
    due: bool

    @property
    def open(self) -> bool:
        """Whether it waits for a second person."""
        return self.state is ItemState.WAITING

    @property
    def live(self) -> bool:
        """Whether it counts, or will."""
        return self.state in {ItemState.IN_FORCE, ItemState.NOT_YET}


@dataclass(frozen=True, slots=True)
class Details:
    """An agency's address and how to reach it and its officer (UK GDPR Article 30(1)(a))."""

    address: str
    contact: str
    officer_contact: str


def read_register(hub: Hub, actor: Actor, register: Register) -> list[Item]:
    """Return the items of the actor's agency, the newest first. Raises Forbidden."""
    access.require(actor, Permission.KEEP_REGISTERS)
    with hub.database.acting_for(actor.agency_id) as connection:
        rows = store.items(connection, register, actor.agency_id)
    return [as_item(register, row, hub.clock()) for row in rows]


def read_item(hub: Hub, actor: Actor, register: Register, item_id: UUID) -> Item:
    """Return one item. Raises Forbidden, NotFound."""
    access.require(actor, Permission.KEEP_REGISTERS)
    with hub.database.acting_for(actor.agency_id) as connection:
        return one(connection, actor, register, item_id, at=hub.clock())


def one(
    connection: Connection, actor: Actor, register: Register, item_id: UUID, *, at: datetime
) -> Item:
    """Return one item within a transaction. Raises NotFound."""
    return as_item(register, store.item(connection, register, actor.agency_id, item_id), at)


def end_item(hub: Hub, actor: Actor, register: Register, item_id: UUID) -> None:
    """End an item now, alone: ending shares less, so it needs no second person.

    A proposal that waits is withdrawn so. Raises NotFound, Conflict.
    """
    access.require(actor, Permission.KEEP_REGISTERS)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        found = one(connection, actor, register, item_id, at=at)
        if not (found.live or found.open) or not store.end(connection, register, item_id, at):
            raise Conflict("This is over already.")
        entry = entry_of(hub, actor, found.row, register=register, outcome="register_ended")
        change.write(connection, change.Change([entry]))


def own_details(hub: Hub, actor: Actor) -> Details:
    """Return what receipts and the register say of the actor's agency."""
    access.require(actor, Permission.KEEP_REGISTERS)
    us = actor.agency_id
    with hub.database.acting_for(us) as connection:
        party = agreement_records.parties(connection, {us})[us]
    return Details(party.address, party.contact, party.officer_contact)


def record_details(hub: Hub, actor: Actor, details: Details) -> None:
    """Record where the agency is and how to reach it, from now on."""
    access.require(actor, Permission.KEEP_REGISTERS)
    at = hub.clock()
    row = {
        "id": new_id(at),
        "agency_id": actor.agency_id,
        "address": details.address,
        "contact": details.contact,
        "officer_contact": details.officer_contact,
        "recorded_at": at,
    }
    with hub.database.acting_for(actor.agency_id) as connection:
        entry = entry_of(hub, actor, row, register="details", outcome="register_recorded")
        change.write(connection, change.Change([entry], {"agency_contact": [row]}))


def other_agencies(hub: Hub, actor: Actor) -> dict[UUID, str]:
    """Return the other agencies by id, in the order of their names."""
    access.require(actor, Permission.KEEP_REGISTERS)
    with hub.database.acting_for(actor.agency_id) as connection:
        names = audit_log.agencies(connection)
    names.pop(actor.agency_id, None)
    return names


def as_item(register: Register, row: Row, at: datetime) -> Item:
    """Return a row as an item at `at`."""
    course = Course(
        valid_from=row.get("valid_from") or row["recorded_at"],
        valid_until=row.get("valid_until"),
        proposed_at=row.get("proposed_at"),
        decision=row.get("decision"),
        ended_at=row["ended_at"],
        superseded_at=row["superseded_at"],
    )
    state = course.state(at)
    if state is ItemState.WAITING and row["ended_at"] is not None:
        state = ItemState.ENDED
    today = at.astimezone(LONDON).date()
    return Item(register, row["id"], row, state, due_for_review(state, row["review_on"], today))


def require_revisable(connection: Connection, found: Item) -> None:
    """Raise Conflict for an item that is over, or that something replaces already."""
    if not found.live or store.is_superseded(connection, found.register, found.id):
        raise Conflict("Only what is in force, and has no other revision, can be revised.")


def entry_of(hub: Hub, actor: Actor, row: Row, *, register: Register | str, outcome: str) -> LogRow:
    """Return the log entry of a write, which commits to the row's digest."""
    details = {"register": str(register), "item": str(row["id"])}
    if row.get("supersedes"):
        details["supersedes"] = str(row["supersedes"])
    sender, recipient = row.get("sender_agency_id"), row.get("recipient_agency_id")
    event = Event(
        type=EntryType.ADMIN,
        sender=sender or actor.agency_id,
        recipient=recipient,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        purpose="oversight",
        outcome=outcome,
        cites=(digest(row),),
        details=details,
    )
    return prepare(event, hub.keys, hub.clock())


def digest(row: Row) -> str:
    """Return `register:` and SHA-256 over a row's columns, apart from how it was settled."""
    beside = {"decided_by", "decided_at", "decision", "ended_at", "superseded_at"}
    named = {"proposer", "decider", "sender_name", "recipient_name", "words"}
    kept = {name: _plain(row[name]) for name in sorted(row) if name not in beside | named}
    stated = {name: value for name, value in kept.items() if value is not None}
    return "register:" + hashlib.sha256(canonical(stated)).hexdigest()


def start_of(day: date) -> datetime:
    """Return the instant at which a day begins in London."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, list | tuple):
        return sorted(map(str, value))
    if isinstance(value, dict):
        return {str(key): str(one) for key, one in value.items()}
    return None if value is None else str(value)
