"""One entry of the log: its exact bytes, the proof that it is there, and who and what it is about.

The entry is shown as it was hashed. Who and what are meant is sealed; opening it is a look at
whom an event was about, so it stands in the log, integrated, before anything is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from consent.evidence.checkpoint import Verifier
from consent.evidence.errors import EvidenceError
from consent.evidence.merkle import leaf_hash, verify_inclusion
from consent.evidence.pins import Pins, verify_checkpoint
from consent.evidence.tiles import Tiles
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, SubjectKey
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.domain.channels import looked_by
from referral_hub.domain.commands import Actor
from referral_hub.errors import CryptoError, NotFound
from referral_hub.services.audit_log import Logged, logged
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import Report, append, log_refused
from referral_hub.services.open_commitments import openable, opener
from referral_hub.store import audit_log, log
from referral_hub.store.audit_log import AuditRow
from referral_hub.store.engine import Connection
from referral_hub.store.log_check import CommittedRow


class Proof(StrEnum):
    """What the newest checkpoint says of an entry."""

    INCLUDED = "included"
    WAITING = "waiting"
    FAILED = "failed"


class Unopened(StrEnum):
    """Why commitments did not open."""

    ERASED = "erased"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Whether the checkpoint over `size` entries proves that the entry is in the log."""

    proof: Proof
    size: int


@dataclass(frozen=True, slots=True, repr=False)
class OpenedEntry:
    """Commitments opened: field → value (ids). `withheld` are another agency's to open."""

    logged: Logged
    values: Mapping[str, str]
    withheld: tuple[str, ...]
    unopened: Unopened | None

    def __repr__(self) -> str:
        return "<OpenedEntry>"


def entry(hub: Hub, actor: Actor, entry_id: UUID) -> tuple[Logged, Inclusion]:
    """Return an entry and whether the log includes it.

    Raises NotFound, alike for what is another agency's and what is not there; the attempt is
    logged.
    """
    access.require(actor, Permission.READ_AUDIT)
    us = actor.agency_id
    with hub.database.acting_for(us) as connection:
        try:
            row = audit_log.one(connection, us, entry_id)
        except NotFound:
            log_refused(hub, actor, Report.ENTRY, reason="not_found", entry=entry_id)
            raise
        inclusion = _inclusion(connection, row, hub.log_vkeys)
        return logged(row, audit_log.agencies(connection), us), inclusion


def open_entry(hub: Hub, actor: Actor, entry_id: UUID) -> OpenedEntry:
    """Open the commitments that are the officer's to open; the look is logged first.

    Raises NotFound, LogUnavailable.
    """
    found, _ = entry(hub, actor, entry_id)
    row = found.row
    with hub.database.working() as connection:
        sealed = audit_log.sealed_openings(connection, [entry_id]).get(entry_id)
    if sealed is None:
        raise NotFound
    look = append(hub, actor, _look(actor, row, sealed))
    ensure_integrated(hub.database, hub.integrator, [look])
    found, _ = entry(hub, actor, entry_id)
    try:
        opened = opener(hub.keys)(sealed)
    except CryptoError:
        erased = sealed.erased or sealed.sealed == b""
        return OpenedEntry(found, {}, (), Unopened.ERASED if erased else Unopened.LOST)
    ours = openable(actor.agency_id, sender=row.sender_agency_id, actor=row.actor_agency_id)
    return OpenedEntry(
        logged=found,
        values={name: value.decode() for name, (_, value) in opened.items() if name in ours},
        withheld=tuple(sorted(opened.keys() - ours)),
        unopened=None,
    )


def _look(actor: Actor, row: AuditRow, sealed: CommittedRow) -> Event:
    subject = None
    if sealed.sealed_for and sealed.owner and sealed.wrapped_key:
        subject = SubjectKey(sealed.sealed_for, sealed.owner, sealed.wrapped_key)
    return Event(
        type=EntryType.VIEW,
        sender=row.sender_agency_id,
        recipient=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        subject=subject,
        referral_id=row.referral_id,
        purpose="oversight",
        outcome="opened",
        details={"report": Report.ENTRY.value, "entry": str(row.id)} | looked_by(actor.role),
    )


def _inclusion(connection: Connection, row: AuditRow, vkeys: Sequence[str]) -> Inclusion:
    newest = log.latest_checkpoint(connection)
    if row.seq is None or newest is None:
        return Inclusion(Proof.WAITING, newest.size if newest else 0)
    tiles = Tiles(lambda level, index: log.read_tile(connection, level, index))
    try:
        head, _ = verify_checkpoint(newest.note, Pins([Verifier.from_vkey(one) for one in vkeys]))
        proof = tiles.inclusion_proof(row.seq, head.size)
        leaf = leaf_hash(row.entry)
        verify_inclusion(row.seq, head.size, leaf=leaf, proof=proof, root=head.root)
    except EvidenceError:
        return Inclusion(Proof.FAILED, newest.size)
    return Inclusion(Proof.INCLUDED, newest.size)
