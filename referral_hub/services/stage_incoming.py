"""Stage what a partner's system sent and what the hub could not take on as it is.

It waits for the sender's own staff, who complete it on the referral's pages or turn it down;
nothing reaches anybody else by waiting. Only what can be completed is staged (a person, their needs
and the reason for the referral); what is malformed is still refused. It is one request under
its idempotency key as an accepted referral is, and one under the sender's own name for it; and it
stays that for as long as the item is known, whatever has become of it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from consent.model import EventState
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.codes import (
    AccessNeed,
    Circumstance,
    ContactMethod,
    Manner,
    NeedCode,
    Priority,
    TaskType,
)
from referral_hub.domain.ids import new_id
from referral_hub.domain.listings import Weekday
from referral_hub.domain.staging import StagedSource, StagedState, WaitsBecause
from referral_hub.services.api_access import Caller, proved
from referral_hub.services.hub import Hub
from referral_hub.services.idempotency import Written
from referral_hub.services.open_staged import StagedPage
from referral_hub.services.receive_referral import AlreadySent, Knock, answered_before
from referral_hub.services.stage import Parties, Staged, staged_change
from referral_hub.store import change, staging
from referral_hub.store.staging import StagedRow

PAGE = 50
_ATTEMPTS = 2
_PERSON = ("first_name", "family_name", "date_of_birth", "area")
# the page, the part of the document, and for each member how much of it the page takes
_TEXTS: dict[str, tuple[str, dict[str, int]]] = {
    "person": ("person", {"first_name": 100, "family_name": 100, "nhs_number": 30}),
    "address": ("person", {"area": 20, "address": 300, "postcode": 10}),
    "contact": ("contact", {"phone": 20, "email": 254}),
}
_WHY = {"why": 300, "task_note": 500}
_SAID = ("state", "method", "given_by", "valid_until")
_UNUSABLE = frozenset({"Cc", "Cs", "Cn"})
_NUMBER = re.compile(r"[0-9]{1,4}", re.ASCII)


def completable(document: Mapping[str, Any], places: Sequence[str]) -> bool:
    """Tell whether a person can put right what is wrong at these places of a referral."""
    known = all(
        place in {"/why", "/needs", "/person"} or place.startswith(("/person/", "/needs/"))
        for place in places
    )
    person = isinstance(document.get("person", {}), Mapping)
    return bool(places) and known and person and not _must_not_wait(document)


def incomplete(document: Mapping[str, Any]) -> bool:
    """Tell whether a document lacks what a referral needs and a person can add."""
    return _why(document) is not WaitsBecause.NOT_MATCHED and not _must_not_wait(document)


def stage_incoming(
    hub: Hub,
    knock: Knock,
    document: Mapping[str, Any],
    *,
    source: StagedSource,
    kept: str | None = None,
) -> Written:
    """Stage a referral's document for its sender's staff, and return what its door tells of it.

    `kept` goes with it and comes back to the sender with the referral that it becomes.

    Raises TokenRefused, ScopeMissing, MustBeSealed, KeyReused, AlreadySent (under the sender's own
    name for it), Forbidden, ServiceUnavailable.
    """
    knock = replace(knock, shown=proved(hub, knock.shown, knock.scope))
    us, keyed = knock.keyed.agency_id, knock.keyed
    for _ in range(_ATTEMPTS):
        caller, first = answered_before(hub, knock)
        if first is not None:
            return first
        parties = Parties(us, us, source, actor=caller.actor)
        with suppress(change.AlreadyThere), hub.database.acting_for(us) as connection:
            if knock.draft_id and staging.referral_of_draft(connection, knock.draft_id):
                raise AlreadySent
            at = hub.clock()
            item = Staged(
                knock.draft_id or new_id(at),
                _why(document),
                pages_of(document),
                beside_of(document),
                kept=kept,
            )
            written = knock.telling(_row(parties, item, at))
            made = staged_change(hub, parties, [item], at=at)
            known = [{**row, **keyed.identity(hub)} for row in made.inserts["staged_item"]]
            answer = keyed.row(hub, written, at)
            inserts: Mapping[str, Sequence[change.Row]] = {
                "staged_item": known,
                "idempotency_key": [answer],
            }
            change.write(connection, replace(made, inserts=inserts))
            return written
    raise AlreadySent  # nothing is under this key, and an item has the sender's name for it


def _row(parties: Parties, item: Staged, at: datetime) -> StagedRow:
    """The item as it stands when it has just been staged."""
    return StagedRow(
        id=item.id,
        agency_id=parties.agency_id,
        sender_agency_id=parties.sender_id,
        sender_name="",
        source=parties.source.value,
        state=StagedState.WAITING.value,
        why=item.why.value,
        batch_id=None,
        line=None,
        received_at=at,
        draft_id=None,
        settled_at=None,
        referral_id=None,
        reason=None,
    )


def list_sent(hub: Hub, caller: Caller, before: UUID | None) -> StagedPage:
    """Return what the caller's agency sent by API or FHIR and had to wait, newest first."""
    access.require(caller.actor, Permission.LIST_REFERRALS)
    with hub.database.acting_for(caller.actor.agency_id) as connection:
        rows = staging.sent(connection, caller.actor.agency_id, before=before, most=PAGE + 1)
    return StagedPage(rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None)


