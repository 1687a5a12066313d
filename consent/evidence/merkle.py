"""The Merkle tree of RFC 6962 section 2.1, and the two proofs that an outsider checks.

A leaf is SHA-256(0x00 || entry), a node SHA-256(0x01 || left || right), the empty tree SHA-256("");
a tree of n leaves splits at the largest power of two below n. The two verifications follow RFC
9162 sections 2.1.3.2 and 2.1.4.2 step by step, because they are what everything else rests on.
Their limits: a proof speaks of a root, and neither of whose it is nor of its size (5 and 7 leaves
can share the shape of a proof); both are vouched for by the signed `checkpoint`. And consistency
with an empty tree shows nothing at all, so it is refused: a caller who starts from nothing says so.
"""

from collections.abc import Sequence
from hashlib import sha256

from consent.evidence.errors import EvidenceError

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


class ProofError(EvidenceError):
    """A Merkle proof is malformed or does not lead to the root; its subclass says which."""


class IndexBeyondTree(ProofError):
    """The leaf's index is not below the size of the tree, or a size is negative."""


class SizesOutOfOrder(ProofError):
    """The first tree is larger than the second, or is empty."""


class MalformedHash(ProofError):
    """A hash is not 32 bytes."""


class WrongProofLength(ProofError):
    """The proof has fewer or more hashes than its position in the tree needs."""


class RootMismatch(ProofError):
    """The proof leads to another root than the one given."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the 32-byte leaf hash of an entry's exact bytes."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of the node above two 32-byte hashes."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes, in order; EMPTY_ROOT over none."""
    return bag_peaks(grow((), 0, b"".join(leaf_hashes))[0])


def grow(peaks: Sequence[bytes], size: int, row: bytes) -> tuple[list[bytes], list[bytes]]:
    """Add a row of leaf hashes to a tree of `size` leaves that is known by its peaks.

    A tree's peaks are the roots of its perfect subtrees, the smallest (rightmost) first: one per
    bit set in its size. `row` is concatenated 32-byte hashes. Returns the new peaks, and for each
    height the row of nodes that became complete. Costs about one hash a leaf, whatever the size.
    """
    if len(peaks) != size.bit_count():
        raise WrongProofLength(f"a tree of size {size} has {size.bit_count()} peaks")
    waiting, grown, complete = iter(peaks), [], []
    while row or size:
        complete.append(row)
        if size & 1:
            row = next(waiting) + row
        if len(row) // HASH_BYTES & 1:
            grown.append(row[-HASH_BYTES:])
            row = row[:-HASH_BYTES]
        row = _hash_pairs(row)
        size >>= 1
    return grown, complete


def _hash_pairs(row: bytes) -> bytes:
    step = 2 * HASH_BYTES
    return b"".join(
        [sha256(b"\x01" + row[at : at + step]).digest() for at in range(0, len(row), step)]
    )


def bag_peaks(peaks: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees given smallest (right) first; EMPTY_ROOT over none."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[0]
    for peak in peaks[1:]:
        root = node_hash(peak, root)
    return root


def verify_inclusion(
    index: int, size: int, *, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Return if `proof` puts the leaf hash `leaf` at `index` of the tree; ProofError otherwise.

    RFC 9162 section 2.1.3.2. `proof` holds 32-byte hashes, from the leaf's sibling upwards.
    """
    if not 0 <= index < size:
        raise IndexBeyondTree(f"index {index} is not below the tree's size {size}")
    _require_hashes(leaf, root, *proof)
    position, last, reached = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise WrongProofLength("the inclusion proof is too long")
        if position & 1 or position == last:
            reached = node_hash(step, reached)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            reached = node_hash(reached, step)
        position >>= 1
        last >>= 1
    if last:
        raise WrongProofLength("the inclusion proof is too short")
    if reached != root:
        raise RootMismatch(f"the proof for index {index} leads to another root")


def verify_consistency(
    size1: int, size2: int, *, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> None:
    """Return if the second tree begins with the whole first one; ProofError otherwise.

    RFC 9162 section 2.1.4.2. Equal sizes need an empty proof and equal roots. `size1` is at least
    1: every tree begins with the empty one, so a proof from it would carry no information.
    """
    if not 0 < size1 <= size2:
        raise SizesOutOfOrder(f"no consistency from size {size1} to size {size2}")
    if size1 == size2:
        if proof:
            raise WrongProofLength("trees of one size need no consistency proof")
        if root1 != root2:
            raise RootMismatch(f"two different trees of size {size1}")
        return
    _require_hashes(root1, root2, *proof)
    steps = list(proof)
    if size1 & (size1 - 1) == 0:
        steps.insert(0, root1)
    if not steps:
        raise WrongProofLength("the consistency proof is empty")
    _climb(size1, size2, steps=steps, root1=root1, root2=root2)


def _climb(size1: int, size2: int, *, steps: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    position, last = size1 - 1, size2 - 1
    while position & 1:
        position >>= 1
        last >>= 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise WrongProofLength("the consistency proof is too long")
        if position & 1 or position == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            second = node_hash(second, step)
        position >>= 1
        last >>= 1
    if last:
        raise WrongProofLength("the consistency proof is too short")
    if first != root1:
        raise RootMismatch(f"the proof does not lead to the root of size {size1}")
    if second != root2:
        raise RootMismatch(f"the proof does not lead to the root of size {size2}")


def _require_hashes(*hashes: bytes) -> None:
    if any(len(found) != HASH_BYTES for found in hashes):
        raise MalformedHash(f"a hash is not {HASH_BYTES} bytes")
