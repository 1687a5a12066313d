"""The certificate of an erasure: the log entry, its place, and the checkpoint that covers it.

It names nobody: an officer keeps it beside the request, and can show with it that the erasure
stands in a log that nobody could rewrite since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from consent.evidence.entry import EntryType
from consent.evidence.merkle import leaf_hash
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.errors import NotFound
from referral_hub.services.audit_entry import Proof, entry
from referral_hub.services.hub import Hub
from referral_hub.store import log


@dataclass(frozen=True, slots=True)
class Certificate:
    """An erasure's entry; `position` is None and `checkpoint` empty while it waits for a number."""

    entry_id: UUID
    at: datetime
    unsealed: int
    referrals: int
    leaf_hash: str
    position: int | None
    checkpoint: str
    log_key: str


def certificate(hub: Hub, actor: Actor, entry_id: UUID) -> Certificate:
    """Return the certificate of an erasure by the officer's agency. Raises NotFound."""
    access.require(actor, Permission.ERASE_PERSON)
    found, inclusion = entry(hub, actor, entry_id)
    read = found.entry
    if read is None or read.type is not EntryType.ERASURE or read.outcome != "erased":
        raise NotFound
    included = inclusion.proof is Proof.INCLUDED
    with hub.database.acting_for(actor.agency_id) as connection:
        newest = log.latest_checkpoint(connection) if included else None
    return Certificate(
        entry_id=entry_id,
        at=read.at,
        unsealed=int(str(read.details["unsealed"])),
        referrals=int(str(read.details["referrals"])),
        leaf_hash=leaf_hash(found.row.entry).hex(),
        position=found.row.seq if newest else None,
        checkpoint=newest.note.decode() if newest else "",
        log_key=hub.log_vkey,
    )


def certificate_text(found: Certificate) -> str:
    """Return the certificate as lines to keep."""
    place = "not numbered yet" if found.position is None else str(found.position)
    return "\n".join(
        (
            "Certificate of erasure",
            "",
            f"Erased at        {found.at.isoformat()}",
            f"Log entry        {found.entry_id}",
            f"Leaf hash        {found.leaf_hash}",
            f"Place in the log {place}",
            f"Entries unsealed {found.unsealed}",
            f"Referrals        {found.referrals}",
            f"Key of the log   {found.log_key}",
            "",
            "Checkpoint that covers it:",
            found.checkpoint or "(none yet: download this again in a minute)",
            "",
        )
    )
