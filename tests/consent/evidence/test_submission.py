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


@pytest.mark.parametrize(
    "head",
    [
        "",
        "old",
        "old ",
        "old 01",
        "old -1",
        "old +1",
        "old 1 ",
        " old 1",
        "Old 1",
        "old 1\r",
        "old \u0661",
        "old 9223372036854775808",
        "old 99999999999999999999",
        "new 1",
        f"{HASH}\nold 1",
        f"old 1\n{HASH[:-1]}",
        f"old 1\n{HASH} ",
        "old 1\nAAAA",
        f"old 1\n{HASH[:-2]}h=",
        "old 1\nå" + HASH,
        "old 1" + f"\n{HASH}" * (MAX_PROOF_LINES + 1),
        "old 1" + f"\n{HASH}" * 1000,
    ],
)
def test_a_malformed_body_is_refused(head: str) -> None:
    with pytest.raises(SubmissionError):
        parse_submission(head.encode() + b"\n\n" + NOTE)


@pytest.mark.parametrize(
    "data",
    [b"", b"old 1", b"old 1\n", b"old 1\n\n", b"\n\n" + NOTE, b"old 0\n" + NOTE],
)
def test_a_body_without_one_of_its_parts_is_refused(data: bytes) -> None:
    with pytest.raises(SubmissionError):
        parse_submission(data)


def test_an_endless_body_is_refused_before_it_is_read() -> None:
    with pytest.raises(SubmissionError, match="longer than"):
        parse_submission(b"old 0\n\n" + b"x" * MAX_SUBMISSION_BYTES)


def test_too_many_lines_and_short_hashes_cannot_be_built() -> None:
    with pytest.raises(SubmissionError, match="more than 63"):
        Submission(1, (bytes(32),) * 64, NOTE)
    with pytest.raises(SubmissionError, match="not 32 bytes"):
        Submission(1, (bytes(31),), NOTE)
    with pytest.raises(SubmissionError, match="old"):
        Submission(-1, (), NOTE)
