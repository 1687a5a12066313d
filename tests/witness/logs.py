"""Logs to witness: one that grows, and one that signs two pasts with the same key."""

from __future__ import annotations

from pathlib import Path

from consent.evidence.checkpoint import Verifier, verify_note
from consent.evidence.submission import Submission
from tests.consent.evidence.sample_log import Key, SampleLog
from witness.cosigner import Cosigner
from witness.record import Record
from witness.witness import Answer, Witness

NOW = 1_774_747_800
LOG_KEY = Key("log")


class Ticking:
    """A clock that tests move, backwards too."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def forked(shared: int, size: int) -> SampleLog:
    """The sample log up to `shared` entries, then another past, signed by the same key."""
    log = SampleLog(shared, LOG_KEY)
    log.extend(b"another past %d" % index for index in range(size - shared))
    return log


def body(log: SampleLog, old: int, size: int | None = None, *, note: bytes | None = None) -> bytes:
    """An honest request from `old` to `size`, unless another note is given."""
    size = len(log.entries) if size is None else size
    proof = tuple(log.tiles.consistency_proof(old, size)) if old <= size else ()
    return Submission(old, proof, log.note(size) if note is None else note).build()


def make_witness(
    directory: Path, *keys: Verifier, clock: Ticking | None = None
) -> tuple[Witness, Verifier]:
    """A witness with its files in `directory`, and its public key."""
    cosigner = Cosigner(directory / "witness.key", "witness.example/council")
    record = Record(directory / "witness.sqlite3")
    logs = keys or (LOG_KEY.verifier,)
    return Witness(cosigner, record, logs, clock=clock or Ticking()), cosigner.verifier


def cosigned_at(answer: Answer, log: SampleLog, size: int, witness: Verifier) -> int:
    """The time of the cosignature in a 200, verified over the log's checkpoint of `size`."""
    assert answer.status == 200, answer
    signers = verify_note(log.note(size) + answer.body, [witness]).signers
    (time,) = [signer.time for signer in signers]
    assert time is not None
    return time
