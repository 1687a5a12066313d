"""Open what an agency holds about a person, for an open access request and for nothing else.

There is no way here without a matter that is being prepared: casual reading is refused. Each
opening is a look in the log, one for each referral that is opened, before a byte is. Then the items
are read, opened and handed on a batch of referrals at a time, anew each time somebody goes through
them. Whose notes they are decides nothing here; what may be handed over is for
`services.access_review`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.crypto.records import NoteContext, SealedNote
from referral_hub.crypto.unseal import open_fields, open_matter_words, open_note, open_statement
from referral_hub.domain.channels import looked_by
from referral_hub.domain.codes import StatementKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.matters import MatterKind, MatterState
from referral_hub.errors import Conflict, NotFound
from referral_hub.services import record
from referral_hub.services.hub import Hub
from referral_hub.services.matter_steps import words_context
from referral_hub.services.open_unfinished import (
    Begun,
    about_person,
    find_unfinished,
    stored_row,
    unfinished_items,
)
from referral_hub.services.person_items import (
    HeldItem,
    field_key,
    items_of_person,
    items_of_referrals,
    row_key,
)
from referral_hub.services.speaking_for import statement_context
from referral_hub.store import audit_log, change, person_records
from referral_hub.store import matters as store
from referral_hub.store.matters import MatterRow
from referral_hub.store.person_records import PersonRecords, Row

NOT_NOW = (
    "Records can be opened only while an answer to the person’s request is being prepared. Take the"
    " step “Prepare the answer” first."
)
HIDDEN = "hidden"


def request_in_hand(hub: Hub, actor: Actor, matter_id: UUID) -> MatterRow:
    """Return an access request that is being prepared. Raises NotFound, Forbidden, Conflict."""
    access.require(actor, Permission.OPEN_FOR_REQUEST)
    with hub.database.acting_for(actor.agency_id) as connection:
        found = store.one(connection, matter_id)
    if found.kind != MatterKind.ACCESS_REQUEST:
        raise NotFound
    if found.state != MatterState.BEING_PREPARED:
        raise Conflict(NOT_NOW)
    return found


@dataclass(frozen=True, slots=True, repr=False)
class PersonItems:
    """The items of some parts of what an agency holds about a person, in the order of the parts.

    Read anew each time somebody goes through them. Unless they are to be `opened`, no item has a
    sealed value; `found` is what was begun about the person and stands in the log already.
    """

    hub: Hub
    us: UUID
    request: MatterRow
    parts: frozenset[UUID]
    opened: bool = False
    found: Sequence[Begun] = ()

    def __repr__(self) -> str:
        return "<PersonItems>"

    def __iter__(self) -> Iterator[HeldItem]:
        us, request = self.us, self.request
        held, names = _load(self.hub, us, request)
        if held.person["id"] in self.parts:
            yield from items_of_person(held, us=us, names=names, leaving_out=request.id)
        for batch in self._batches(held):
            opened = dict(_opened(self.hub, batch, _subject(held))) if self.opened else {}
            yield from items_of_referrals(batch, opened, us=us, names=names)
        yield from unfinished_items(self.hub, us, self.found, part=request.id)

    def _batches(self, held: PersonRecords) -> Iterator[PersonRecords]:
        wanted = [row for row in held.of("referrals") if row["id"] in self.parts]
        for start in range(0, len(wanted), person_records.REFERRALS_AT_ONCE):
            some = wanted[start : start + person_records.REFERRALS_AT_ONCE]
            with self.hub.database.working() as connection:
                batch = person_records.of_referrals(connection, held, some)
            yield batch


def outline(
    hub: Hub, actor: Actor, request: MatterRow, parts: Sequence[UUID] | None = None
) -> tuple[PersonRecords, PersonItems]:
    """Return what there is to open: the person's rows, and items without any sealed value."""
    held, _ = _load(hub, actor.agency_id, request)
    known = [held.person["id"], *(row["id"] for row in held.of("referrals"))]
    wanted = frozenset(known if parts is None else parts)
    return held, PersonItems(hub, actor.agency_id, request, wanted)


def open_items(
    hub: Hub, actor: Actor, request: MatterRow, parts: Sequence[UUID] | None = None
) -> PersonItems:
    """Open the items of `parts` (referrals, or the person), None for all; logged first.

    The request's own id stands for what was begun about the person and not finished. Raises
    NotFound (a part that is not this person's), Conflict (erased), LogUnavailable.
    """
    hub, us = hub.for_one_use_case(), actor.agency_id
    held, _ = _load(hub, us, request)
    known = [held.person["id"], *(row["id"] for row in held.of("referrals")), request.id]
    wanted = known if parts is None else list(parts)
    if not set(wanted) <= set(known):
        raise NotFound
    with hub.database.working() as connection:
        fields = person_records.newest_fields(connection, wanted)
    subject = _subject(held)
    looks = {
        part: _look(actor, request, subject, part=part, stored=fields.get(part)) for part in wanted
    }
    _log(hub, actor, request, looks.values())
    found: Sequence[Begun] = ()
    if request.id in wanted:
        found = find_unfinished(hub, about_person(hub, us, subject.id))
    if found:
        cites = tuple(str(one.name) for one in found)
        _log(hub, actor, request, [replace(looks[request.id], cites=cites)])
    return PersonItems(hub, us, request, frozenset(wanted), opened=True, found=found)


