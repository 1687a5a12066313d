"""Send permitted releases to partner systems, with no transaction open.

What is sent, in which format and sealed or not, is `outward`'s to say.

Destinations are served side by side, each over a few kept connections, so that one message is
sealed while another waits for its answer; the messages of a batch are about different tasks, so
their order says nothing. A destination that does not answer holds up nobody else: after its first
failure the rest of its batch comes back later unsent. The stable effect id goes with every attempt.
What has left is recorded even if the person said no meanwhile; the recipient is then told.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from adapters.contract import (
    Delivery,
    DeliveryOutcome,
    Endpoint,
    FormatError,
    ReferralDocument,
    Sender,
)
from consent.model import Permit
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import NotificationKind, OutboxKind, OutboxState
from referral_hub.domain.deliveries import Way, way_of
from referral_hub.domain.transitions import TaskState
from referral_hub.services import record
from referral_hub.services.breakers import Tried, note_attempts
from referral_hub.services.disclose import (
    KINDS,
    Release,
    disclosure_of,
    open_for_partner,
    release_row,
)
from referral_hub.services.hub import Hub
from referral_hub.services.notify import STOPPING, Telling, note_told, to_recipients
from referral_hub.services.outward import Letter, NotReady, written
from referral_hub.services.settle import Failure, settle_later
from referral_hub.store import change, disclosures, notifications, outbox, referrals
from referral_hub.store.cases import Row, endpoints_of
from referral_hub.store.outbox import Claimed, Settlement

MOST_CONNECTIONS = 18
LANES = 3
SETTLE_MARGIN = timedelta(seconds=25)
_STOPPED = frozenset(
    {TaskState.WITHDRAWN, TaskState.RETURNED, TaskState.NO_ANSWER, TaskState.WITHHELD}
)
_NO_TIME = DeliveryOutcome(Delivery.TRY_AGAIN, "no_time_left")
_FAILED = DeliveryOutcome(Delivery.TRY_AGAIN, "adapter_failed")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A document bound for one destination, not yet sealed, and the claim it settles."""

    claim: Claimed
    document: ReferralDocument | Letter
    release: Release | None = None

    def __repr__(self) -> str:
        return "<Message>"


@dataclass(frozen=True, slots=True)
class Sent:
    """How the attempt at a message ended, and on which way."""

    message: Message
    outcome: DeliveryOutcome
    way: Way


def push_all(hub: Hub, releases: Sequence[Release], *, until: datetime) -> None:
    """Send a batch of logged, permitted releases and settle each row. `until` ends the lease."""
    at = hub.clock()
    messages = [Message(r.claim, _document(hub, r, at), r) for r in releases]
    send_and_settle(hub, messages, until=until)


def send_and_settle(hub: Hub, messages: Sequence[Message], *, until: datetime) -> None:
    """Send to each destination and record how every attempt ended. `until` ends the lease."""
    with hub.database.working() as connection:
        wanted = {message.claim.recipient_agency_id for message in messages}
        endpoints = endpoints_of(connection, wanted)
    by_agency: dict[UUID, list[Message]] = defaultdict(list)
    for message in messages:
        by_agency[message.claim.recipient_agency_id].append(message)
    if not by_agency:
        return
    lanes = [
        (endpoints.get(agency), found[lane::LANES], away)
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
    hub: Hub, endpoint: Row | None, messages: Sequence[Message], away: _Away, *, until: datetime
) -> list[Sent]:
    """Send to one destination; stop at the first sign that it is away or time is short."""
    done: list[Sent] = []
    way = way_of(endpoint["transport"]) if endpoint else Way.OTHER
    if endpoint is None:  # it chose the inbox meanwhile, and gets them there next time
        away.outcome = DeliveryOutcome(Delivery.TRY_AGAIN, "endpoint_not_ready")
    for message in messages:
        if away.outcome is None and hub.clock() > until - SETTLE_MARGIN:
            away.outcome = _NO_TIME
        if away.outcome is not None or endpoint is None:
            done.append(Sent(message, away.outcome or _NO_TIME, way))
            continue
        outcome = _send(hub, endpoint, message)
        done.append(Sent(message, outcome, way))
        if outcome.delivery in {Delivery.TRY_AGAIN, Delivery.UNKNOWN} and outcome != _FAILED:
            away.outcome = replace(outcome, delivery=Delivery.TRY_AGAIN, code="destination_away")
    return done


