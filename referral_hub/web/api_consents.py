"""What the person has said since a referral was sent: given, refused, withdrawn."""

from __future__ import annotations

import json
from uuid import UUID

from flask import Response

from referral_hub.errors import InvalidInput
from referral_hub.services import api_reads
from referral_hub.services.api_access import Caller
from referral_hub.services.hub import Hub
from referral_hub.services.idempotency import Keyed, Written
from referral_hub.web.api_reading import JSON, no_parameters, readable
from referral_hub.web.api_referrals import LARGEST_PLAIN, idempotency_key, written_response
from referral_hub.web.api_status import withdrawn
from referral_hub.web.forms.api_bodies import ConsentBody, NothingBody
from referral_hub.web.json_body import read_body, read_document, require_json
from referral_hub.web.rendering import today

PATH = "/api/v1/consents"


def give(hub: Hub, caller: Caller) -> Response:
    """Record what the person has said since; what was held is looked at again."""
    no_parameters()
    require_json()
    body = read_body(LARGEST_PLAIN)
    key = idempotency_key()
    actor = caller.actor
    keyed = Keyed(actor.user_id, actor.agency_id, f"POST {PATH}", key, body)
    try:
        given = read_document(ConsentBody(today(hub.clock())), body)
    except InvalidInput:
        first = api_reads.answered_before(hub, keyed)
        if first is None:
            raise
        return written_response(first)

    def answering(event_id: UUID, slots: int) -> Written:
        told = {
            "id": str(event_id),
            "referral": str(given["referral"]),
            "looked_at_again": slots,
        }
        return Written(201, JSON, json.dumps(told, separators=(",", ":")).encode())

    return written_response(
        api_reads.give_consent(
            hub, keyed, given["referral"], agreement=given["agreement"], answering=answering
        )
    )


def withdraw(hub: Hub, caller: Caller, consent_id: UUID) -> Response:
    """Withdraw the agreement that a consent recorded, and with it what rests on it."""
    no_parameters()
    require_json()
    read_document(NothingBody(), read_body())
    return readable(withdrawn(api_reads.withdraw_consent(hub, caller.actor, consent_id)))