def hidden_words(hub: Hub, actor: Actor, matter_id: UUID) -> dict[UUID, dict[str, list[str]]]:
    """Return the words to be blacked out: step → item's short name → words.

    Called once a look stands in the log: the words are the person's own or somebody else's.
    """
    with hub.database.working() as connection:
        rows = [row for row in store.words(connection, matter_id) if row.kind == HIDDEN]
    found: dict[UUID, dict[str, list[str]]] = {}
    for row in rows:
        context = words_context(row.id, matter_id, actor.agency_id, row.kind)
        found[row.step_id] = json.loads(
            open_matter_words(hub.keys, context=context, sealed=row.sealed_words)
        )
    return found


def _load(hub: Hub, us: UUID, request: MatterRow) -> tuple[PersonRecords, dict[UUID, str]]:
    if request.subject_id is None:
        raise NotFound
    with hub.database.working() as connection:
        held = person_records.of_person(connection, us, request.subject_id)
        return held, audit_log.agencies(connection)


def _subject(held: PersonRecords) -> SubjectKey:
    wrapped = held.person["wrapped_key"]
    if wrapped is None:
        raise Conflict("This person has been erased: nothing about them can be opened.")
    return SubjectKey(held.person["id"], held.person["origin_agency_id"], wrapped)


def _look(
    actor: Actor,
    request: MatterRow,
    subject: SubjectKey,
    *,
    part: UUID,
    stored: Sequence[str] | None,
) -> Event:
    """`stored` are the fields of a referral; None where `part` is none."""
    unfinished = {"part": "unfinished"} if part == request.id else {}
    return Event(
        type=EntryType.VIEW,
        sender=actor.agency_id,
        recipient=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        subject=subject,
        referral_id=part if stored is not None else None,
        purpose="subject_access",
        classes=tuple(sorted(record.classes_of(stored or ()))),
        fields=tuple(sorted({record.permitted_field(name) for name in stored or ()})),
        outcome="opened",
        details={"matter": str(request.id), "duty": request.kind}
        | looked_by(actor.role)
        | unfinished,
    )


def _log(hub: Hub, actor: Actor, request: MatterRow, looks: Iterable[Event]) -> None:
    """Write the looks in one statement and wait until they stand, then see that nothing changed."""
    rows = [prepare(look, hub.keys, hub.clock()) for look in looks]
    with hub.database.acting_for(actor.agency_id) as connection:
        change.write(connection, change.Change(rows))
    ensure_integrated(hub.database, hub.integrator, [row.entry["id"] for row in rows])
    request_in_hand(hub, actor, request.id)


def _opened(hub: Hub, held: PersonRecords, subject: SubjectKey) -> Iterator[tuple[str, Any]]:
    for row in held.of("records"):
        yield from _fields(hub, row, subject)
    for row in held.of("statements"):
        yield row_key("statement", row), _statement(hub, row, subject)
    for row in held.of("notes"):
        readers = (row["origin_agency_id"], row["recipient_agency_id"])
        yield row_key("note", row), _note(hub, row, readers, subject.owner)
    for row in held.of("emergency_notes"):
        readers = (row["ticket_origin"], row["actor_agency_id"])
        yield row_key("emergency", row), _note(hub, row, readers, subject.owner)
    for row in held.of("decisions"):
        readers = (row["origin_agency_id"], row["owner_agency_id"])
        sealed = {**row, "wrapped_for_recipient": row["wrapped_for_owner"]}
        yield row_key("decision", row), {"why": _note(hub, sealed, readers, subject.owner)}


def _fields(hub: Hub, row: Row, subject: SubjectKey) -> Iterable[tuple[str, Any]]:
    stored = stored_row(row, subject)
    opened = open_fields(hub.keys, stored, stored.ciphertexts)
    for name, value in opened.items():
        yield field_key(row["referral_id"], row["version"], name), json.loads(value)


def _statement(hub: Hub, row: Row, subject: SubjectKey) -> Any:
    kind = StatementKind(row["kind"])
    words = open_statement(
        hub.keys,
        wrapped_subject_key=subject.wrapped,
        context=statement_context(row["id"], kind, row["origin_agency_id"], row["subject_id"]),
        sealed=row["sealed_words"],
    )
    return json.loads(words)


def _note(hub: Hub, row: Row, readers: tuple[UUID, UUID], us: UUID) -> str:
    origin, other = readers
    return open_note(
        hub.keys,
        agency_id=str(us),
        context=NoteContext(str(row["id"]), str(row["task_id"]), str(origin), str(other)),
        note=SealedNote(
            wrapped_for_origin=row["wrapped_for_origin"],
            wrapped_for_recipient=row["wrapped_for_recipient"],
            key_commitment=row["key_commitment"],
            ciphertext=row["ciphertext"],
        ),
    ).decode()
