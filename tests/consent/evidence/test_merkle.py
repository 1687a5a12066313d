"""The tree and its proofs, against published vectors and against RFC 6962 read literally."""

import json
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.evidence.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    IndexBeyondTree,
    MalformedHash,
    ProofError,
    RootMismatch,
    SizesOutOfOrder,
    WrongProofLength,
    bag_peaks,
    grow,
    leaf_hash,
    node_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from tests.consent.evidence.sample_log import naive_root

LEAVES = [leaf_hash(bytes([number])) for number in range(130)]
ROOTS = [naive_root(LEAVES[:size]) for size in range(len(LEAVES) + 1)]


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < split:
        return [*path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*path(index - split, leaves[split:]), naive_root(leaves[:split])]


def subproof(size: int, leaves: list[bytes], *, known: bool = True) -> list[bytes]:
    """RFC 6962 section 2.1.2, word for word."""
    if size == len(leaves):
        return [] if known else [naive_root(leaves)]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if size <= split:
        return [*subproof(size, leaves[:split], known=known), naive_root(leaves[split:])]
    return [*subproof(size - split, leaves[split:], known=False), naive_root(leaves[:split])]


def flipped(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")


sizes = st.integers(1, len(LEAVES))
bits = st.integers(0, 8 * HASH_BYTES - 1)


@st.composite
def places(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(sizes)
    return draw(st.integers(0, size - 1)), size


@st.composite
def spans(draw: st.DrawFn) -> tuple[int, int]:
    size2 = draw(sizes)
    return draw(st.integers(1, size2)), size2


def test_the_published_inclusion_vectors_give_the_stated_verdict(external_data: Path) -> None:
    files = sorted((external_data / "merkle" / "inclusion").rglob("*.json"))
    assert len(files) == 98
    for file in files:
        case = json.loads(file.read_text())
        try:
            verify_inclusion(
                case["leafIdx"],
                case["treeSize"],
                leaf=b64decode(case["leafHash"]),
                proof=[b64decode(step) for step in case["proof"] or ()],
                root=b64decode(case["root"]),
            )
        except ProofError:
            refused = True
        else:
            refused = False
        assert refused == case["wantErr"], file


def test_the_published_consistency_vectors_give_the_stated_verdict(external_data: Path) -> None:
    files = sorted((external_data / "merkle" / "consistency").rglob("*.json"))
    assert len(files) == 98
    for file in files:
        case = json.loads(file.read_text())
        try:
            verify_consistency(
                case["size1"],
                case["size2"],
                root1=b64decode(case["root1"]),
                root2=b64decode(case["root2"]),
                proof=[b64decode(step) for step in case["proof"] or ()],
            )
        except ProofError:
            refused = True
        else:
            refused = False
        assert refused == case["wantErr"], file


def test_leaf_node_and_empty_tree_hash_as_rfc_6962_says() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    empty_leaf = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert empty == EMPTY_ROOT.hex() == tree_root([]).hex() == bag_peaks([]).hex()
    assert leaf_hash(b"").hex() == empty_leaf
    assert leaf_hash(b"abc") != node_hash(b"a", b"bc")
    assert node_hash(LEAVES[0], LEAVES[1]) != node_hash(LEAVES[1], LEAVES[0])


@pytest.mark.parametrize("size", range(131))
def test_the_root_is_the_one_that_the_definition_gives(size: int) -> None:
    assert tree_root(LEAVES[:size]) == ROOTS[size]


@given(spans())
def test_a_tree_grown_in_two_steps_is_the_tree_grown_at_once(span: tuple[int, int]) -> None:
    middle, size = span
    first, _ = grow((), 0, b"".join(LEAVES[:middle]))
    peaks, complete = grow(first, middle, b"".join(LEAVES[middle:size]))
    assert len(peaks) == size.bit_count()
    assert bag_peaks(peaks) == ROOTS[size]
    for height, row in enumerate(complete):
        width = 1 << height
        nodes = [
            naive_root(LEAVES[at * width : (at + 1) * width])
            for at in range(middle >> height, size >> height)
        ]
        assert row == b"".join(nodes)


def test_a_tree_is_not_grown_from_the_peaks_of_another_size() -> None:
    with pytest.raises(WrongProofLength, match=r"^a tree of size 3 has 2 peaks$"):
        grow([LEAVES[0]], 3, LEAVES[1])
    with pytest.raises(WrongProofLength, match=r"^a tree of size 1 has 1 peaks$"):
        grow([LEAVES[0], LEAVES[1]], 1, b"")


@given(places())
def test_an_inclusion_proof_verifies(place: tuple[int, int]) -> None:
    index, size = place
    proof = path(index, LEAVES[:size])
    verify_inclusion(index, size, leaf=LEAVES[index], proof=proof, root=ROOTS[size])


@pytest.mark.parametrize("size", range(1, 41))
def test_every_proof_in_a_small_tree_verifies(size: int) -> None:
    for index in range(size):
        proof = path(index, LEAVES[:size])
        verify_inclusion(index, size, leaf=LEAVES[index], proof=proof, root=ROOTS[size])
        proof = subproof(index + 1, LEAVES[:size])
        verify_consistency(index + 1, size, root1=ROOTS[index + 1], root2=ROOTS[size], proof=proof)


@given(places(), bits, st.data())
def test_an_inclusion_proof_with_one_bit_changed_fails(
    place: tuple[int, int], bit: int, data: st.DataObject
) -> None:
    index, size = place
    parts = [LEAVES[index], ROOTS[size], *path(index, LEAVES[:size])]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], bit)
    with pytest.raises(RootMismatch):
        verify_inclusion(index, size, leaf=parts[0], root=parts[1], proof=parts[2:])


