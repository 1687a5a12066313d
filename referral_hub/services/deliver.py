"""Drain the outbox: claim a batch under a fenced lease, do what each row asks, settle.

One ring drains everything that is due, so a job costs the same for one delivery or a thousand.
When more is due than one batch, two batches are under way at once: one is decided and sealed while
the other waits for the database. Each has its own lease, as the batches of two workers have.
Partner systems are talked to in parallel per destination and with no transaction open. An error in
one row never stops the others: the row comes back later, and after enough tries a person sees it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from referral_hub.domain.codes import OutboxKind
from referral_hub.errors import CryptoError, ServiceUnavailable
from referral_hub.services.advance import advance_slot
from referral_hub.services.alert_officers import send_alerts
from referral_hub.services.call_back import send_callbacks
from referral_hub.services.disclose import Release, disclose
from referral_hub.services.hub import Hub
from referral_hub.services.invite import send_invitations
from referral_hub.services.message_back import send_messages_back
from referral_hub.services.push import push_all
from referral_hub.services.remind import send_reminders
from referral_hub.services.settle import Failure, settle_later
from referral_hub.services.tell import push_notifications
from referral_hub.services.tell_person import send_to_people
from referral_hub.store import outbox
from referral_hub.store.outbox import Claimed

BATCH = 200
LANES = 2
LEASE = timedelta(seconds=90)
DISCLOSING = frozenset({OutboxKind.OFFER, OutboxKind.ACCEPTANCE, OutboxKind.CORRECTION})


class _Sends(Protocol):
    """Sends a batch of one kind and settles each row."""

    def __call__(self, hub: Hub, claims: Sequence[Claimed], *, until: datetime) -> None:
        """`until` ends the lease."""


SENDING: Mapping[OutboxKind, _Sends] = {
    OutboxKind.INVITATION: send_invitations,
    OutboxKind.REMINDER: send_reminders,
    OutboxKind.ALERT: send_alerts,
    OutboxKind.CALLBACK: send_callbacks,
    OutboxKind.MESSAGE_BACK: send_messages_back,
    OutboxKind.PERSON: send_to_people,
    OutboxKind.NOTIFICATION: push_notifications,
}

log = logging.getLogger(__name__)


def drain(hub: Hub, *, batch: int = BATCH, go_on: Callable[[], bool] = lambda: True) -> int:
    """Do everything that is due; returns how many rows were claimed. Stops early when `go_on` is
    false.
    """
    probed = _probe(hub)
    done = _batch(hub, batch) if go_on() else 0
    if done:
        lanes = LANES if done == batch else 1
        with ThreadPoolExecutor(lanes) as pool:
            done += sum(pool.map(lambda _: _along(hub, batch, go_on), range(lanes)))
    if hub.integrator is not None:
        hub.integrator.run()
    return probed + done


def _probe(hub: Hub) -> int:
    """Try one delivery to each destination that has rested behind its breaker."""
    at = hub.clock()
    with hub.database.one_worker_statement() as connection:
        claims = outbox.claim_probes(connection, at=at, lease=LEASE)
    if claims:
        _work(hub, claims, until=at + LEASE)
    return len(claims)


def _along(hub: Hub, batch: int, go_on: Callable[[], bool]) -> int:
    done = 0
    while go_on() and (claimed := _batch(hub, batch)):
        done += claimed
    return done


def _batch(hub: Hub, most: int) -> int:
    at = hub.clock()
    with hub.database.one_worker_statement() as connection:
        claims = outbox.claim(connection, at=at, most=most, lease=LEASE)
    if claims:
        _work(hub, claims, until=at + LEASE)
    return len(claims)


def _work(hub: Hub, claims: Sequence[Claimed], *, until: datetime) -> None:
    for claim in claims:
        if claim.kind is OutboxKind.ADVANCE:
            _guarded(hub, [claim], lambda some: advance_slot(hub, some[0]))
    disclosing = [claim for claim in claims if claim.kind in DISCLOSING]
    if disclosing:
        _guarded(hub, disclosing, lambda some: _disclose(hub, some, until))
    for kind, send in SENDING.items():
        some = [claim for claim in claims if claim.kind is kind]
        if some:
            _guarded(hub, some, partial(_send, hub, send, until))


def _send(hub: Hub, send: _Sends, until: datetime, claims: Sequence[Claimed]) -> None:
    send(hub, claims, until=until)


def _disclose(hub: Hub, claims: Sequence[Claimed], until: datetime) -> None:
    bound_for_partners: list[Release] = disclose(hub, claims)
    if bound_for_partners:
        push_all(hub, bound_for_partners, until=until)


def _guarded(
    hub: Hub, claims: Sequence[Claimed], work: Callable[[Sequence[Claimed]], None]
) -> None:
    """Run `work`; when a batch fails, try its rows one by one, so that a poisoned one is alone.

    What is away (the log, the database) is away for all of them, and they come back later together.
    """
    try:
        work(claims)
    except Exception as error:  # noqa: BLE001 - one row's fault, whatever it is, must not stop the others
        log.warning("delivery_failed", extra={"kind": type(error).__name__})
        if len(claims) > 1 and not isinstance(error, ServiceUnavailable):
            for claim in claims:
                _guarded(hub, [claim], work)
            return
        code = "unreadable" if isinstance(error, CryptoError) else type(error).__name__
        settle_later(hub, [Failure(claim, code) for claim in claims])
