"""A matter's facts in plain words. Codes and ids in, words out; nothing that anybody wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from flask import url_for

from referral_hub.domain.commands import Actor
from referral_hub.domain.matters import MatterEvent, MatterKind, MatterState
from referral_hub.services.audit_log import parties
from referral_hub.services.hub import Hub
from referral_hub.services.matters import MatterView
from referral_hub.web.labels import Labels
from referral_hub.web.rendering import and_list, day

_CODES: Mapping[str, str] = {
    "by": "ReceivedBy",
    "requester": "Requester",
    "authority": "Authority",
    "identity": "IdentityCheck",
    "channel": "BreachChannel",
    "about": "ComplaintAbout",
}


def facts(hub: Hub, actor: Actor, view: MatterView, labels: Labels) -> list[tuple[str, str]]:
    """Return what is known of a matter as (name, words), in the order of the table of names."""
    details = view.matter.details
    found: dict[str, str] = {
        name: labels.words(details[name], kind) for name, kind in _CODES.items() if name in details
    }
    if "kinds" in details:
        found["kinds"] = and_list(labels.words(code, "BreachKind") for code in details["kinds"])
    for name in ("since", "until"):
        if name in details:
            found[name] = day(date.fromisoformat(details[name]))
    if {"user", "agency"} & details.keys():
        agencies, staff = parties(hub, actor)
        found |= _named("user", details, staff) | _named("agency", details, agencies)
    names = labels.table("MatterFact")
    return [(words, found[name]) for name, words in names.items() if name in found]


def prepared(view: MatterView) -> bool:
    """Whether the person's records can be opened for this matter now."""
    matter = view.matter
    return matter.kind == MatterKind.ACCESS_REQUEST and matter.state == MatterState.BEING_PREPARED


def step_url(view: MatterView, event: MatterEvent) -> str:
    """Return the address of the page of a step."""
    return url_for("matters.step_form", matter_id=view.matter.id, event=event.value)


def _named(name: str, details: Mapping[str, Any], known: Mapping[UUID, str]) -> dict[str, str]:
    if name not in details:
        return {}
    return {name: known.get(UUID(details[name]), "Not known any more")}