def pages_of(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a document's facts as raw pages of the referral's form; anything odd is left out."""
    pages: dict[str, dict[str, Any]] = {
        page: _texts(_part(document, part), longest) for page, (part, longest) in _TEXTS.items()
    }
    born = _text(_part(document, "person").get("date_of_birth"), 10).split("-")
    if len(born) == 3 and all(map(_NUMBER.fullmatch, born)):
        for name, value in zip(("year", "month", "day"), born, strict=True):
            pages["person"][f"date_of_birth-{name}"] = str(int(value))
    contact, access_ = _part(document, "contact"), _part(document, "access")
    pages["contact"] |= {
        "preferred": _codes(contact.get("preferred"), ContactMethod),
        "never": _codes(contact.get("never"), ContactMethod),
        "contact_note": _text(contact.get("note"), 200),
    }
    pages["access"] = {
        "language": _text(access_.get("language"), 20) or "en",
        "interpreter": ["yes"] if access_.get("interpreter") is True else [],
        "access": _codes(access_.get("needs"), AccessNeed),
        "access_note": _text(access_.get("note"), 200),
    }
    wishes = _wishes(_part(document, "wishes"))
    if wishes:
        pages["recipients"] = wishes
    pages["needs"] = {"needs": _codes(document.get("needs"), NeedCode)}
    priority = _codes([document.get("priority")], Priority)
    pages["why"] = _texts(document, _WHY) | {"priority": "".join(priority)}
    return json.loads(json.dumps(pages))  # type: ignore[no-any-return]  # JSON: what sealing takes


def _wishes(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the page of recipients asks, as far as its codes can be read."""
    read: dict[str, Any] = {
        name: _codes(said.get(name), kind)
        for name, kind in (
            ("tasks", TaskType),
            ("essential", NeedCode),
            ("is_so", Circumstance),
            ("company", Circumstance),
            ("days", Weekday),
        )
    }
    read["prefers"] = "".join(_codes([said.get("prefers")], Manner))
    for name in ("first", "never"):
        given = said.get(name)
        read[name] = [_text(one, 40) for one in given] if isinstance(given, list) else []
    read["choose"] = ["yes"] if said.get("council_chooses") is True else []
    return {name: value for name, value in read.items() if value}


def beside_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Return what the sender says was agreed. Staff see it and ask anew: no page takes it over."""
    agreed = _part(document, "agreement")
    lines = [f"{name}: {_text(agreed.get(name), 40)}" for name in _SAID if agreed.get(name)]
    lines += [
        f"{name}: {', '.join(filter(None, (_named(one) for one in agreed[name])))}"
        for name in ("classes", "recipients")
        if isinstance(agreed.get(name), list)
    ]
    if agreed.get("given") is True:
        lines.insert(0, "state: given")
    return {"agreement": "\n".join(lines)} if lines else {}


def _named(one: object) -> str:
    if isinstance(one, Mapping):
        one = next(iter(one.values()), None)
    return _text(one, 40)


def _must_not_wait(document: Mapping[str, Any]) -> bool:
    """A concern is told to the council at once or refused at once, and a no is never lost."""
    agreed = _part(document, "agreement")
    refused = agreed.get("given") is False or agreed.get("state") == EventState.REFUSED
    return document.get("concern") is not None or refused


def _why(document: Mapping[str, Any]) -> WaitsBecause:
    person = _part(document, "person")
    if not all(_text(person.get(name), 1) for name in _PERSON):
        return WaitsBecause.PERSON_INCOMPLETE
    if not document.get("needs") or not _text(document.get("why"), 1):
        return WaitsBecause.NEEDS_MISSING
    return WaitsBecause.NOT_MATCHED


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def _texts(part: Mapping[str, Any], longest: Mapping[str, int]) -> dict[str, Any]:
    return {name: _text(part.get(name), most) for name, most in longest.items()}


def _codes(value: object, known: type[StrEnum]) -> list[str]:
    """The codes that a page can show as ticked; whatever else was sent is left out."""
    given = value if isinstance(value, list) else []
    return [code.value for code in known if code.value in given]


def _text(value: object, longest: int) -> str:
    """The text as far as a page takes it; nothing where it has characters that are none."""
    if not isinstance(value, str):
        return ""
    plain = value.translate({ord(one): " " for one in "\t\r\n"})
    if any(unicodedata.category(one) in _UNUSABLE for one in plain):
        return ""
    return value[:longest]
