"""What could not be taken on as it was sent, and waits for a person: staging it, and its fate.

Asked for by `Prefer: handling=lenient` (RFC 7240 section 4.4). Without it, or where a person could
not put it right, what is wrong is refused as ever: a system that can correct itself should.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Response, request

from referral_hub.domain.staging import StagedSource
from referral_hub.errors import InvalidInput
from referral_hub.services.api_access import Caller
from referral_hub.services.hub import Hub
from referral_hub.services.receive_referral import Knock, Written
from referral_hub.services.stage_incoming import completable, list_sent, stage_incoming
from referral_hub.store.staging import StagedRow
from referral_hub.web.api_answers import instant
from referral_hub.web.api_reading import JSON, cursor, readable
from referral_hub.web.json_body import parse

STAGED = "/api/v1/staged"
LENIENT = "handling=lenient"


def lenient() -> bool:
    """Whether the sender would rather have it wait than refused."""
    given = request.headers.get("Prefer", "")
    return LENIENT in {one.strip().lower().replace(" ", "") for one in given.split(",")}


def staged(hub: Hub, knock: Knock, wrong: InvalidInput) -> Written | None:
    """Stage the knock's body and say so; None where a person could not put right what is wrong."""
    document = parse(knock.content)
    if not isinstance(document, dict) or not completable(document, list(wrong.fields)):
        return None
    return stage_incoming(hub, knock, document, source=StagedSource.API)


def telling(hub: Hub) -> Callable[[StagedRow], Written]:
    """How this door answers about an item: where it stands, and where to ask."""

    def told(row: StagedRow) -> Written:
        shown = item(row) | {"links": {"status": hub.settings.public_url + STAGED}}
        return Written(202, JSON, json.dumps(shown, separators=(",", ":")).encode())

    return told


def listed(hub: Hub, caller: Caller) -> Response:
    """What waits or waited of what the agency sent, newest first."""
    page = list_sent(hub, caller, cursor("before"))
    shown: dict[str, Any] = {"staged": [item(row) for row in page.rows]}
    if page.next is not None:
        shown["next"] = f"{hub.settings.public_url}{STAGED}?before={page.next}"
    return readable(shown)


def item(row: StagedRow) -> dict[str, Any]:
    """An item by its codes; the reason is there once it was turned down."""
    told: dict[str, Any] = {
        "id": str(row.id),
        "state": row.state,
        "why": row.why,
        "received_at": instant(row.received_at),
        "settled_at": instant(row.settled_at) if row.settled_at else None,
        "referral": str(row.referral_id) if row.referral_id else None,
        "reason": row.reason,
    }
    return {name: value for name, value in told.items() if value is not None}