def _send(hub: Hub, endpoint: Row, message: Message) -> DeliveryOutcome:
    try:
        return _attempt(hub, endpoint, message)
    except NotReady as missing:
        return DeliveryOutcome(Delivery.TRY_AGAIN, str(missing))
    except FormatError:
        return DeliveryOutcome(Delivery.REFUSED, "not_writable")
    except Exception as error:  # noqa: BLE001 - one adapter's fault must not send everybody's batch again
        log.warning("adapter_failed", extra={"kind": type(error).__name__})
        return _FAILED


def _attempt(hub: Hub, endpoint: Row, message: Message) -> DeliveryOutcome:
    claim = message.claim
    first = claim.kind is OutboxKind.OFFER
    sealed = written(hub, endpoint, message.document, effect_id=str(claim.id), first=first)
    agency = str(endpoint["agency_id"])
    to = Endpoint(agency, endpoint["url"], tuple(endpoint["pinned"]))
    return hub.registry.transport(endpoint["transport"]).send(to, sealed)


def _settle(hub: Hub, sent: Sequence[Sent]) -> None:
    at = hub.clock()
    delivered: list[disclosures.Disclosure] = []
    plain: list[Settlement] = []
    later: list[Failure] = []
    orphans: list[Message] = []
    for item in sent:
        message, outcome = item.message, item.outcome
        if outcome.delivery is Delivery.DELIVERED:
            if message.release is None:
                plain.append(delivered_row(message.claim, at))
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
        held = outbox.settle(connection, plain)
        note_attempts(connection, map(_tried, sent), at)
        note_told(connection, held, at)
        late = [m for m in orphans if m.claim.id not in moved and m.release is not None]
        _tell_late(hub, connection, late, at)
    settle_later(hub, later)


def _tried(item: Sent) -> Tried:
    return Tried(item.message.claim.recipient_agency_id, item.way, item.outcome)


def _tell_late(
    hub: Hub, connection: change.Connection, late: Sequence[Message], at: datetime
) -> None:
    """It was stopped while the bytes were under way: the recipient is told at once."""
    for message in late:
        if message.release is None:
            continue
        task = message.release.task
        if referrals.state_of(connection, task.id) not in _STOPPED or (
            notifications.has_been_stopped(connection, task.id, STOPPING)
        ):
            continue
        entry_id = message.release.entry.entry["id"]
        whole = referrals.is_withdrawn(connection, task.referral_id)
        kind = NotificationKind.WITHDRAWN if whole else NotificationKind.REFUSED
        telling = Telling(kind, message.claim.id, entry_id, at)
        made = to_recipients(telling, [task])
        logged = prepare(_stopped_late(message.claim, task), hub.keys, at)
        change.write(connection, change.Change([logged], made))


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
        respond_by=release.respond_by,
        priority=release.task.priority,
        purpose=release.task.purpose,
        obligations=tuple(permit.obligations) if isinstance(permit, Permit) else (),
        log_entry=str(release.entry.entry["id"]),
        fields=record.from_bytes(opened),
    )


def _stopped_late(claim: Claimed, task: referrals.TaskRow) -> Event:
    return Event(
        type=EntryType.WITHDRAWAL,
        sender=task.origin_agency_id,
        recipient=task.recipient_agency_id,
        referral_id=task.referral_id,
        outcome="overtaken",
        details={"effect": str(claim.id), "task": str(task.id)},
    )


def delivered_row(claim: Claimed, at: datetime) -> Settlement:
    """Return the settlement of a row that needs nothing more."""
    return Settlement(claim.id, claim.fence, OutboxState.DELIVERED.value, None, at, at)


def _refused(claim: Claimed, code: str, at: datetime) -> Settlement:
    return Settlement(claim.id, claim.fence, OutboxState.REFUSED.value, code, at, at)
