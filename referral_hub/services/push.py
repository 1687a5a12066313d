"""Send permitted releases to partner systems, with no transaction open.

Destinations are served side by side, each over a few kept connections, so that one message is
sealed while another waits for its answer; the messages of a batch are about different tasks, so
their order says nothing. A destination that does not answer holds up nobody else: after its first
failure the rest of its batch comes back later unsent. The stable effect id goes with every attempt.
What has left is recorded even if the person withdrew meanwhile; the recipient is then told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from adapters.contract import (
    Delivery,
    DeliveryOutcome,
    DocumentKind,
    Endpoint,
    FormatError,
    ReferralDocument,
    Sealed,
    Sender,
)
from consent.model import Permit, Stage
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.crypto.partner import MessageHead, seal_for_partner
from referral_hub.domain.codes import OutboxKind, OutboxState
from referral_hub.services import record
from referral_hub.services.disclose import (
    Release,
    disclosure_of,
    open_for_partner,
    release_row,
    turn_of,
)
from referral_hub.services.hub import Hub
from referral_hub.services.rows import outbox_row
from referral_hub.services.settle import Failure, settle_later
from referral_hub.store import change, disclosures, outbox, referrals
from referral_hub.store.cases import Row, endpoints_of
from referral_hub.store.outbox import Claimed, Settlement

FORMAT = "hub_json"
TRANSPORT = "https_push"
MOST_CONNECTIONS = 18
LANES = 3
SETTLE_MARGIN = timedelta(seconds=25)
KINDS = {Stage.OFFER: DocumentKind.OFFER, Stage.ACCEPTED: DocumentKind.ACCEPTANCE}


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A document bound for one destination, not yet sealed, and the claim it settles."""

    claim: Claimed
    document: ReferralDocument
    release: Release | None = None

    def __repr__(self) -> str:
        return "<Message>"


@dataclass(frozen=True, slots=True)
class Sent:
    """How the attempt at a message ended."""

    message: Message
    outcome: DeliveryOutcome


def push_all(hub: Hub, releases: Sequence[Release], *, until: datetime) -> None:
    """Send a batch of logged, permitted releases and settle each row. `until` ends the lease."""
    at = hub.clock()
    messages = [Message(r.claim, _document(hub, r, at), r) for r in releases]
    _send_and_settle(hub, messages, until=until)


def push_withdrawals(hub: Hub, claims: Sequence[Claimed], *, until: datetime) -> None:
    """Tell recipients that a referral was withdrawn: a reference and nothing else.

    An inbox shows it by the task's state; a partner system is sent a message. The telling is logged
    first.
    """
    at = hub.clock()
    with hub.database.working() as connection:
        endpoints = endpoints_of(connection, {claim.recipient_agency_id for claim in claims})
        tasks = referrals.tasks_by_id(connection, [c.task_id for c in claims if c.task_id])
        by_id = {task.id: task for task in tasks}
        told = [(claim, by_id[claim.task_id]) for claim in claims if claim.task_id in by_id]
        logged = [prepare(_telling(claim, task), hub.keys, at) for claim, task in told]
        change.write(connection, change.Change(logged))
        inbox = [claim for claim in claims if claim.recipient_agency_id not in endpoints]
        outbox.settle(connection, [_delivered(claim, at) for claim in inbox])
    ids: list[UUID] = [row.entry["id"] for row in logged]
    ensure_integrated(hub.database, hub.integrator, ids)
    messages = [
        Message(claim, _withdrawal(task, entry_id, at))
        for (claim, task), entry_id in zip(told, ids, strict=True)
        if claim.recipient_agency_id in endpoints
    ]
    _send_and_settle(hub, messages, until=until)


def _send_and_settle(hub: Hub, messages: Sequence[Message], *, until: datetime) -> None:
    with hub.database.working() as connection:
        wanted = {message.claim.recipient_agency_id for message in messages}
        endpoints = endpoints_of(connection, wanted)
    by_agency: dict[UUID, list[Message]] = defaultdict(list)
    for message in messages:
        by_agency[message.claim.recipient_agency_id].append(message)
    if not by_agency:
        return
    lanes = [
        (endpoints[agency], found[lane::LANES], away)
        for agency, found in by_agency.items()
        for away in [_Away()]
        for lane in range(min(LANES, len(found)))
    ]
    with ThreadPoolExecutor(max_workers=min(MOST_CONNECTIONS, len(lanes))) as pool:
        batches = pool.map(lambda lane: _along(hub, *lane, until=until), lanes)
        sent = [item for batch in batches for item in batch]
    _settle(hub, sent)


class _Away:
    """Whether a destination is away, as far as the lanes to it have found out."""

    outcome: DeliveryOutcome | None = None