@given(places(), st.integers(0, 20))
def test_an_inclusion_proof_for_another_index_fails(place: tuple[int, int], bit: int) -> None:
    index, size = place
    proof = path(index, LEAVES[:size])
    with pytest.raises(ProofError):
        verify_inclusion(index ^ 1 << bit, size, leaf=LEAVES[index], proof=proof, root=ROOTS[size])


@given(places())
def test_an_inclusion_proof_with_a_hash_more_or_less_has_the_wrong_length(
    place: tuple[int, int],
) -> None:
    index, size = place
    proof = path(index, LEAVES[:size])
    wrong = [[*proof, ROOTS[size]]] + ([proof[:-1]] if proof else [])
    for hashes in wrong:
        with pytest.raises(
            WrongProofLength,
            match=r"^the inclusion proof is too long$"
            if hashes[:-1] == proof
            else r"^the inclusion proof is too short$",
        ):
            verify_inclusion(index, size, leaf=LEAVES[index], proof=hashes, root=ROOTS[size])


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (0, 0), (1, 1), (5, 3), (0, -1)])
def test_an_index_must_lie_in_the_tree(index: int, size: int) -> None:
    with pytest.raises(IndexBeyondTree, match=f"index {index} is not below the tree's size {size}"):
        verify_inclusion(index, size, leaf=LEAVES[0], proof=[], root=LEAVES[0])


@pytest.mark.parametrize("part", ["leaf", "root", "proof"])
@pytest.mark.parametrize("bad", [b"", LEAVES[0][:-1], LEAVES[0] + b"\0"])
def test_a_hash_of_another_length_is_refused(part: str, bad: bytes) -> None:
    parts = {"leaf": LEAVES[0], "root": ROOTS[2], "proof": [LEAVES[1]]}
    parts[part] = [bad] if part == "proof" else bad
    with pytest.raises(MalformedHash, match=r"^a hash is not 32 bytes$"):
        verify_inclusion(0, 2, **parts)


@given(spans())
def test_a_consistency_proof_verifies(span: tuple[int, int]) -> None:
    size1, size2 = span
    proof = subproof(size1, LEAVES[:size2])
    verify_consistency(size1, size2, root1=ROOTS[size1], root2=ROOTS[size2], proof=proof)


