"""Call agencies back about steps of their tasks, and about what waited of what they sent: ids and
the kind of step, signed, nothing else.

Whoever is called looks the rest up with its own rights. The webhook-id is the effect id and the
same at every attempt; timestamp and signatures are fresh. While secrets change, old and new sign
side by side. 410 switches the address off; everything else that is no success is tried again on the
schedule of Standard Webhooks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast
from uuid import UUID

from adapters.contract import Delivery, DeliveryOutcome, Endpoint, Sealed
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.callback_signer import Scheme, SealedSigner, sign_callback
from referral_hub.domain.codes import OutboxState
from referral_hub.domain.deliveries import Way
from referral_hub.outbox.callback_schedule import callback_delay
from referral_hub.services.breakers import Tried, note_attempts
from referral_hub.services.hub import Hub
from referral_hub.services.push import MOST_CONNECTIONS, SETTLE_MARGIN, delivered_row
from referral_hub.services.settle import Failure, settle_later
from referral_hub.store import callbacks, change, outbox
from referral_hub.store.callbacks import CallbackRow, SignerRow
from referral_hub.store.outbox import Claimed, Settlement

TRANSPORT = "callback"
GONE = "http_410"
KINDS = {
    "deliver_accepted": "task.updated",
    "deliver_corrected": "task.updated",
    "remind": "task.reminded",
    "escalate": "task.escalated",
    "due": "task.overdue",
}
Result = tuple[Claimed, DeliveryOutcome]


@dataclass(frozen=True, slots=True)
class _Call:
    """One callback on its way."""

    claim: Claimed
    row: CallbackRow
    signers: Sequence[SignerRow]


def send_callbacks(hub: Hub, claims: Sequence[Claimed], *, until: datetime) -> None:
    """Send a batch of callbacks and settle each row. `until` ends the lease."""
    at = hub.clock()
    with hub.database.working() as connection:
        rows = callbacks.to_tell(connection, [claim.id for claim in claims])
        live = {row.endpoint_id for row in rows.values() if not row.disabled}
        signers = callbacks.signers(connection, live, at)
        calls = [
            _Call(claim, row, signers.get(row.endpoint_id, ()))
            for claim in claims
            if (row := rows.get(claim.id)) is not None and row.endpoint_id in live
        ]
        wanted = {call.claim.id for call in calls}
        outbox.settle(connection, [_dropped(c, at) for c in claims if c.id not in wanted])
    if not calls:
        return
    by_endpoint: dict[UUID, list[_Call]] = {}
    for call in calls:
        by_endpoint.setdefault(call.row.endpoint_id, []).append(call)
    with ThreadPoolExecutor(max_workers=min(MOST_CONNECTIONS, len(by_endpoint))) as pool:
        sent = pool.map(lambda theirs: _along(hub, theirs, until), by_endpoint.values())
        results = [result for batch in sent for result in batch]
    _settle(hub, {call.claim.id: call.row for call in calls}, results)


def payload(row: CallbackRow, referral_id: UUID | None) -> bytes:
    """Return the body: the kind of step, when, and ids; a sender gets its referral's id as well."""
    if row.staged_id is not None:
        kind, data = f"staged.{row.state}", {"staged": str(row.staged_id)}
    else:
        kind, data = KINDS.get(row.event, f"task.{row.state}"), {"task": str(row.task_id)}
    if referral_id is not None:
        data["referral"] = str(referral_id)
    body = {"type": kind, "timestamp": row.at.isoformat().replace("+00:00", "Z"), "data": data}
    return json.dumps(body, separators=(",", ":")).encode()


def _along(hub: Hub, calls: Sequence[_Call], until: datetime) -> list[Result]:
    """Call one address; stop at the first sign that it is away, or wants no more."""
    done: list[Result] = []
    away: DeliveryOutcome | None = None
    for call in calls:
        if away is None and hub.clock() > until - SETTLE_MARGIN:
            away = DeliveryOutcome(Delivery.TRY_AGAIN, "no_time_left")
        outcome = away or _send(hub, call)
        done.append((call.claim, outcome))
        if away is None and outcome.delivery is not Delivery.DELIVERED:
            gone = outcome.code == GONE
            away = outcome if gone else replace(outcome, code="destination_away")
            if not gone:
                away = replace(away, delivery=Delivery.TRY_AGAIN)
    return done


def _send(hub: Hub, call: _Call) -> DeliveryOutcome:
    sender = call.claim.origin_agency_id == call.claim.recipient_agency_id
    body = payload(call.row, call.claim.about if sender else None)
    headers = sign_callback(
        hub.keys,
        [
            SealedSigner(str(one.id), cast("Scheme", one.scheme), one.sealed_secret)
            for one in call.signers
        ],
        message_id=str(call.claim.id),
        timestamp=int(hub.clock().timestamp()),
        body=body,
    )
    return hub.registry.transport(TRANSPORT).send(
        Endpoint(str(call.claim.recipient_agency_id), call.row.url, tuple(call.row.pinned)),
        Sealed(str(call.claim.id), body, "application/json", headers),
    )


def _settle(hub: Hub, rows: Mapping[UUID, CallbackRow], results: Sequence[Result]) -> None:
    at = hub.clock()
    done: list[Settlement] = []
    later: list[Failure] = []
    gone: dict[UUID, Claimed] = {}
    for claim, outcome in results:
        if outcome.delivery is Delivery.DELIVERED:
            done.append(delivered_row(claim, at))
        elif outcome.delivery is Delivery.REFUSED:
            state = OutboxState.CANCELLED if outcome.code == GONE else OutboxState.REFUSED
            done.append(Settlement(claim.id, claim.fence, state.value, outcome.code, at, at))
            if outcome.code == GONE:
                gone[rows[claim.id].endpoint_id] = claim
        else:
            later.append(Failure(claim, outcome.code, outcome.retry_after))
    tried = [Tried(rows[claim.id].endpoint_id, Way.CALLBACK, outcome) for claim, outcome in results]
    with hub.database.working() as connection:
        outbox.settle(connection, done)
        note_attempts(connection, tried, at)
        for endpoint_id, claim in gone.items():
            if callbacks.switch(connection, endpoint_id, disabled_at=at, code=GONE):
                entry = prepare(_gone(claim, endpoint_id), hub.keys, at)
                change.write(connection, change.Change([entry]))
    settle_later(hub, later, schedule=callback_delay)


def _gone(claim: Claimed, endpoint_id: UUID) -> Event:
    return Event(
        type=EntryType.ADMIN,
        sender=claim.recipient_agency_id,
        outcome="callback_gone",
        details={"endpoint": str(endpoint_id)},
    )


def _dropped(claim: Claimed, at: datetime) -> Settlement:
    """The address was switched off meanwhile."""
    state = OutboxState.CANCELLED.value
    return Settlement(claim.id, claim.fence, state, "nobody_to_call", at, at)
