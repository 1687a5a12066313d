"""Receipts: what an agency keeps, so that an entry about it cannot be denied later.

The sender has one for each decision about its referral and for each disclosure; the recipient for
what it was given. A receipt holds the entry's codes and no name, and is handed out only for entries
whose codes its reader sees anyway: why something was refused may say something about the person, so
a recipient has receipts of permits alone. Making one is not logged, like a look at the tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from consent.evidence.receipt import build_receipt
from consent.evidence.tiles import Tiles
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.domain.commands import Actor
from referral_hub.errors import LogUnavailable, NotFound
from referral_hub.services.audit_log import logged
from referral_hub.services.hub import Hub
from referral_hub.services.read_referrals import read_referral
from referral_hub.services.task_inbox import read_task
from referral_hub.services.witnesses import known_witnesses
from referral_hub.store import audit_log, cosignatures, log
from referral_hub.store.referrals import HistoryRow

GIVEN = frozenset({"place", "deliver", "deliver_accepted"})
DECIDED = GIVEN | {"hold", "withhold"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A `.tlog-proof` file and the number of the entry that it proves."""

    index: int
    data: bytes


def sender_has(row: HistoryRow) -> bool:
    """Whether the sender of the referral has a receipt of this line of history."""
    return row.event in DECIDED


def recipient_has(row: HistoryRow) -> bool:
    """Whether the recipient of the task has one."""
    return row.event in GIVEN


def referral_receipt(hub: Hub, actor: Actor, referral_id: UUID, entry_id: UUID) -> Receipt:
    """Return the sender's receipt for an entry of its referral. Raises NotFound, LogUnavailable."""
    view = read_referral(hub, actor, referral_id)
    if view.referral.origin_agency_id != actor.agency_id:
        raise NotFound
    return _of_history(hub, actor, filter(sender_has, view.history), entry_id)


def task_receipt(hub: Hub, actor: Actor, task_id: UUID, entry_id: UUID) -> Receipt:
    """Return the recipient's receipt for what it was given. Raises NotFound, LogUnavailable."""
    view = read_task(hub, actor, task_id)
    return _of_history(hub, actor, filter(recipient_has, view.history), entry_id)


def entry_receipt(hub: Hub, actor: Actor, entry_id: UUID) -> Receipt:
    """Return an officer's receipt for an entry whose text they may read.

    Raises NotFound, LogUnavailable.
    """
    access.require(actor, Permission.READ_AUDIT)
    us = actor.agency_id
    with hub.database.acting_for(us) as connection:
        row = audit_log.one(connection, us, entry_id)
        if not logged(row, audit_log.agencies(connection), us).whole:
            raise NotFound
    return _receipt(hub, us, entry_id)


def _of_history(hub: Hub, actor: Actor, rows: Iterable[HistoryRow], entry_id: UUID) -> Receipt:
    if not any(row.entry_id == entry_id for row in rows):
        raise NotFound
    return _receipt(hub, actor.agency_id, entry_id)


def _receipt(hub: Hub, us: UUID, entry_id: UUID) -> Receipt:
    ensure_integrated(hub.database, hub.integrator, [entry_id])
    with hub.database.acting_for(us) as connection:
        row = audit_log.one(connection, us, entry_id)
        index = row.seq or 0
        newest = cosignatures.best(connection, known_witnesses(hub), at_least=index + 1)
        if newest is None:
            raise LogUnavailable("The log has no checkpoint over this entry yet. Try again soon.")
        tiles = Tiles(lambda level, position: log.read_tile(connection, level, position))
        proof = tiles.inclusion_proof(index, newest.size)
    return Receipt(index, build_receipt(index, row.entry, proof, newest.note))
