"""`add-checkpoint` (C2SP tlog-witness v1.0.0): the checks, in the order that the text gives.

    400  the body is malformed, or the old size is above the checkpoint's
    404  the checkpoint's origin is no log that this witness knows
    403  no known key of that log has signed it, or one of them did not sign what it seems to
    409  the old size is not the one recorded, which the answer states; or the log has signed two
         trees of one size
    422  the proof does not lead from what is recorded to the checkpoint
    200  the cosignature; what it says was stored first

A cosignature says "as of this time, this is the largest tree that I have seen", so its time is
taken while the record is locked and never runs backwards.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from consent.evidence.checkpoint import (
    Checkpoint,
    ForgedNote,
    UntrustedNote,
    Verifier,
    parse_checkpoint,
    parse_note,
    verify_note,
)
from consent.evidence.errors import EvidenceError
from consent.evidence.merkle import ProofError, WrongProofLength, verify_consistency
from consent.evidence.submission import Submission, parse_submission
from witness.cosigner import Cosigner
from witness.record import Known, Record

SIZE_TYPE = "text/x.tlog.size"
TEXT = "text/plain; charset=utf-8"

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status, a body and its content type."""

    status: int
    body: bytes
    content_type: str = TEXT


class _Refused(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Witness:
    """Cosigns the checkpoints of the logs whose keys are given (two of one name as it rolls over).

    `clock` returns POSIX seconds.
    """

    def __init__(
        self,
        cosigner: Cosigner,
        record: Record,
        logs: Sequence[Verifier],
        *,
        clock: Callable[[], int],
    ) -> None:
        self._cosigner = cosigner
        self._record = record
        self._clock = clock
        self._logs: dict[str, list[Verifier]] = defaultdict(list)
        for log in logs:
            self._logs[log.name].append(log)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request; errors of the record's file are raised."""
        try:
            asked = _malformed_is_400(lambda: parse_submission(body))
            text = _malformed_is_400(lambda: parse_note(asked.note)).unverified_text
            head = _malformed_is_400(lambda: parse_checkpoint(text))
            self._require_signed(asked.note, head.origin)
            if asked.old > head.size:
                raise _Refused(_said(400, "the old size is above the checkpoint's"))
            time = self._advance(asked, head)
        except _Refused as refused:
            return refused.answer
        return Answer(200, self._cosigner.cosign(text, time=time))

    def _require_signed(self, note: bytes, origin: str) -> None:
        keys = self._logs.get(origin)
        if keys is None:
            raise _Refused(_said(404, "this log is not known here"))
        try:
            verify_note(note, keys)
        except (ForgedNote, UntrustedNote):
            raise _Refused(_said(403, "not signed by a known key of this log")) from None

    def _advance(self, asked: Submission, head: Checkpoint) -> int:
        """Compare with the record and replace it, in one turn; return the cosignature's time."""
        refusal = None
        with self._record.turn(head.origin) as turn:
            time = max(self._clock(), turn.known.time)
            refusal = _refusal(turn.known, asked, head)
            if refusal is None:
                turn.store(head, asked.note, time=time)
            elif refusal.status == 409 and asked.old == turn.known.size:
                turn.keep_fork(asked.note, time=time)
        if refusal is not None:
            raise _Refused(refusal)
        return time


def _refusal(known: Known, asked: Submission, head: Checkpoint) -> Answer | None:
    """Return why `head` does not continue `known`; None when it does."""
    size = Answer(409, b"%d\n" % known.size, SIZE_TYPE)
    if asked.old != known.size:
        return size
    try:
        if known.size in {0, head.size}:
            if asked.proof:
                raise WrongProofLength("there is nothing to prove between these sizes")
            return None if known.size < head.size or known.root == head.root else size
        verify_consistency(
            known.size, head.size, root1=known.root, root2=head.root, proof=asked.proof
        )
    except ProofError as error:
        return _said(422, str(error))
    return None


def _malformed_is_400(read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except EvidenceError as error:
        raise _Refused(_said(400, str(error))) from None


def _said(status: int, why: str) -> Answer:
    return Answer(status, f"{why}\n".encode())
