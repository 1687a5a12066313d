"""A log with its own keys, kept in memory: real hashes, real signatures, nothing else."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.evidence.bundle import BundleEntry, Opening, WrappedKeys, write_bundle
from consent.evidence.checkpoint import (
    Checkpoint,
    SignatureType,
    Verifier,
    cosigned_message,
    signature_line,
)
from consent.evidence.entry import (
    COMMITMENT_FIELDS,
    COMMITMENT_LABEL,
    Agencies,
    Entry,
    EntryType,
    LawfulBasis,
    commit,
    encode,
)
from consent.evidence.merkle import EMPTY_ROOT, leaf_hash, node_hash
from consent.evidence.tiles import Tiles
from consent.evidence.wrapped import is_release

ORIGIN = "log.example.org/town"
AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
SURGERY = "0190b6a0-0000-7000-8000-000000000001"
TIME_BANK = "0190b6a0-0000-7000-8000-000000000002"


class Key:
    """A signing key for notes, derived from a seed so that a failure can be seen again."""

    def __init__(
        self, seed: str, name: str = ORIGIN, kind: SignatureType = SignatureType.ED25519
    ) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest())
        self.verifier = Verifier(name, self._private.public_key().public_bytes_raw(), kind)

    @property
    def vkey(self) -> str:
        return self.verifier.vkey()

    def line(self, text: bytes, *, time: int = 1_774_747_800) -> bytes:
        blob = self._private.sign(text)
        if self.verifier.kind is SignatureType.COSIGNATURE_V1:
            blob = time.to_bytes(8, "big") + self._private.sign(cosigned_message(text, time=time))
        return signature_line(self.verifier.name, self.verifier.key_id, blob)

    def sign(self, text: bytes) -> bytes:
        return text + b"\n" + self.line(text)


def witness(seed: str) -> Key:
    return Key(seed, f"witness.example/{seed}", SignatureType.COSIGNATURE_V1)


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word and with no care for speed."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def salt(index: int, field: str) -> bytes:
    return sha256(f"{index} {field}".encode()).digest()


def value(index: int, field: str) -> bytes:
    return f"{field} Zoë {index}".encode()


def make_entry(index: int, **changes: Any) -> Entry:
    """The entry at `index` of the sample log: each type in turn, with every commitment."""
    given: dict[str, Any] = {
        "id": str(UUID(int=0x0190B6A000007000800000000000_0000 + index)),
        "type": list(EntryType)[index % len(EntryType)],
        "at": AT,
        "agencies": Agencies(SURGERY, TIME_BANK),
        "purpose": "direct-care",
        "classes": ("identity", "need"),
        "fields": ("identity.first_name", "need.needs"),
        "basis": LawfulBasis("e", "h", "explicit-consent"),
        "outcome": "permit",
        "rules": ("R01", "R02"),
        "policy_hash": "a" * 64,
        "commitments": {
            field: commit(
                COMMITMENT_LABEL, field, salt=salt(index, field), value=value(index, field)
            )
            for field in COMMITMENT_FIELDS
        },
        "ciphertext_hash": "b" * 64,
        "details": {
            "stage": "offer",
            "attempt": index,
            "refused": ("R04",),
            "task": f"task-{index}",
            "effect": f"effect-{index}",
        },
    }
    return Entry(**(given | changes))


def wrapped_by(number: int, /, **changes: Any) -> WrappedKeys:
    """What was handed out by the release entry at `number` of the sample log."""
    entry = make_entry(number)
    told = {name: str(entry.details[name]) for name in ("task", "stage", "effect")}
    given: dict[str, Any] = {
        "index": number,
        "recipient": TIME_BANK,
        **told,
        "fields": ("identity.first_name",),
        "sha256": sha256(f"wrapped {number}".encode()).hexdigest(),
    }
    return WrappedKeys(**(given | changes))


class SampleLog:
    """A signed log of `size` entries."""

    def __init__(self, size: int, key: Key | None = None) -> None:
        self.key = key or Key("log")
        self.store: dict[tuple[int, int], bytes] = {}
        self.entries: list[bytes] = []
        self.extend(encode(make_entry(index)) for index in range(size))

    @property
    def tiles(self) -> Tiles:
        return Tiles(lambda level, index: self.store.get((level, index), b""))

    def extend(self, entries: Iterable[bytes]) -> None:
        new = list(entries)
        grown = self.tiles.append([leaf_hash(entry) for entry in new], len(self.entries))
        self.store.update(grown.tiles)
        self.entries += new

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.entries) if size is None else size
        return Checkpoint(self.key.verifier.name, size, self.tiles.root(size))

    def note(self, size: int | None = None, *cosigners: Key) -> bytes:
        body = self.checkpoint(size).body()
        return self.key.sign(body) + b"".join(cosigner.line(body) for cosigner in cosigners)

    def item(self, index: int, size: int | None = None) -> BundleEntry:
        size = len(self.entries) if size is None else size
        openings = {
            field: Opening(salt(index, field), value(index, field)) for field in COMMITMENT_FIELDS
        }
        proof = self.tiles.inclusion_proof(index, size)
        return BundleEntry(index, self.entries[index], proof, openings)

    def bundle(self, path: Path, indexes: Iterable[int], previous: int | None = None) -> Path:
        size = len(self.entries)
        proof = None
        if previous is not None:
            proof = previous, self.tiles.consistency_proof(previous, size)
        chosen = list(indexes)
        items = (self.item(index) for index in chosen)
        wrapped = [wrapped_by(index) for index in chosen if is_release(make_entry(index))]
        note = self.note()
        write_bundle(path, checkpoint=note, entries=items, consistency=proof, wrapped=wrapped)
        return path
