"""What somebody began about a person and did not finish: half-filled forms, and what waits.

They belong in the answer to an access request, and go with an erasure, although no record points to
them. They are found by the NHS number, or by last name and date of birth, as these stand in the
person's records: staged items by the agency's blind indexes, drafts by comparing what they say. A
form that was kept after a time-out is found by what was typed into it, or by the referral, task or
form that it was a page of.

A draft is its writer's alone, so the look that the log already has says that drafts were searched;
what was found is codes alone, and a second look names each of them before any of it is shown. The
search goes through every draft of the agency by pages: one statement and one round trip to the key
service for each, nothing of a page kept but the codes of what was found, at most `MOST` of a kind.
The limit: what waits at another agency is sealed for that agency, and is for its officer to answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from referral_hub.audit.events import SubjectKey
from referral_hub.crypto.records import StoredRecord
from referral_hub.crypto.unseal import open_drafts, open_fields, open_staged_items
from referral_hub.domain.unfinished import FoundBy, UnfinishedKind, UnfinishedName
from referral_hub.errors import Conflict
from referral_hub.services.casework import record_context
from referral_hub.services.hub import Hub
from referral_hub.services.person_items import HeldItem
from referral_hub.services.stage import name_index, name_of, number_index, number_of
from referral_hub.store import unfinished as store
from referral_hub.store.drafts import DraftKind
from referral_hub.store.unfinished import Row

MOST = 200
DRAFT, KEPT, STAGED = UnfinishedKind.DRAFT, UnfinishedKind.KEPT, UnfinishedKind.STAGED
TOO_MANY = (
    "More than 200 half-filled forms or waiting items are about this person. Settle or discard some"
    " of them first, so that each can be looked at."
)
CHANGED = "Something about this person was changed while it was read. Do it again."
Pages = Mapping[str, Mapping[str, Any]]
_NAMED_BY = frozenset({"identity.nhs_number", "identity.family_name", "identity.date_of_birth"})
_KINDS = {DRAFT: DraftKind.REFERRAL, KEPT: DraftKind.PAGE}


@dataclass(frozen=True, slots=True, repr=False)
class About:
    """Whom it must be about: numbers and names (`stage.name_of`) of a person's records, their blind
    indexes, and the ids that pages' paths name.
    """

    us: UUID
    numbers: frozenset[str]
    names: frozenset[str]
    number_indexes: frozenset[bytes]
    name_indexes: frozenset[bytes]
    ids: frozenset[str]

    def __repr__(self) -> str:
        return "<About>"


@dataclass(frozen=True, slots=True)
class Begun:
    """Something begun, without what it says. `who` is its writer, or the agency that sent it."""

    kind: UnfinishedKind
    id: UUID
    version: int
    by: FoundBy
    who: UUID
    at: datetime

    @property
    def name(self) -> UnfinishedName:
        """What it is called among the facts of a log entry."""
        return UnfinishedName(self.kind, self.id)


def about_person(hub: Hub, us: UUID, subject_id: UUID) -> About:
    """Return by what things about a person of `us` are found; opens who they are, no more.

    Raises Conflict when they were erased. That it is done stands in the log before.
    """
    with hub.database.working() as connection:
        person = store.person(connection, us, subject_id)
    if person["wrapped_key"] is None:
        raise Conflict("This person has been erased: nothing about them can be opened.")
    subject = SubjectKey(person["id"], us, person["wrapped_key"])
    known = [*_identities(hub, subject, person["referrals"])]
    numbers = frozenset(one for one in map(number_of, known) if one)
    names = frozenset(one for one in map(name_of, known) if one)
    index = person["nhs_index"]
    stored = frozenset[bytes]() if index is None else frozenset({bytes(index)})
    return About(
        us=us,
        numbers=numbers,
        names=names,
        number_indexes=stored.union(number_index(hub, us, one) for one in numbers),
        name_indexes=frozenset(name_index(hub, us, one) for one in names),
        ids=frozenset(str(one) for one in (*person["referrals"], *person["tasks"])),
    )


def find_unfinished(hub: Hub, about: About) -> tuple[Begun, ...]:
    """Return what is about the person. Raises Conflict where there is more than `MOST` of a kind.

    The look stands in the log before this is called.
    """
    staged = _staged(hub, about)
    items = {str(one.id): one.by for one in staged}

    def theirs(form: Any) -> FoundBy | None:
        completes = form.get(STAGED)
        item = completes.get("id") if isinstance(completes, Mapping) else None
        return _surest(items.get(str(item)), _said_by(about, _pages(form).get("person", {})))

    drafts = _drafts(hub, about, DRAFT, theirs)
    named = dict.fromkeys(about.ids, FoundBy.OWN_REFERRAL) | {str(d.id): d.by for d in drafts}

    def page_of(form: Any) -> FoundBy | None:
        path = str(form["path"]).replace("?", "/").split("/")
        return _surest(*map(named.get, path), _said_by(about, _fields_of(form)))

    return (*drafts, *_drafts(hub, about, KEPT, page_of), *staged)


def unfinished_items(
    hub: Hub, us: UUID, found: Sequence[Begun], *, part: UUID
) -> Iterator[HeldItem]:
    """Open what was found and yield it as items of `part`, a page of a form for each.

    Raises Conflict when one of them is not as it was found.
    """
    for kind in (DRAFT, KEPT):
        versions = {one.id: one.version for one in found if one.kind is kind}
        for ids in store.in_pages(sorted(versions)):
            with hub.database.working() as connection:
                rows = store.forms(connection, us, ids)
            if {row["id"]: row["version"] for row in rows} != {one: versions[one] for one in ids}:
                raise Conflict(CHANGED)
            for row, form in _opened(hub, rows):
                yield from _items_of(kind, row, form, part)
    for ids in store.in_pages([one.id for one in found if one.kind is STAGED]):
        with hub.database.working() as connection:
            rows = store.items(connection, us, ids)
        if len(rows) != len(ids):
            raise Conflict(CHANGED)
        sealed = [(str(row["id"]), row["sealed"]) for row in rows]
        for row, data in zip(rows, open_staged_items(hub.keys, str(us), sealed), strict=True):
            yield from _items_of_staged(us, row, json.loads(data), part)


def is_unfinished(key: str) -> bool:
    """Say whether the key of an item is that of something unfinished."""
    return key.partition("/")[0] in set(UnfinishedKind)


def _identities(
    hub: Hub, subject: SubjectKey, referrals: Sequence[UUID]
) -> Iterator[dict[str, Any]]:
    """Yield who they are by each record, named as on the form's first page."""
    for ids in store.in_pages(referrals):
        with hub.database.working() as connection:
            rows = store.records(connection, ids)
        for row in rows:
            stored = stored_row(row, subject)
            names = [name for name in stored.ciphertexts if name in _NAMED_BY]
            fields = {n: json.loads(v) for n, v in open_fields(hub.keys, stored, names).items()}
            year, month, day = str(fields.get("identity.date_of_birth") or "--").split("-")
            yield {
                "nhs_number": fields.get("identity.nhs_number"),
                "family_name": fields.get("identity.family_name"),
                "date_of_birth-day": day,
                "date_of_birth-month": month,
                "date_of_birth-year": year,
            }


