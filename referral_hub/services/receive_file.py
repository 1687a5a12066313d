"""Receive a file: sealed part by part while it arrives, then looked through by the worker.

The same file under the same mapping is the same import, however often it is sent; two that arrive
at once become one. Nothing of a file that is too large, or that breaks off, stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.import_mapping import PURPOSE
from referral_hub.services.import_parts import PART_BYTES, FileKey, Part, part_row
from referral_hub.store import change, imports, mappings
from referral_hub.store.engine import Connection

LARGEST_FILE = 64 * 1024 * 1024
NO_MAPPING = "Your administrator has not said yet what the columns of your files mean."


def receive_file(hub: Hub, actor: Actor, chunks: Iterable[bytes]) -> UUID:
    """Store a file and let it be looked through; return its import, or that of the same file.

    Raises Forbidden, Conflict (no mapping yet), InvalidInput (empty, or too large).
    """
    access.require(actor, Permission.IMPORT_FILE)
    hub = hub.for_one_use_case()
    at = hub.clock()
    key = FileKey(actor.agency_id, new_id(at))
    with hub.database.acting_for(actor.agency_id) as connection:
        mapping = mappings.newest(connection, actor.agency_id)
        if mapping is None:
            raise Conflict(NO_MAPPING)
        row = {"id": key.import_id, "agency": key.agency_id, "user": actor.user_id}
        imports.begin(connection, {**row, "version": mapping.version, "at": at})
    try:
        size, digest = _store(hub, key, chunks)
    except BaseException:
        _forget(hub, key)
        raise
    index = hub.keys.blind_index("import.file", str(actor.agency_id), digest)
    with hub.database.acting_for(actor.agency_id) as connection:
        if not imports.received(connection, key.import_id, size=size, file_index=index):
            imports.forget(connection, key.import_id, hub.clock())
            same = imports.same_file(
                connection, actor.agency_id, file_index=index, version=mapping.version
            )
            return same or key.import_id
        log_step(hub, actor, connection, outcome="received", details={
            "import": str(key.import_id), "bytes": size, "mapping": mapping.version,
        })  # fmt: skip
    hub.doorbell.ring()
    return key.import_id


def log_step(
    hub: Hub,
    actor: Actor,
    connection: Connection,
    *,
    outcome: str,
    details: dict[str, str | int | tuple[str, ...]],
) -> None:
    """Append the entry of one step of a file, in the caller's transaction."""
    event = Event(
        type=EntryType.ACCESS,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        purpose=PURPOSE,
        outcome=outcome,
        details=details,
    )
    change.write(connection, change.Change([prepare(event, hub.keys, hub.clock())]))


def _store(hub: Hub, key: FileKey, chunks: Iterable[bytes]) -> tuple[int, bytes]:
    size, digest = 0, hashlib.sha256()
    for number, data in enumerate(_in_parts(chunks)):
        size += len(data)
        if size > LARGEST_FILE:
            raise InvalidInput({"file": ("The file is larger than 64 MB. Send it in two.",)})
        digest.update(data)
        with hub.database.acting_for(key.agency_id) as connection:
            row = part_row(hub, key, Part.FILE, number=number, data=data)
            imports.add_parts(connection, [row])
    if not size:
        raise InvalidInput({"file": ("The file is empty. Choose the file that you exported.",)})
    return size, digest.digest()


def _in_parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Join and cut what arrives into parts of one size; the last may be shorter."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= PART_BYTES:
            yield bytes(held[:PART_BYTES])
            del held[:PART_BYTES]
    if held:
        yield bytes(held)


def _forget(hub: Hub, key: FileKey) -> None:
    with hub.database.acting_for(key.agency_id) as connection:
        imports.forget(connection, key.import_id, hub.clock())
