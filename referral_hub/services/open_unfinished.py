"""What somebody began about a person and did not finish: half-filled forms, and what waits.

They belong in the answer to an access request although no record points to them. They are found
as staged items are: by the agency's blind index of the NHS number, or of last name and date of
birth as they stand in the person's records. A form that was kept after a time-out is found by what
was typed into it, or by the referral, task or form that it was a page of.

A draft is its writer's alone, so the look that the log already has says that drafts were searched;
what was found is a second look, which names each draft and item, before any of it is shown. Drafts
are opened one after the other and only what is the person's is kept, at most `MOST` of each. The
limit: what waits at another agency is sealed for that agency, and is for its officer to answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from referral_hub.crypto.unseal import open_draft, open_staged
from referral_hub.errors import Conflict
from referral_hub.services.hub import Hub
from referral_hub.services.person_items import HeldItem
from referral_hub.services.stage import indexes_of
from referral_hub.store import unfinished as store
from referral_hub.store.drafts import DraftKind
from referral_hub.store.unfinished import Row

MOST = 200
DRAFT, KEPT, STAGED = "draft", "kept", "staged"
TOO_MANY = (
    "More than 200 half-filled forms or waiting items are about this person. Settle or discard some"
    " of them first, so that each can be looked at."
)
Pages = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, repr=False)
class About:
    """Whom it must be about: the person's blind indexes, and the ids that pages' paths name."""

    us: UUID
    indexes: frozenset[bytes]
    ids: frozenset[str]

    def __repr__(self) -> str:
        return "<About>"


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """Drafts, kept pages and staged items, each with what it says: rows beside opened content."""

    drafts: Sequence[tuple[Row, Any]]
    kept: Sequence[tuple[Row, Any]]
    staged: Sequence[Row]

    def __repr__(self) -> str:
        return "<Found>"

    @property
    def cites(self) -> tuple[str, ...]:
        """What the second look names."""
        named = ((DRAFT, [row for row, _ in self.drafts]), (KEPT, [row for row, _ in self.kept]))
        ids = [f"{kind}:{row['id']}" for kind, rows in named for row in rows]
        return (*ids, *(f"{STAGED}:{row['id']}" for row in self.staged))


def person_indexes(hub: Hub, us: UUID, known: Iterable[Mapping[str, Any]]) -> frozenset[bytes]:
    """Return the blind indexes of somebody, from fields of their records by catalogue name."""
    found: set[bytes] = set()
    for fields in known:
        year, month, day = str(fields.get("identity.date_of_birth") or "--").split("-")
        person = {
            "nhs_number": fields.get("identity.nhs_number"),
            "family_name": fields.get("identity.family_name"),
            "date_of_birth-day": day,
            "date_of_birth-month": month,
            "date_of_birth-year": year,
        }
        found.update(indexes_of(hub, us, {"person": person}))
    return frozenset(found)


def find_unfinished(hub: Hub, about: About) -> Found:
    """Return what is about the person. Raises Conflict where there is more than `MOST` of a kind.

    The look stands in the log before this is called.
    """
    with hub.database.working() as connection:
        staged = store.staged(connection, about.us, sorted(about.indexes), most=MOST + 1)
        ids = {str(row["id"]) for row in staged}

        def theirs(form: Any) -> bool:
            return _is_theirs(hub, about, form, staged=ids)

        begun = store.drafts(connection, about.us, DraftKind.REFERRAL)
        drafts = _kept(_opened(hub, begun), theirs)
        named = about.ids | {str(row["id"]) for row, _ in drafts}

        def page_of(form: Any) -> bool:
            return _is_page_of(hub, about, form, named)

        pages = store.drafts(connection, about.us, DraftKind.PAGE)
        kept = _kept(_opened(hub, pages), page_of)
    if len(staged) > MOST:
        raise Conflict(TOO_MANY)
    return Found(drafts, kept, staged)


def unfinished_items(hub: Hub, us: UUID, found: Found, *, part: UUID) -> list[HeldItem]:
    """Open what waits and return everything as items of `part`, a page of a form for each."""
    items = []
    for row, form in found.drafts:
        at: datetime = row["updated_at"]
        key = f"{DRAFT}/{row['id']}/{row['version']}"
        for page, fields in _pages(form).items():
            items.append(HeldItem(part, f"{key}/{page}", f"{DRAFT}.{page}", dict(fields), at))
    for row, form in found.kept:
        key = f"{KEPT}/{row['id']}/{row['version']}"
        items.append(HeldItem(part, key, f"{DRAFT}.{KEPT}", _fields_of(form), row["updated_at"]))
    for row in found.staged:
        data = open_staged(
            hub.keys, agency_id=str(us), item_id=str(row["id"]), sealed=row["sealed"]
        )
        content = json.loads(data)
        whose = f"{STAGED}.{'ours' if row['sender_agency_id'] == us else 'theirs'}"
        told = {**_pages(content["pages"]), "beside": content["beside"]}
        for page, fields in told.items():
            if fields:
                key = f"{STAGED}/{row['id']}/{page}"
                items.append(HeldItem(part, key, f"{whose}.{page}", fields, row["received_at"]))
    return items


def is_unfinished(key: str) -> bool:
    """Say whether the key of an item is that of something unfinished."""
    return key.partition("/")[0] in {DRAFT, KEPT, STAGED}


def _opened(hub: Hub, rows: Iterator[Row]) -> Iterator[tuple[Row, Any]]:
    for row in rows:
        data = open_draft(
            hub.keys,
            user_id=str(row["user_id"]),
            draft_id=str(row["id"]),
            sealed=row["sealed_form"],
        )
        yield row, json.loads(data)


def _kept(
    opened: Iterator[tuple[Row, Any]], theirs: Callable[[Any], bool]
) -> list[tuple[Row, Any]]:
    found = []
    for row, form in opened:
        if theirs(form):
            found.append((row, form))
            if len(found) > MOST:
                raise Conflict(TOO_MANY)
    return found


def _is_theirs(hub: Hub, about: About, form: Any, *, staged: Collection[str]) -> bool:
    completes = form.get(STAGED)
    if isinstance(completes, Mapping) and completes.get("id") in staged:
        return True
    return bool(about.indexes.intersection(indexes_of(hub, about.us, _pages(form))))


def _is_page_of(hub: Hub, about: About, form: Any, ids: Collection[str]) -> bool:
    if any(one in ids for one in str(form["path"]).replace("?", "/").split("/")):
        return True
    typed = {"person": _fields_of(form)}
    return bool(about.indexes.intersection(indexes_of(hub, about.us, typed)))


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