@given(spans(), bits, st.data())
def test_a_consistency_proof_with_one_bit_changed_fails(
    span: tuple[int, int], bit: int, data: st.DataObject
) -> None:
    size1, size2 = span
    parts = [ROOTS[size1], ROOTS[size2], *subproof(size1, LEAVES[:size2])]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], bit)
    with pytest.raises(RootMismatch):
        verify_consistency(size1, size2, root1=parts[0], root2=parts[1], proof=parts[2:])


@given(spans(), st.integers(0, 20))
def test_a_consistency_proof_from_another_size_fails(span: tuple[int, int], bit: int) -> None:
    size1, size2 = span
    proof = subproof(size1, LEAVES[:size2])
    with pytest.raises(ProofError):
        verify_consistency(
            size1 ^ 1 << bit, size2, root1=ROOTS[size1], root2=ROOTS[size2], proof=proof
        )


def test_a_tree_size_is_vouched_for_by_its_signature_and_not_by_a_proof() -> None:
    proof = subproof(1, LEAVES[:5])
    assert len(proof) == len(subproof(1, LEAVES[:7]))
    verify_consistency(1, 7, root1=ROOTS[1], root2=ROOTS[5], proof=proof)


@given(spans())
def test_a_consistency_proof_with_a_hash_more_or_less_has_the_wrong_length(
    span: tuple[int, int],
) -> None:
    size1, size2 = span
    proof = subproof(size1, LEAVES[:size2])
    for hashes in [[*proof, ROOTS[size2]]] + ([proof[:-1]] if proof else []):
        with pytest.raises(WrongProofLength):
            verify_consistency(size1, size2, root1=ROOTS[size1], root2=ROOTS[size2], proof=hashes)


def test_the_wrong_length_says_which_way() -> None:
    proof = subproof(3, LEAVES[:7])
    known = {"root1": ROOTS[3], "root2": ROOTS[7]}
    with pytest.raises(WrongProofLength, match=r"^the consistency proof is too long$"):
        verify_consistency(3, 7, proof=[*proof, ROOTS[7]], **known)
    with pytest.raises(WrongProofLength, match=r"^the consistency proof is too short$"):
        verify_consistency(3, 7, proof=proof[:-1], **known)
    with pytest.raises(WrongProofLength, match=r"^the consistency proof is empty$"):
        verify_consistency(3, 7, proof=[], **known)
    with pytest.raises(WrongProofLength, match=r"^trees of one size need no consistency proof$"):
        verify_consistency(3, 3, root1=ROOTS[3], root2=ROOTS[3], proof=[ROOTS[3]])


def test_the_root_that_is_not_reached_is_named() -> None:
    proof = subproof(3, LEAVES[:7])
    with pytest.raises(RootMismatch, match="root of size 3"):
        verify_consistency(3, 7, root1=ROOTS[4], root2=ROOTS[7], proof=proof)
    with pytest.raises(RootMismatch, match="root of size 7"):
        verify_consistency(3, 7, root1=ROOTS[3], root2=ROOTS[8], proof=proof)
    with pytest.raises(RootMismatch, match="two different trees of size 3"):
        verify_consistency(3, 3, root1=ROOTS[3], root2=ROOTS[4], proof=[])
    with pytest.raises(RootMismatch, match="index 2 leads"):
        verify_inclusion(2, 3, leaf=LEAVES[2], proof=path(2, LEAVES[:3]), root=ROOTS[4])


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 1), (0, 5), (2, 1), (-1, 3)])
def test_no_consistency_is_shown_from_nothing_or_backwards(size1: int, size2: int) -> None:
    with pytest.raises(SizesOutOfOrder, match=f"from size {size1} to size {size2}"):
        verify_consistency(size1, size2, root1=EMPTY_ROOT, root2=ROOTS[5], proof=[])


@pytest.mark.parametrize("part", ["root1", "root2", "proof"])
def test_a_consistency_hash_of_another_length_is_refused(part: str) -> None:
    parts = {"root1": ROOTS[1], "root2": ROOTS[2], "proof": [LEAVES[1]]}
    parts[part] = [b"short"] if part == "proof" else b"short"
    with pytest.raises(MalformedHash):
        verify_consistency(1, 2, **parts)
