"""The officer's entries as a table to take away, each row with its proof.

Codes stand as they stand in the log, so that a table can be compared with the entries; names of
agencies and of the own staff are added. Taking it is logged and integrated first. A row's proof
leads from its entry's leaf hash to the root that stands beside it (RFC 6962, 2.1.1). How it is
written is for `services.table_forms`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from consent.evidence.entry import Entry
from consent.evidence.merkle import leaf_hash
from consent.evidence.tiles import Tiles
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.domain.commands import Actor
from referral_hub.services.audit_filters import Filters
from referral_hub.services.audit_log import Logged, logged, referral_of
from referral_hub.services.evidence_bundle import require_some
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import Report, log_filtered
from referral_hub.services.table_forms import Sheet, TableForm, write_rows
from referral_hub.services.witnesses import proving_checkpoint
from referral_hub.store import audit_log, log
from referral_hub.store.log import StoredCheckpoint


def write_table(
    hub: Hub, actor: Actor, filters: Filters, file: BinaryIO, *, form: TableForm = TableForm.CSV
) -> int:
    """Write what the filters ask for into `file`: CSV (RFC 4180, UTF-8 with its mark), JSON or PDF.

    Returns the number of rows. Raises Forbidden, InvalidInput for nothing to write or too much.
    """
    access.require(actor, Permission.WRITE_BUNDLE)
    us = actor.agency_id
    with hub.database.acting_for(us) as connection:
        referral = referral_of(connection, filters)
        wanted = filters.wanted(referral=referral)
        require_some(connection, us, wanted, known=filters.reference is None or bool(referral))
    look = log_filtered(hub, actor, Report.TABLE, filters, referral=referral)
    ensure_integrated(hub.database, hub.integrator, [look])
    newest = proving_checkpoint(hub, us)
    with hub.database.acting_for(us) as connection:
        tiles = Tiles(lambda level, index: log.read_tile(connection, level, index))
        names = audit_log.agencies(connection)
        entries = (
            logged(row, names, us)
            for rows in audit_log.for_bundle(connection, us, wanted, size=newest.size)
            for row in rows
        )
        return write_rows(
            form,
            file,
            proved_rows(entries, tiles, newest),
            sheet=Sheet(newest.note.decode(), hub.log_vkey),
        )


def proved_rows(
    entries: Iterable[Logged], tiles: Tiles, newest: StoredCheckpoint
) -> Iterator[Mapping[str, object]]:
    """Yield entries as rows of a table, each with its proof under the checkpoint `newest`."""
    root = newest.root.hex()
    for one in entries:
        row = one.row
        index = row.seq or 0
        proof = tiles.inclusion_proof(index, newest.size)
        yield {
            "index": index,
            "at": row.at.isoformat(),
            "type": row.type,
            "outcome": row.outcome,
            "sender": one.sender_name,
            "recipient": one.recipient_name if row.recipient_agency_id else None,
            "user": row.user_name,
            "reference": row.reference,
            "entry_id": row.id,
            "leaf_hash": leaf_hash(row.entry).hex(),
            "tree_size": newest.size,
            "root": root,
            "proof": [b64encode(node).decode() for node in proof],
            "entry": row.entry.decode("utf-8", "replace") if one.whole else None,
            **_codes(one.entry if one.whole else None),
        }


def _codes(entry: Entry | None) -> Mapping[str, object]:
    """What only the entry's bytes hold; nothing of one that is not this officer's to read."""
    basis = entry.basis if entry else None
    return {
        "reason": entry.details.get("reason") if entry else None,
        "purpose": entry.purpose if entry else None,
        "classes": entry.classes if entry else (),
        "fields": entry.fields if entry else (),
        "article6": basis.article6 if basis else None,
        "article9": basis.article9 if basis else None,
        "confidentiality": basis.confidentiality if basis else None,
        "rules": entry.rules if entry else (),
        "policy_hash": entry.policy_hash if entry else None,
    }
