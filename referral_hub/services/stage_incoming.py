"""Stage what a partner's system sent and what the hub could not take on as it is.

It waits for the sender's own staff, who complete it on the referral's pages or turn it down;
nothing reaches anybody else by waiting. Only what can be completed is staged (a person, their needs
and the reason for the referral); what is malformed is still refused. The id is made of the client's
own idempotency key, so that sending it again is the same item.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.codes import Scope
from referral_hub.domain.staging import StagedSource, WaitsBecause
from referral_hub.services.api_access import Caller, Credential, authenticate
from referral_hub.services.hub import Hub
from referral_hub.services.open_staged import StagedPage
from referral_hub.services.receive_referral import MustBeSealed
from referral_hub.services.stage import Parties, Staged, stage
from referral_hub.store import change, staging
from referral_hub.store.staging import StagedRow

PAGE = 50
_PERSON = ("first_name", "family_name", "date_of_birth", "area")
_TEXTS = {
    "person": ("person", ("first_name", "family_name", "nhs_number")),
    "address": ("person", ("area", "address", "postcode")),
    "contact": ("contact", ("phone", "email")),
}


def completable(document: Mapping[str, Any], places: Sequence[str]) -> bool:
    """Tell whether a person can put right what is wrong at these places of a referral."""
    return bool(places) and all(
        place in {"/why", "/needs", "/person"} or place.startswith(("/person/", "/needs/"))
        for place in places
    ) and isinstance(document.get("person", {}), Mapping)  # fmt: skip


def incomplete(document: Mapping[str, Any]) -> bool:
    """Tell whether a document lacks what a referral needs and a person can add."""
    return _why(document) is not WaitsBecause.NOT_MATCHED


def stage_incoming(
    hub: Hub,
    shown: Credential,
    document: Mapping[str, Any],
    *,
    named: tuple[Scope, str],
    source: StagedSource,
) -> StagedRow:
    """Stage a referral's document for its sender's staff; `named` is scope and the client's key.

    Raises TokenRefused, ScopeMissing, MustBeSealed, Forbidden, ServiceUnavailable.
    """
    scope, key = named
    caller = authenticate(hub, shown, scope)
    access.require(caller.actor, Permission.REFER)
    if not caller.plain_json:
        raise MustBeSealed
    us, client = caller.actor.agency_id, caller.actor.user_id
    item_id = uuid.uuid5(client, f"{source.value}\0{key}")
    item = Staged(item_id, _why(document), pages_of(document))
    with suppress(change.AlreadyThere):
        stage(hub, Parties(us, us, source, actor=caller.actor), item)
    with hub.database.acting_for(us) as connection:
        return staging.one(connection, item_id)


def list_sent(hub: Hub, caller: Caller, before: UUID | None) -> StagedPage:
    """Return what the caller's agency sent by API or FHIR and had to wait, newest first."""
    access.require(caller.actor, Permission.LIST_REFERRALS)
    with hub.database.acting_for(caller.actor.agency_id) as connection:
        rows = staging.sent(connection, caller.actor.agency_id, before=before, most=PAGE + 1)
    return StagedPage(rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None)


def pages_of(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a document's facts as raw pages of the referral's form; anything odd is left out."""
    pages: dict[str, dict[str, Any]] = {
        page: {name: _text(_part(document, part).get(name)) for name in names}
        for page, (part, names) in _TEXTS.items()
    }
    born = _text(_part(document, "person").get("date_of_birth")).split("-")
    if len(born) == 3 and all(part.isdigit() for part in born):
        for name, value in zip(("year", "month", "day"), born, strict=True):
            pages["person"][f"date_of_birth-{name}"] = str(int(value))
    pages["access"] = {"language": _text(_part(document, "access").get("language")) or "en"}
    needs = document.get("needs")
    listed = needs if isinstance(needs, list) else []
    pages["needs"] = {"needs": [one for one in listed if isinstance(one, str)]}
    pages["why"] = {name: _text(document.get(name)) for name in ("why", "task_note", "priority")}
    return json.loads(json.dumps(pages))  # type: ignore[no-any-return]  # JSON: what sealing takes


def _why(document: Mapping[str, Any]) -> WaitsBecause:
    person = _part(document, "person")
    if not all(_text(person.get(name)) for name in _PERSON):
        return WaitsBecause.PERSON_INCOMPLETE
    if not document.get("needs") or not _text(document.get("why")):
        return WaitsBecause.NEEDS_MISSING
    return WaitsBecause.NOT_MATCHED


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