def stored_row(row: Row, subject: SubjectKey) -> StoredRecord:
    """Return a row of `sealed_record` as the crypto package opens it."""
    return StoredRecord(
        context=record_context(row["referral_id"], row["version"], subject),
        wrapped_subject_key=subject.wrapped,
        wrapped_record_key=row["wrapped_record_key"],
        key_commitment=row["key_commitment"],
        ciphertexts=dict(zip(row["field_ids"], row["ciphertexts"], strict=True)),
    )


def _staged(hub: Hub, about: About) -> list[Begun]:
    numbers, names = sorted(about.number_indexes), sorted(about.name_indexes)
    if not numbers and not names:
        return []
    with hub.database.working() as connection:
        rows = store.staged(connection, about.us, numbers=numbers, names=names, most=MOST + 1)
    if len(rows) > MOST:
        raise Conflict(TOO_MANY)
    return [
        Begun(
            kind=STAGED,
            id=row["id"],
            version=0,
            by=FoundBy.NHS_NUMBER if row["numbered"] else FoundBy.NAME_AND_BIRTH,
            who=row["sender_agency_id"],
            at=row["received_at"],
        )
        for row in rows
    ]


def _drafts(
    hub: Hub, about: About, kind: UnfinishedKind, theirs: Callable[[Any], FoundBy | None]
) -> list[Begun]:
    found: list[Begun] = []
    for rows in _pages_of_drafts(hub, about.us, _KINDS[kind]):
        for row, form in _opened(hub, rows):
            by = theirs(form)
            if by is not None:
                found.append(
                    Begun(kind, row["id"], row["version"], by, row["user_id"], row["updated_at"])
                )
        if len(found) > MOST:
            raise Conflict(TOO_MANY)
    return found


def _pages_of_drafts(hub: Hub, us: UUID, kind: DraftKind) -> Iterator[Sequence[Row]]:
    """Each page in a transaction of its own: none is held open while forms are compared."""
    after = UUID(int=0)
    while True:
        with hub.database.working() as connection:
            rows = store.drafts(connection, us, kind, after=after)
        yield rows
        if len(rows) < store.AT_ONCE:
            return
        after = rows[-1]["id"]


def _opened(hub: Hub, rows: Sequence[Row]) -> Iterator[tuple[Row, Any]]:
    sealed = [(str(row["user_id"]), str(row["id"]), row["sealed_form"]) for row in rows]
    for row, data in zip(rows, open_drafts(hub.keys, sealed), strict=True):
        yield row, json.loads(data)


def _said_by(about: About, person: Mapping[str, Any]) -> FoundBy | None:
    if number_of(person) in about.numbers:
        return FoundBy.NHS_NUMBER
    return FoundBy.NAME_AND_BIRTH if name_of(person) in about.names else None


def _surest(*found: FoundBy | None) -> FoundBy | None:
    return next((by for by in FoundBy if by in found), None)


def _items_of(kind: UnfinishedKind, row: Row, form: Any, part: UUID) -> Iterable[HeldItem]:
    key, at = f"{kind}/{row['id']}/{row['version']}", row["updated_at"]
    if kind is KEPT:
        return [HeldItem(part, key, f"{DRAFT}.{KEPT}", _fields_of(form), at)]
    return [
        HeldItem(part, f"{key}/{page}", f"{DRAFT}.{page}", dict(fields), at)
        for page, fields in _pages(form).items()
    ]


def _items_of_staged(us: UUID, row: Row, content: Any, part: UUID) -> Iterator[HeldItem]:
    whose = f"{STAGED}.{'ours' if row['sender_agency_id'] == us else 'theirs'}"
    for page, fields in {**_pages(content["pages"]), "beside": content["beside"]}.items():
        if fields:
            key = f"{STAGED}/{row['id']}/{page}"
            yield HeldItem(part, key, f"{whose}.{page}", fields, row["received_at"])


def _pages(form: Any) -> Pages:
    """The pages of a form that say something, without what the hub itself put beside them."""
    return {
        page: fields
        for page, fields in form.items()
        if page != STAGED and isinstance(fields, Mapping) and fields
    }


def _fields_of(form: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in form["fields"]:
        if value:
            fields[name] = f"{fields[name]}\n{value}" if name in fields else value
    return fields
