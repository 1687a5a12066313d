"""Stage what cannot be decided or matched: it waits, sealed, for a person of one agency.

Every door (CSV, concern, API, FHIR) comes here with the same thing: answers in the shape of the
referral's own pages, so that whoever completes it types nothing twice, and facts beside them that
no page has. Everything is sealed under the receiving agency's keys. A batch is one change with one
log entry, which counts its items: nothing is disclosed by waiting, and an entry for each row of a
file would bury the log's disclosures.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.seal import seal_staged
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.nhs_number import InvalidNhsNumber, parse_nhs_number
from referral_hub.domain.staging import StagedSource, StagedState, WaitsBecause
from referral_hub.services.hub import Hub
from referral_hub.store import change

PURPOSE = "staged_intake"


@dataclass(frozen=True, slots=True, repr=False)
class Staged:
    """One thing that waits. `pages` are raw pages of the referral's form, by page and field.

    `beside` are facts that no page has, by their code in the labels' table `StagedFact`. `line` is
    its place in the batch, from 1. `id` makes sending it twice harmless. `kept` is what its sender
    gets back with the referral, as text that nobody here reads.
    """

    id: UUID
    why: WaitsBecause
    pages: Mapping[str, Mapping[str, Any]]
    beside: Mapping[str, str] = field(default_factory=dict)
    line: int | None = None
    kept: str | None = None

    def __repr__(self) -> str:
        return "<Staged (redacted)>"


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose staff it waits for, who sent it, through which door and in which batch."""

    agency_id: UUID
    sender_id: UUID
    source: StagedSource
    batch_id: UUID | None = None
    actor: Actor | None = None


def stage(hub: Hub, parties: Parties, item: Staged) -> UUID:
    """Store one item and its log entry; returns its id.

    Raises AlreadyThere for an item that was staged before, ServiceUnavailable.
    """
    made = staged_change(hub, parties, [item], at=hub.clock())
    with hub.database.acting_for(parties.sender_id) as connection:
        change.write(connection, made)
    return item.id


def staged_change(
    hub: Hub, parties: Parties, items: Sequence[Staged], *, at: datetime
) -> change.Change:
    """Return the rows of `items` and the one entry that counts them."""
    entry = prepare(_event(parties, items), hub.keys, at)
    rows = [_row(hub, parties, item, (at, entry.entry["id"])) for item in items]
    return change.Change([entry], {"staged_item": rows})


def staged_id(hub: Hub) -> UUID:
    """Return an id for something that is about to be staged."""
    return new_id(hub.clock())


def indexes_of(hub: Hub, agency_id: UUID, pages: Mapping[str, Mapping[str, Any]]) -> list[bytes]:
    """Return blind indexes of the person, under the agency's own key: NHS number, name and birth.

    The first is the same index as a known person's, so that a hint finds people who were referred.
    """
    person = pages.get("person", {})
    number, name = number_of(person), name_of(person)
    found = [number_index(hub, agency_id, number)] if number else []
    return [*found, name_index(hub, agency_id, name)] if name else found


def number_of(person: Mapping[str, Any]) -> str | None:
    """Return the NHS number of the form's first page, if it is one."""
    try:
        return parse_nhs_number(str(person.get("nhs_number") or ""))
    except InvalidNhsNumber:
        return None


def name_of(person: Mapping[str, Any]) -> str | None:
    """Return last name and date of birth of the form's first page as one text, if all is there.

    Case, accents, spaces and noughts before a number make no difference.
    """
    parts = ("family_name", "date_of_birth-day", "date_of_birth-month", "date_of_birth-year")
    named = [_folded(str(person.get(part) or "")) for part in parts]
    return "\n".join(named) if all(named) else None


def number_index(hub: Hub, agency_id: UUID, number: str) -> bytes:
    """Return the blind index of what `number_of` gave: that of a known person."""
    return hub.keys.blind_index("identity.nhs_number", str(agency_id), number.encode())


def name_index(hub: Hub, agency_id: UUID, name: str) -> bytes:
    """Return the blind index of what `name_of` gave."""
    return hub.keys.blind_index("staged.person", str(agency_id), name.encode())


def _row(hub: Hub, parties: Parties, item: Staged, stamp: tuple[datetime, UUID]) -> dict[str, Any]:
    content = {"pages": item.pages, "beside": item.beside, "kept": item.kept}
    data = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
    sealed = seal_staged(
        hub.keys, agency_id=str(parties.agency_id), item_id=str(item.id), data=data
    )
    return {
        "id": item.id,
        "agency_id": parties.agency_id,
        "sender_agency_id": parties.sender_id,
        "source": parties.source.value,
        "state": StagedState.WAITING.value,
        "why": item.why.value,
        "batch_id": parties.batch_id,
        "line": item.line,
        "sealed": sealed,
        "key_version": hub.keys.version_of(sealed),
        "indexes": indexes_of(hub, parties.agency_id, item.pages),
        "received_at": stamp[0],
        "entry_id": stamp[1],
    }


def _event(parties: Parties, items: Sequence[Staged]) -> Event:
    actor = parties.actor
    details: dict[str, str | int | tuple[str, ...]] = {
        "source": parties.source.value,
        "items": len(items),
        "why": tuple(sorted({item.why.value for item in items})),
    }
    if parties.batch_id:
        details["batch"] = str(parties.batch_id)
    return Event(
        type=EntryType.ACCESS,
        sender=parties.sender_id,
        recipient=parties.agency_id if parties.agency_id != parties.sender_id else None,
        actor_agency=parties.sender_id,
        actor_user=actor.user_id if actor else None,
        purpose=PURPOSE,
        outcome="staged",
        cites=tuple(str(item.id) for item in items),
        details=details,
    )


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in plain if one.isalnum()).lstrip("0")
