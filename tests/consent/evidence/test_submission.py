"""The body that a log sends to a witness has one spelling."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.evidence.submission import (
    MAX_PROOF_LINES,
    MAX_SUBMISSION_BYTES,
    Submission,
    SubmissionError,
    parse_submission,
)

HASH = b64encode(bytes(range(32))).decode()
NOTE = b"log.example\n1\n" + b64encode(bytes(32)) + b"\n\n\xe2\x80\x94 log.example AAAAAAAA\n"


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=MAX_PROOF_LINES),
    st.binary(min_size=1, max_size=300),
)
def test_what_is_built_is_read_back(old: int, proof: list[bytes], note: bytes) -> None:
    submission = Submission(old, tuple(proof), note)
    assert parse_submission(submission.build()) == submission


def test_the_body_is_the_published_one() -> None:
    built = Submission(20852014, (bytes(range(32)), bytes(32)), NOTE).build()
    assert built == f"old 20852014\n{HASH}\n{'A' * 43}=\n\n".encode() + NOTE
    assert parse_submission(built).note == NOTE


def test_the_largest_size_and_the_longest_proof_are_read_back() -> None:
    largest = Submission(2**63 - 1, (bytes(32),) * MAX_PROOF_LINES, NOTE)
    assert parse_submission(largest.build()) == largest


PARTS = "must be `old <size>`, a proof, a blank line and a checkpoint"
FIRST = "the first line must be `old <size>`"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("", FIRST),
        ("old", FIRST),
        ("old ", FIRST),
        ("old 01", FIRST),
        ("old -1", FIRST),
        ("old +1", FIRST),
        ("old 1 ", FIRST),
        (" old 1", FIRST),
        ("Old 1", FIRST),
        ("old 1\r", FIRST),
        ("old \u0661", "not ASCII above the checkpoint"),
        ("old 9223372036854775808", "old: must be between 0 and 2^63 - 1"),
        ("old 99999999999999999999", FIRST),
        ("new 1", FIRST),
        (f"{HASH}\nold 1", FIRST),
        (f"old 1\n{HASH[:-1]}", "proof: not base64"),
        (f"old 1\n{HASH} ", "proof: not base64"),
        ("old 1\nAAAA", "proof: a hash is not 32 bytes"),
        (f"old 1\n{HASH[:-2]}h=", "proof: not base64 in its canonical form"),
        ("old 1\nå" + HASH, "not ASCII above the checkpoint"),
        ("old 1" + f"\n{HASH}" * (MAX_PROOF_LINES + 1), "proof: more than 63 lines"),
        ("old 1" + f"\n{HASH}" * 1000, "proof: more than 63 lines"),
    ],
)
def test_a_malformed_body_is_refused(head: str, said: str) -> None:
    with pytest.raises(SubmissionError) as refused:
        parse_submission(head.encode() + b"\n\n" + NOTE)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", PARTS),
        (b"old 1", PARTS),
        (b"old 1\n", PARTS),
        (b"old 1\n\n", PARTS),
        (b"\n\n" + NOTE, FIRST),
        (b"old 0\n" + NOTE, "proof: not base64"),
    ],
)
def test_a_body_without_one_of_its_parts_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(SubmissionError) as refused:
        parse_submission(data)
    assert str(refused.value) == said


def test_an_endless_body_is_refused_before_it_is_read() -> None:
    whole = b"old 0\n\n".ljust(MAX_SUBMISSION_BYTES, b"x")
    assert len(parse_submission(whole).note) == MAX_SUBMISSION_BYTES - 7
    with pytest.raises(SubmissionError, match=f"^longer than {MAX_SUBMISSION_BYTES} bytes$"):
        parse_submission(whole + b"x")


@pytest.mark.parametrize(
    ("old", "proof", "said"),
    [
        (1, (bytes(32),) * 64, "proof: more than 63 lines"),
        (1, (bytes(31),), "proof: a hash is not 32 bytes"),
        (-1, (), "old: must be between 0 and 2^63 - 1"),
        (2**63, (), "old: must be between 0 and 2^63 - 1"),
    ],
)
def test_too_many_lines_and_short_hashes_cannot_be_built(
    old: int, proof: tuple[bytes, ...], said: str
) -> None:
    with pytest.raises(SubmissionError) as refused:
        Submission(old, proof, NOTE)
    assert str(refused.value) == said
