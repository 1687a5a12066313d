"""What a log sends to a witness: the body of `POST /add-checkpoint` of C2SP tlog-witness.

    old <size>
    <base64 of a 32-byte hash>       the consistency proof, at most 63 lines
    <blank>
    <the signed checkpoint>

Reading it proves nothing: the witness checks the signature, its own record and the proof, in that
order. The limit: a body of at most `MAX_SUBMISSION_BYTES`, far more than 63 hashes and a checkpoint
with a few signatures need.
"""

import re
from base64 import b64encode
from dataclasses import dataclass

from consent.evidence.checkpoint import MAX_SIZE, CheckpointError, strict_base64
from consent.evidence.errors import EvidenceError
from consent.evidence.merkle import HASH_BYTES

MAX_PROOF_LINES = 63
MAX_SUBMISSION_BYTES = 65_536

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)


class SubmissionError(EvidenceError):
    """Bytes are not the body of an `add-checkpoint` request."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The size that the log believes the witness to know, the proof from there, the new note."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.old <= MAX_SIZE:
            raise SubmissionError("old: must be between 0 and 2^63 - 1")
        if len(self.proof) > MAX_PROOF_LINES:
            raise SubmissionError(f"proof: more than {MAX_PROOF_LINES} lines")
        if any(len(found) != HASH_BYTES for found in self.proof):
            raise SubmissionError(f"proof: a hash is not {HASH_BYTES} bytes")

    def build(self) -> bytes:
        """Return the body's bytes."""
        lines = [f"old {self.old}", *(b64encode(found).decode("ascii") for found in self.proof)]
        return "\n".join(lines).encode("ascii") + b"\n\n" + self.note


def parse_submission(data: bytes) -> Submission:
    """Read a body; SubmissionError if it is not one. The note is not parsed."""
    if len(data) > MAX_SUBMISSION_BYTES:
        raise SubmissionError(f"longer than {MAX_SUBMISSION_BYTES} bytes")
    head, blank, note = data.partition(b"\n\n")
    if not blank or not note:
        raise SubmissionError("must be `old <size>`, a proof, a blank line and a checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
        found = _OLD.fullmatch(first)
        if found is None:
            raise SubmissionError("the first line must be `old <size>`")
        proof = tuple(strict_base64("proof", line) for line in lines)
    except UnicodeDecodeError:
        raise SubmissionError("not ASCII above the checkpoint") from None
    except CheckpointError as error:
        raise SubmissionError(str(error)) from None
    return Submission(int(found.group(1)), proof, note)