def _along(
    hub: Hub, endpoint: Row, messages: Sequence[Message], away: _Away, *, until: datetime
) -> list[Sent]:
    """Send to one destination; stop at the first sign that it is away or time is short."""
    done: list[Sent] = []
    for message in messages:
        if away.outcome is None and hub.clock() > until - SETTLE_MARGIN:
            away.outcome = DeliveryOutcome(Delivery.TRY_AGAIN, "no_time_left")
        if away.outcome is not None:
            done.append(Sent(message, away.outcome))
            continue
        outcome = _send(hub, endpoint, message)
        done.append(Sent(message, outcome))
        if outcome.delivery in {Delivery.TRY_AGAIN, Delivery.UNKNOWN}:
            away.outcome = replace(outcome, delivery=Delivery.TRY_AGAIN, code="destination_away")
    return done


def _send(hub: Hub, endpoint: Row, message: Message) -> DeliveryOutcome:
    if not endpoint["enabled"] or endpoint["encryption_jwk"] is None or endpoint["url"] is None:
        return DeliveryOutcome(Delivery.TRY_AGAIN, "endpoint_not_ready")
    format_ = hub.registry.format(FORMAT)
    try:
        written = format_.write(message.document)
    except FormatError:
        return DeliveryOutcome(Delivery.REFUSED, "not_writable")
    body = seal_for_partner(
        written,
        recipient_jwk=endpoint["encryption_jwk"],
        hub_signer=hub.hub_signer,
        head=MessageHead(
            issuer=hub.settings.public_url,
            audience=str(endpoint["agency_id"]),
            message_id=str(message.claim.id),
            issued_at=hub.clock(),
            content_type=format_.content_type,
        ),
    )
    return hub.registry.transport(TRANSPORT).send(
        Endpoint(str(endpoint["agency_id"]), endpoint["url"]),
        Sealed(effect_id=str(message.claim.id), body=body),
    )


def _settle(hub: Hub, sent: Iterable[Sent]) -> None:
    at = hub.clock()
    delivered: list[disclosures.Disclosure] = []
    plain: list[Settlement] = []
    later: list[Failure] = []
    orphans: list[Message] = []
    for item in sent:
        message, outcome = item.message, item.outcome
        if outcome.delivery is Delivery.DELIVERED:
            if message.release is None:
                plain.append(_delivered(message.claim, at))
            else:
                row = release_row(message.release, at, None, None)
                delivered.append(disclosure_of(message.release, row, at))
                orphans.append(message)
        elif outcome.delivery is Delivery.REFUSED:
            plain.append(_refused(message.claim, outcome.code, at))
        else:
            later.append(Failure(message.claim, outcome.code, outcome.retry_after))
    with hub.database.working() as connection:
        moved = disclosures.record(connection, delivered, sent=True)
        outbox.settle(connection, plain)
        late = [m for m in orphans if m.claim.id not in moved and m.release is not None]
        _tell_late(hub, connection, late, at)
    settle_later(hub, later)


def _tell_late(
    hub: Hub, connection: change.Connection, late: Sequence[Message], at: datetime
) -> None:
    """The person withdrew while the bytes were under way: the recipient is told at once."""
    for message in late:
        if message.release is None:
            continue
        task = message.release.task
        if not referrals.is_withdrawn(connection, task.referral_id):
            continue
        event = _telling(message.claim, task)
        row = outbox_row(turn_of(task), at, kind=OutboxKind.WITHDRAWAL, task_id=task.id)
        entry = prepare(event, hub.keys, at)
        change.write(connection, change.Change([entry], {"outbox": [row]}))


def _document(hub: Hub, release: Release, at: datetime) -> ReferralDocument:
    opened = open_for_partner(hub, release)
    permit = release.outcome
    return ReferralDocument(
        kind=KINDS[release.stage],
        task_id=str(release.task.id),
        reference=release.task.reference,
        sender=Sender(str(release.task.origin_agency_id), release.task.origin_name),
        recipient_id=str(release.task.recipient_agency_id),
        issued_at=at,
        respond_by=release.task.due_at,
        priority=release.task.priority,
        obligations=tuple(permit.obligations) if isinstance(permit, Permit) else (),
        log_entry=str(release.entry.entry["id"]),
        fields=record.from_bytes(opened),
    )


def _withdrawal(task: referrals.TaskRow, entry_id: UUID, at: datetime) -> ReferralDocument:
    return ReferralDocument(
        kind=DocumentKind.WITHDRAWAL,
        task_id=str(task.id),
        reference=task.reference,
        sender=Sender(str(task.origin_agency_id), task.origin_name),
        recipient_id=str(task.recipient_agency_id),
        issued_at=at,
        priority=task.priority,
        log_entry=str(entry_id),
    )


def _telling(claim: Claimed, task: referrals.TaskRow) -> Event:
    return Event(
        type=EntryType.WITHDRAWAL,
        sender=task.origin_agency_id,
        recipient=task.recipient_agency_id,
        referral_id=task.referral_id,
        outcome="told",
        details={"effect": str(claim.id), "task": str(task.id)},
    )


def _delivered(claim: Claimed, at: datetime) -> Settlement:
    return Settlement(claim.id, claim.fence, OutboxState.DELIVERED.value, None, at, at)


def _refused(claim: Claimed, code: str, at: datetime) -> Settlement:
    return Settlement(claim.id, claim.fence, OutboxState.REFUSED.value, code, at, at)
