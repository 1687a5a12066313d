"""The log as files that other people's tools read: the signed checkpoint and the tree's tiles.

Hash tiles tell nobody anything about an entry: each hash covers an id with 74 random bits, and
mostly salted commitments too. The entries themselves (`tile/entries/…`) are not served, because
each belongs to the agencies in it and a bundle of 256 to none; officers get theirs as evidence
bundles. So a reader can check consistency and, with a receipt, inclusion, and reads nobody's codes.
A look at the tree is not logged: it discloses nothing, and would make the tree grow under itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from consent.evidence.bundle import consistency_bytes
from consent.evidence.merkle import HASH_BYTES
from consent.evidence.tiles import TileError, Tiles, parse_tile_path
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.witnesses import known_witnesses
from referral_hub.store import cosignatures, log

MAX_IDX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Consistency:
    """A proof file between two sizes of the tree: `old <size>` and base64 hashes, a line each."""

    older: int
    newer: int
    proof: bytes


def prove_consistency(hub: Hub, actor: Actor, older: int, newer: int) -> Consistency:
    """Return the proof that the tree of `newer` entries begins with that of `older` entries.

    Any two sizes that the signed log has had will do. Raises Forbidden; InvalidInput for others.
    """
    access.require(actor, Permission.READ_TREE)
    with hub.database.acting_for(actor.agency_id) as connection:
        newest = log.latest_checkpoint(connection)
        size = newest.size if newest else 0
        if not 1 <= newer <= size:
            message = f"Enter a number of entries that this log has had, 1 to {size}"
            raise InvalidInput({"newer": (message,)})
        if not 1 <= older <= newer:
            message = f"Enter the older checkpoint’s number of entries, 1 to {newer}"
            raise InvalidInput({"older": (message,)})
        tiles = Tiles(lambda level, index: log.read_tile(connection, level, index))
        hashes = tiles.consistency_proof(older, newer)
    return Consistency(older, newer, consistency_bytes(older, hashes))


def read_checkpoint(hub: Hub, actor: Actor) -> log.StoredCheckpoint:
    """Return the newest checkpoint, with the cosignatures that it has by now.

    Raises Forbidden; NotFound while the log is empty.
    """
    access.require(actor, Permission.READ_TREE)
    with hub.database.acting_for(actor.agency_id) as connection:
        newest = cosignatures.newest(connection, known_witnesses(hub))
    if newest is None:
        raise NotFound
    return newest


def read_tile(hub: Hub, actor: Actor, path: str) -> bytes:
    """Return the hashes at a tile's path, `tile/<L>/<N>[.p/<W>]` of C2SP tlog-tiles.

    A full tile is 8,192 bytes, a partial one 32 bytes for each of its 1 to 255 hashes. Raises
    Forbidden; NotFound alike for what is no tile and for one that the tree does not have yet.
    """
    access.require(actor, Permission.READ_TREE)
    try:
        level, index, width = parse_tile_path(path)
    except TileError:
        raise NotFound from None
    if index > MAX_IDX:
        raise NotFound
    with hub.database.acting_for(actor.agency_id) as connection:
        stored = log.read_tile(connection, level, index)
    if len(stored) < width * HASH_BYTES:
        raise NotFound
    return stored[: width * HASH_BYTES]
