"""What became of the referrals that a partner's system sent: lists, one, events, receipts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from referral_hub.domain.codes import NeedCode
from referral_hub.services import api_reads
from referral_hub.services.api_access import Caller
from referral_hub.services.hub import Hub
from referral_hub.services.read_referrals import list_referrals, read_referral
from referral_hub.services.receipts import referral_receipt, sender_has
from referral_hub.services.withdraw import Withdrawn, withdraw_agreement
from referral_hub.web import api_shapes
from referral_hub.web.api_answers import instant
from referral_hub.web.api_reading import (
    conditional,
    cursor,
    no_parameters,
    readable,
    require_match,
)
from referral_hub.web.api_referrals import PATH
from referral_hub.web.forms.api_bodies import NothingBody
from referral_hub.web.json_body import read_body, read_document, require_json

EVENTS = "/api/v1/events"


def referrals(hub: Hub, caller: Caller) -> Response:
    """The agency's referrals, newest first."""
    page = list_referrals(hub, caller.actor, before=cursor("before"))
    shown: dict[str, Any] = {"referrals": [api_shapes.summary(row) for row in page.rows]}
    if page.next is not None:
        shown["next"] = f"{hub.settings.public_url}{PATH}?before={page.next}"
    return readable(shown)


def referral(hub: Hub, caller: Caller, referral_id: UUID) -> Response:
    """One referral: where each part stands, what happened, what was said."""
    no_parameters()
    return readable(_shown(hub, caller, referral_id))


def withdraw(hub: Hub, caller: Caller, referral_id: UUID) -> Response:
    """The person has changed their mind: everything unsent stops, recipients are told."""
    no_parameters()
    require_json()
    read_document(NothingBody(), read_body())
    if conditional():
        require_match(_shown(hub, caller, referral_id))
    return readable(withdrawn(withdraw_agreement(hub, caller.actor, referral_id)))


def events(hub: Hub, caller: Caller) -> Response:
    """What happened to what the agency sent or received, after the event `since`."""
    since = cursor("since")
    found = api_reads.events(hub, caller.actor, since)
    last = found[-1].id if found else since
    here = hub.settings.public_url + EVENTS
    return readable(
        {
            "events": [api_shapes.event(row) for row in found],
            "next": f"{here}?since={last}" if last else here,
        }
    )


def receipts(hub: Hub, caller: Caller, referral_id: UUID) -> Response:
    """The entries of the log that the sender may keep receipts of."""
    no_parameters()
    view = read_referral(hub, caller.actor, referral_id)
    here = f"{hub.settings.public_url}{PATH}/{referral_id}/receipt"
    return readable(
        {
            "receipts": [
                {
                    "entry": str(row.entry_id),
                    "event": row.event,
                    "recipient": row.recipient_name,
                    "at": instant(row.at),
                    "proof": f"{here}/{row.entry_id}",
                }
                for row in view.history
                if sender_has(row)
            ]
        }
    )


def receipt(hub: Hub, caller: Caller, *, referral_id: UUID, entry_id: UUID) -> Response:
    """One receipt, a `c2sp.org/tlog-proof@v1` file that anybody can check."""
    no_parameters()
    found = referral_receipt(hub, caller.actor, referral_id, entry_id)
    return Response(found.data, content_type="text/plain; charset=utf-8")


def directory(hub: Hub, caller: Caller) -> Response:
    """What a referral may name: areas, agencies, needs, and the words in use."""
    no_parameters()
    found = api_reads.look_up(hub, caller.actor)
    return readable(
        {
            "areas": [
                {"code": row.code, "name": row.name, "owner": str(row.owner_agency_id)}
                for row in found.areas
            ],
            "agencies": [
                {"id": str(row.id), "name": row.name, "kind": row.kind} for row in found.agencies
            ],
            "notices": [
                {
                    "id": words.id,
                    "version": words.version,
                    "language": words.language,
                    "text": words.text,
                    "sha256": words.sha256,
                }
                for words in found.notices
            ],
            "needs": [need.value for need in NeedCode],
        }
    )


def withdrawn(done: Withdrawn) -> dict[str, Any]:
    """What a withdrawal did."""
    return {
        "stopped": list(done.stopped),
        "told": list(done.told),
        "already_disclosed": [
            {"recipient": row.recipient_name, "at": instant(row.at), "fields": list(row.field_ids)}
            for row in done.already_disclosed
        ],
    }


def _shown(hub: Hub, caller: Caller, referral_id: UUID) -> dict[str, Any]:
    view = read_referral(hub, caller.actor, referral_id)
    return api_shapes.whole(view, api_reads.consents(hub, caller.actor, referral_id))
