"""Does one checkpoint continue another? The file that shows it, and the check.

The file is `old <size>` and base64 hashes, a line each, as in C2SP tlog-witness. The limit: both
checkpoints must have been verified; a proof between unsigned roots shows nothing.
"""

import re
from collections.abc import Sequence

from consent.evidence.bundle import BundleError, Failure
from consent.evidence.checkpoint import Checkpoint, CheckpointError, strict_base64
from consent.evidence.merkle import HASH_BYTES, ProofError, verify_consistency

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)


def require_continuation(known: Checkpoint, head: Checkpoint, consistency: bytes | None) -> None:
    """Return where `head` continues `known`, by the file's bytes (None: there is no file).

    BundleError: `head` is smaller, the proof is missing, malformed or from another size, or the
    larger tree does not begin with the smaller one.
    """
    if head.size < known.size:
        raise BundleError(
            Failure.STALE, f"checkpoint: {head.size} entries, but you have seen {known.size}"
        )
    if known.size == 0:
        return
    proof = _proof_from(known.size, consistency) if known.size < head.size else ()
    try:
        verify_consistency(known.size, head.size, root1=known.root, root2=head.root, proof=proof)
    except ProofError as error:
        raise BundleError(
            Failure.INCONSISTENT, f"the log you saw at {known.size} was rewritten: {error}"
        ) from None


def _proof_from(known: int, consistency: bytes | None) -> Sequence[bytes]:
    if consistency is None:
        raise BundleError(Failure.CONSISTENCY_MISSING, f"no proof of consistency from your {known}")
    size, proof = _parse(consistency)
    if size != known:
        raise BundleError(
            Failure.CONSISTENCY_MISSING, f"the proof is from {size}, not your {known}"
        )
    return proof


def _parse(data: bytes) -> tuple[int, Sequence[bytes]]:
    try:
        first, *lines = data.decode("ascii").split("\n")
        found = _OLD.fullmatch(first)
        if found is None or not lines or lines.pop():
            raise CheckpointError("must be lines, the first `old <size>`")
        hashes = [strict_base64("hash", line) for line in lines]
        if any(len(step) != HASH_BYTES for step in hashes):
            raise CheckpointError(f"a hash is not {HASH_BYTES} bytes")
        return int(found.group(1)), hashes
    except ValueError as error:
        raise BundleError(Failure.CONSISTENCY_MALFORMED, f"consistency: {error}") from None
