"""Each answer of C2SP tlog-witness, and nothing that a lying log sends is cosigned."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.evidence.checkpoint import CheckpointError, Verifier
from consent.evidence.merkle import EMPTY_ROOT
from consent.evidence.submission import Submission
from tests.consent.evidence.sample_log import ORIGIN, Key, SampleLog, witness
from tests.witness.logs import LOG_KEY, NOW, Ticking, body, cosigned_at, forked, make_witness
from witness.cosigner import Cosigner, KeyFileError
from witness.record import Record
from witness.witness import SIZE_TYPE, Witness

LOG = SampleLog(40, LOG_KEY)
OTHER_PAST = forked(10, 40)


@pytest.fixture
def council(tmp_path: Path) -> tuple[Witness, Verifier]:
    return make_witness(tmp_path)


def test_a_log_is_followed_from_its_first_checkpoint(council: tuple[Witness, Verifier]) -> None:
    w, key = council
    for old, size in ((0, 1), (1, 2), (2, 7), (7, 7), (7, 8), (8, 33), (33, 40)):
        assert cosigned_at(w.add_checkpoint(body(LOG, old, size)), LOG, size, key) == NOW


def test_an_empty_log_can_be_witnessed_too(council: tuple[Witness, Verifier]) -> None:
    w, key = council
    assert LOG.checkpoint(0).root == EMPTY_ROOT
    for size in (0, 0, 5):
        assert w.add_checkpoint(body(LOG, 0, size)).status == 200
    assert w.add_checkpoint(body(LOG, 0, 0)).body == b"5\n"
    assert key.name == "witness.example/council"


@pytest.mark.parametrize(("old", "size"), [(0, 40), (19, 40), (21, 40), (40, 40), (0, 20)])
def test_another_old_size_is_answered_with_the_recorded_one(
    council: tuple[Witness, Verifier], old: int, size: int
) -> None:
    w, key = council
    w.add_checkpoint(body(LOG, 0, 20))
    answer = w.add_checkpoint(body(LOG, old, size))
    assert (answer.status, answer.body, answer.content_type) == (409, b"20\n", SIZE_TYPE)
    assert cosigned_at(w.add_checkpoint(body(LOG, 20)), LOG, 40, key) == NOW


def note_of(key: Key, size: int = 40) -> bytes:
    """What a log of another name or with another key says."""
    return SampleLog(size, key).note()


ALTERED = LOG.note().replace(b"\n40\n", b"\n41\n")
FOREIGN_LINE = Key("stranger").line(LOG.checkpoint().body())
SECOND = Key("second")
MALFORMED = {
    "nothing": b"",
    "no checkpoint": b"old 20\n\n",
    "a half checkpoint": b"old 20\n\nlog.example.org/town\n40\n",
    "no signature": b"old 20\n\n" + LOG.checkpoint().body(),
    "a size with a zero in front": Submission(20, (), LOG.note().replace(b"\n40\n", b"\n040\n")),
    "64 lines of proof": b"old 20\n" + (b64encode(bytes(32)) + b"\n") * 64 + b"\n" + LOG.note(),
    "more old than new": Submission(41, (), LOG.note()),
    "control characters": Submission(20, (), LOG.note().replace(b"town", b"to\x00wn")),
    "an endless note": b"old 20\n\n" + b"x" * 70_000,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_400(council: tuple[Witness, Verifier], name: str) -> None:
    w, _ = council
    w.add_checkpoint(body(LOG, 0, 20))
    sent = MALFORMED[name]
    data = sent if isinstance(sent, bytes) else sent.build()
    assert w.add_checkpoint(data).status == 400
    assert w.add_checkpoint(body(LOG, 20)).status == 200


@pytest.mark.parametrize(
    ("note", "status"),
    [
        (note_of(Key("log", "another.example/log")), 404),
        (note_of(Key("log", ORIGIN + "/")), 404),
        (note_of(Key("thief")), 403),
        (ALTERED, 403),
        (LOG.checkpoint().body() + b"\n" + witness("one").line(LOG.checkpoint().body()), 403),
        (LOG.note() + LOG_KEY.line(LOG.checkpoint().body()), 200),
        (LOG.note() + FOREIGN_LINE, 200),
    ],
)
def test_only_what_the_known_log_signed_is_looked_at(
    council: tuple[Witness, Verifier], note: bytes, status: int
) -> None:
    w, _ = council
    assert w.add_checkpoint(body(LOG, 0, 20)).status == 200
    assert w.add_checkpoint(body(LOG, 20, note=note)).status == status


def test_a_forged_line_in_a_known_name_condemns_the_checkpoint(
    council: tuple[Witness, Verifier],
) -> None:
    w, _ = council
    wrong = LOG_KEY.line(b"something else")
    assert w.add_checkpoint(body(LOG, 0, note=LOG.note() + wrong)).status == 403


PROOF = tuple(LOG.tiles.consistency_proof(20, 40))
FALSE_PROOFS = {
    "none": (),
    "too short": PROOF[:-1],
    "too long": (*PROOF, bytes(32)),
    "turned around": PROOF[::-1],
    "of other sizes": tuple(LOG.tiles.consistency_proof(19, 40)),
    "63 hashes": (bytes(32),) * 63,
    "one bit wrong": (bytes([PROOF[0][0] ^ 1]) + PROOF[0][1:], *PROOF[1:]),
}


@pytest.mark.parametrize("name", FALSE_PROOFS)
def test_a_proof_that_does_not_lead_there_is_422(
    council: tuple[Witness, Verifier], name: str
) -> None:
    w, _ = council
    w.add_checkpoint(body(LOG, 0, 20))
    sent = Submission(20, FALSE_PROOFS[name], LOG.note()).build()
    assert w.add_checkpoint(sent).status == 422
    assert w.add_checkpoint(body(LOG, 20)).status == 200


@pytest.mark.parametrize("size", [20, 40])
def test_where_there_is_nothing_to_prove_a_proof_is_422(
    council: tuple[Witness, Verifier], size: int
) -> None:
    w, _ = council
    sent = Submission(0, PROOF, LOG.note(20)).build()
    assert w.add_checkpoint(sent).status == 422
    w.add_checkpoint(body(LOG, 0, size))
    sent = Submission(size, PROOF[:1], LOG.note(size)).build()
    assert w.add_checkpoint(sent).status == 422


@pytest.mark.parametrize("size", [21, 32, 40])
def test_a_fork_signed_by_the_log_s_own_key_is_not_cosigned(
    council: tuple[Witness, Verifier], size: int
) -> None:
    w, _ = council
    w.add_checkpoint(body(LOG, 0, 20))
    assert w.add_checkpoint(body(OTHER_PAST, 20, size)).status == 422
    assert w.add_checkpoint(body(LOG, 20, size)).status == 200


def test_two_trees_of_one_size_are_409_and_both_are_kept(tmp_path: Path) -> None:
    w, _ = make_witness(tmp_path)
    w.add_checkpoint(body(LOG, 0, 20))
    answer = w.add_checkpoint(Submission(20, (), OTHER_PAST.note(20)).build())
    assert (answer.status, answer.body) == (409, b"20\n")
    kept = Record(tmp_path / "witness.sqlite3").forks()
    assert kept == [(ORIGIN, 20, LOG.note(20), OTHER_PAST.note(20))]
    assert w.add_checkpoint(body(LOG, 20)).status == 200


def test_a_log_that_was_rolled_back_is_not_cosigned(council: tuple[Witness, Verifier]) -> None:
    w, _ = council
    w.add_checkpoint(body(LOG, 0, 30))
    assert w.add_checkpoint(body(LOG, 0, 20)).status == 409
    assert w.add_checkpoint(body(LOG, 20, 20)).status == 409
    assert w.add_checkpoint(body(LOG, 30, 20)).status == 400


def test_the_record_outlives_the_process(tmp_path: Path) -> None:
    first, key = make_witness(tmp_path)
    first.add_checkpoint(body(LOG, 0, 20))
    again, same = make_witness(tmp_path)
    assert same == key
    assert again.add_checkpoint(body(OTHER_PAST, 0)).body == b"20\n"
    assert again.add_checkpoint(body(LOG, 20)).status == 200


def test_the_time_of_a_cosignature_never_runs_backwards(tmp_path: Path) -> None:
    clock = Ticking()
    w, key = make_witness(tmp_path, clock=clock)
    w.add_checkpoint(body(LOG, 0, 20))
    clock.now -= 1000
    assert cosigned_at(w.add_checkpoint(body(LOG, 20, 21)), LOG, 21, key) == NOW
    clock.now += 5000
    assert cosigned_at(w.add_checkpoint(body(LOG, 21, 21)), LOG, 21, key) == NOW + 4000


def test_a_second_key_of_the_log_is_accepted_while_it_rolls_over(tmp_path: Path) -> None:
    w, key = make_witness(tmp_path, LOG_KEY.verifier, SECOND.verifier)
    w.add_checkpoint(body(LOG, 0, 20))
    text = LOG.checkpoint(30).body()
    both = LOG_KEY.sign(text) + SECOND.line(text)
    assert cosigned_at(w.add_checkpoint(body(LOG, 20, 30, note=both)), LOG, 30, key) == NOW
    late = SECOND.sign(LOG.checkpoint(40).body())
    assert w.add_checkpoint(body(LOG, 30, 40, note=late)).status == 200


def test_logs_are_remembered_apart(tmp_path: Path) -> None:
    other = SampleLog(12, Key("o", "other.example"))
    w, _ = make_witness(tmp_path, LOG_KEY.verifier, other.key.verifier)
    assert w.add_checkpoint(body(LOG, 0, 20)).status == 200
    assert w.add_checkpoint(body(other, 0, 7)).status == 200
    assert w.add_checkpoint(body(LOG, 20)).status == 200
    assert w.add_checkpoint(body(other, 7)).status == 200


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(0, 40)), max_size=12))
def test_whatever_is_asked_the_cosigned_checkpoints_are_one_past(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[bool, int, int]]
) -> None:
    w, _ = make_witness(tmp_path_factory.mktemp("w"))
    newest, branch = 0, None
    for fork, old, size in asked:
        log = OTHER_PAST if fork else LOG
        good = (
            old == newest <= size
            and (branch in {None, fork} or newest <= 10)
            and not (newest == size and newest > 10 and branch != fork)
        )
        assert (w.add_checkpoint(body(log, old, size)).status == 200) is good
        if good:
            newest, branch = size, fork if size > 10 else None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 600), st.integers(0, 3))
def test_no_bytes_make_it_fail_or_cosign(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int, cut: int
) -> None:
    w, _ = make_witness(tmp_path_factory.getbasetemp())
    whole = body(LOG, 0, 40)
    for sent in (noise, whole[:at] + noise + whole[at + cut :]):
        status = w.add_checkpoint(sent).status
        assert status in {400, 403, 404, 409, 422} or (status == 200 and sent == whole)


def test_the_key_file_is_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "witness.key"
    Cosigner(path, "w.example")
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    refusals: list[Callable[[], object]] = [
        lambda: path.chmod(0o640),
        lambda: (path.chmod(0o600), path.write_bytes(bytes(31))),
        lambda: path.write_bytes(bytes(33)),
    ]
    for spoil in refusals:
        spoil()
        with pytest.raises(KeyFileError):
            Cosigner(path, "w.example")
    with pytest.raises(CheckpointError):
        Cosigner(tmp_path / "other.key", "two words")
