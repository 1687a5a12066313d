"""Receipts in the form `c2sp.org/tlog-proof@v1`."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.evidence.checkpoint import MAX_SIZE
from consent.evidence.proof import (
    MAX_HASHES,
    MAX_PROOF_BYTES,
    ProofFileError,
    TlogProof,
    parse_proof,
)

HASH = bytes(range(32))
HASH64 = b64encode(HASH).decode()
NOTE = "example.com/log\n1\n{HASH64}\n\n— example.com/log AAAAAAA=\n".encode()
HEAD = b"c2sp.org/tlog-proof@v1\n"
ENDS = "proof: must begin with c2sp.org/tlog-proof@v1 and end with a checkpoint"
INDEX = "proof: the index line is missing or malformed"

hashes = st.lists(st.binary(min_size=32, max_size=32), max_size=MAX_HASHES).map(tuple)


@given(st.integers(0, MAX_SIZE), hashes, st.none() | st.binary(max_size=60))
def test_every_receipt_reads_back(
    index: int, steps: tuple[bytes, ...], extra: bytes | None
) -> None:
    proof = TlogProof(index, steps, NOTE, extra)
    assert parse_proof(proof.build()) == proof
    assert parse_proof(proof.build()).build() == proof.build()


def test_a_receipt_has_the_published_lines() -> None:
    built = TlogProof(73_894, (HASH, HASH), NOTE, b"more").build()
    lines = ["c2sp.org/tlog-proof@v1", "extra bW9yZQ==", "index 73894", HASH64, HASH64, "", ""]
    assert built == "\n".join(lines[:-1]).encode() + b"\n" + NOTE
    assert TlogProof(0, (), NOTE).build() == HEAD + b"index 0\n\n" + NOTE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", ENDS),
        (HEAD, ENDS),
        (HEAD + b"index 0\n", ENDS),
        (HEAD + b"index 0\n\n", ENDS),
        (b"c2sp.org/tlog-proof@v2\nindex 0\n\n" + NOTE, ENDS),
        (b" " + HEAD + b"index 0\n\n" + NOTE, ENDS),
        (HEAD + b"\n" + NOTE, INDEX),
        (HEAD + b"index 00\n\n" + NOTE, INDEX),
        (HEAD + b"index 01\n\n" + NOTE, INDEX),
        (HEAD + b"index -1\n\n" + NOTE, INDEX),
        (HEAD + b"index  1\n\n" + NOTE, INDEX),
        (HEAD + b"index 1 \n\n" + NOTE, INDEX),
        (HEAD + b"index\n\n" + NOTE, INDEX),
        (HEAD + b"Index 1\n\n" + NOTE, INDEX),
        (HEAD + b"extra AA==\n\n" + NOTE, INDEX),
        (HEAD + b"index 1\nextra AA==\n\n" + NOTE, "proof: not base64"),
        (HEAD + b"extra AA==\nextra AA==\nindex 1\n\n" + NOTE, INDEX),
        (HEAD + b"extra A\nindex 1\n\n" + NOTE, "extra: not base64"),
        (HEAD + b"extra AB==\nindex 1\n\n" + NOTE, "extra: not base64 in its canonical form"),
        (HEAD + b"index 1\nAAAA\n\n" + NOTE, "proof: a hash is not 32 bytes"),
        (HEAD + f"index 1\n{HASH64} \n\n".encode() + NOTE, "proof: not base64"),
        (HEAD + f"index 1\n{HASH64}\r\n\n".encode() + NOTE, "proof: not base64"),
        (HEAD + "index 1\né\n\n".encode() + NOTE, "proof: not ASCII above the checkpoint"),
        (HEAD + b"index 9223372036854775808\n\n" + NOTE, "index: must be between 0 and 2^63 - 1"),
        (HEAD + b"index 10000000000000000000\n\n" + NOTE, INDEX),
        (
            HEAD + b"index 1\n" + f"{HASH64}\n".encode() * 64 + b"\n" + NOTE,
            "proof: more than 63 hashes",
        ),
        (
            HEAD + b"index 1\n\n" + b"a" * MAX_PROOF_BYTES,
            f"proof: longer than {MAX_PROOF_BYTES} bytes",
        ),
    ],
)
def test_what_is_not_a_receipt_to_the_byte_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ProofFileError) as refused:
        parse_proof(data)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("index", "steps"), [(-1, ()), (MAX_SIZE + 1, ()), (0, (b"short",)), (0, (HASH,) * 64)]
)
def test_a_receipt_that_cannot_be_is_refused(index: int, steps: tuple[bytes, ...]) -> None:
    with pytest.raises(ProofFileError):
        TlogProof(index, steps, NOTE)


def test_the_longest_receipt_is_read() -> None:
    deepest = TlogProof(MAX_SIZE, (HASH,) * MAX_HASHES, NOTE)
    assert parse_proof(deepest.build()) == deepest
    data = HEAD + b"index 1\n\n"
    whole = data + b"a" * (MAX_PROOF_BYTES - len(data))
    assert len(parse_proof(whole).checkpoint) == MAX_PROOF_BYTES - len(data)
