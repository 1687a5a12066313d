"""The certificate of an erasure: the log entry, its place, and the receipt that proves both.

It names nobody: an officer keeps it beside the request, and can show with it that the erasure
stands in a log that nobody could rewrite since. The file ends in the entry's receipt, so
`consent.evidence.verify` checks it on a machine without the hub. What went with the person is named
by random ids, which the entry only commits to: where there is any, showing the certificate is a
look in the log, and the list itself is checked on the page of the entry alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from consent.evidence.entry import Entry, EntryType
from consent.evidence.merkle import leaf_hash
from consent.evidence.proof import parse_proof
from consent.evidence.receipt import CERTIFICATE, certified_lines
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.domain.unfinished import UnfinishedKind, UnfinishedName
from referral_hub.errors import NotFound
from referral_hub.services.audit_entry import Proof, entry, open_entry
from referral_hub.services.hub import Hub
from referral_hub.services.receipts import entry_receipt

CHECKED = (
    "Check this file without the hub, with the key from your own notes:\n"
    "python -m consent.evidence.verify FILE --log-key KEY"
)

BESIDE = (
    "Begun about them and not finished, and erased with them (the entry commits to this list; the\n"
    "command does not check it):"
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """An erasure's entry; `position` is None and `receipt` empty while it waits for a number."""

    entry: Entry
    leaf: bytes
    position: int | None
    receipt: bytes
    log_key: str
    beside: tuple[UnfinishedName, ...] = ()

    @property
    def checkpoint(self) -> str:
        """The signed note that the receipt proves the entry by; empty while there is none."""
        return parse_proof(self.receipt).checkpoint.decode() if self.receipt else ""


def certificate(hub: Hub, actor: Actor, entry_id: UUID) -> Certificate:
    """Return the certificate of an erasure by the officer's agency.

    Raises NotFound, LogUnavailable.
    """
    access.require(actor, Permission.ERASE_PERSON)
    found, inclusion = entry(hub, actor, entry_id)
    read = found.entry
    if read is None or read.type is not EntryType.ERASURE or read.outcome != "erased":
        raise NotFound
    beside = _beside(hub, actor, entry_id) if any(map(read.details.get, UnfinishedKind)) else ()
    kept = inclusion.proof is Proof.INCLUDED
    receipt = entry_receipt(hub, actor, entry_id) if kept else None
    return Certificate(
        entry=read,
        leaf=leaf_hash(found.row.entry),
        position=receipt.index if receipt else None,
        receipt=receipt.data if receipt else b"",
        log_key=hub.log_vkey,
        beside=beside,
    )


def _beside(hub: Hub, actor: Actor, entry_id: UUID) -> tuple[UnfinishedName, ...]:
    named = open_entry(hub, actor, entry_id).values.get("facts", "")
    return tuple(UnfinishedName.of(one) for one in named.splitlines())


def certificate_text(found: Certificate) -> str:
    """Return the certificate as lines to keep; `consent.evidence.receipt` says what must stand."""
    lines = [CERTIFICATE, ""]
    if found.position is None:
        lines += [f"Log entry        {found.entry.id}", "Not numbered yet: download this again", ""]
        return "\n".join(lines)
    lines += certified_lines(found.position, found.entry, found.leaf)
    lines += [f"Key of the log   {found.log_key}", "", CHECKED, ""]
    if found.beside:
        lines += [BESIDE, *map(str, found.beside), ""]
    lines.append("")
    return "\n".join(lines) + found.receipt.decode()
