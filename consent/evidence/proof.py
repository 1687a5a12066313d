"""Receipts: the `c2sp.org/tlog-proof@v1` file, which proves one entry by itself.

It carries the entry's index, the inclusion hashes and the signed checkpoint verbatim; whoever
holds the entry's bytes and the log's key needs nothing else. Reading it proves nothing: the
checkpoint's signature and the hashes are checked by `verify`. Its `extra` line is authenticated by
nobody but a receipt's own check (`receipt`); a bundle's proofs have none, and one that is read is
ignored.
"""

import re
from base64 import b64encode
from dataclasses import dataclass

from consent.evidence.checkpoint import MAX_NOTE_BYTES, MAX_SIZE, CheckpointError, strict_base64
from consent.evidence.errors import EvidenceError
from consent.evidence.merkle import HASH_BYTES

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 2**17

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


class ProofFileError(EvidenceError):
    """Bytes are not a tlog-proof, or a proof cannot be written as one."""


@dataclass(frozen=True, slots=True)
class TlogProof:
    """An inclusion proof of 32-byte hashes (leaf's sibling first) and a signed checkpoint."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_SIZE:
            raise ProofFileError("index: must be between 0 and 2^63 - 1")
        if len(self.hashes) > MAX_HASHES:
            raise ProofFileError(f"proof: more than {MAX_HASHES} hashes")
        if any(len(found) != HASH_BYTES for found in self.hashes):
            raise ProofFileError(f"proof: a hash is not {HASH_BYTES} bytes")

    def build(self) -> bytes:
        """Return the file's bytes."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append("extra " + b64encode(self.extra).decode("ascii"))
        lines.append(f"index {self.index}")
        lines += [b64encode(found).decode("ascii") for found in self.hashes]
        return "\n".join(lines).encode("ascii") + b"\n\n" + self.checkpoint


def parse_proof(data: bytes) -> TlogProof:
    """Read a tlog-proof; ProofFileError if it is not one. The checkpoint is not parsed."""
    if len(data) > MAX_PROOF_BYTES:
        raise ProofFileError(f"proof: longer than {MAX_PROOF_BYTES} bytes")
    head, blank, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise ProofFileError("proof: not ASCII above the checkpoint") from None
    if not blank or not checkpoint or lines.pop(0) != HEADER:
        raise ProofFileError(f"proof: must begin with {HEADER} and end with a checkpoint")
    try:
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = strict_base64("extra", lines.pop(0).removeprefix("extra "))
        found = _INDEX.fullmatch(lines.pop(0)) if lines else None
        if found is None:
            raise ProofFileError("proof: the index line is missing or malformed")
        hashes = tuple(strict_base64("proof", line) for line in lines)
    except CheckpointError as error:
        raise ProofFileError(str(error)) from None
    return TlogProof(int(found.group(1)), hashes, checkpoint, extra)
