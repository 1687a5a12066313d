"""What verification believes, and what it says about a log that nobody touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from consent.evidence.checkpoint import Checkpoint, CheckpointError
from referral_hub.audit.events import EntryType
from referral_hub.audit.findings import MOST_OF_A_KIND, Kind
from referral_hub.audit.memory import SignerMemory
from referral_hub.audit.verify import verify_log
from referral_hub.crypto.log_signer import LogSigner
from referral_hub.errors import ServiceUnavailable
from referral_hub.store import log
from referral_hub.store.engine import open_database
from tests.audit.log_bench import ORIGIN, LogBench


def notes(bench: LogBench) -> list[bytes]:
    with bench.database.working() as connection:
        return [stored.note for stored in log.all_checkpoints(connection)]


def test_an_empty_log_verifies(fresh_log: Callable[[int], LogBench]) -> None:
    outcome = fresh_log(0).verify()
    assert outcome.ok
    assert (outcome.size, outcome.entries, outcome.note) == (0, 0, b"")
    assert not outcome.compared


def test_entries_that_wait_for_their_number_are_counted_and_no_fault(
    fresh_log: Callable[[int], LogBench],
) -> None:
    bench = fresh_log(5)
    bench.write([EntryType.VIEW] * 3)
    outcome = bench.verify()
    assert outcome.ok, outcome.problems
    assert (outcome.entries, outcome.pending) == (5, 3)


def test_a_crash_between_the_commit_and_the_memory_is_no_rollback(
    fresh_log: Callable[[int], LogBench],
) -> None:
    bench = fresh_log(5)
    before = bench.memory_path.read_bytes()
    bench.write([EntryType.VIEW])
    bench.integrator.run()
    after = bench.memory_path.read_bytes()
    both = before.replace(b"]]}", b"], ") + after.removeprefix(b'{"expected": [')
    bench.memory_path.write_bytes(both)
    assert len(SignerMemory(bench.memory_path).expected()) == 2
    assert bench.verify().ok


def test_a_lost_memory_is_said_and_not_taken_for_agreement(
    fresh_log: Callable[[int], LogBench],
) -> None:
    bench = fresh_log(5)
    bench.memory_path.unlink()
    outcome = bench.verify()
    assert outcome.ok
    assert not outcome.compared


def test_every_checkpoint_that_an_officer_may_have_kept_is_consistent(log_bench: LogBench) -> None:
    kept = notes(log_bench)
    for note in kept[:: max(1, len(kept) // 10)]:
        assert log_bench.verify(previous=note, deep=False).ok


def test_an_officers_checkpoint_of_another_history_is_reported(log_bench: LogBench) -> None:
    fork = log_bench.signer.sign_checkpoint(Checkpoint(ORIGIN, 100, b"\x07" * 32).body())
    outcome = log_bench.verify(previous=fork, deep=False)
    assert not outcome.ok
    assert Kind.ALTERED in {problem.kind for problem in outcome.problems}
    assert outcome.first_bad is not None
    assert outcome.first_bad < 100


def test_an_officers_checkpoint_of_a_longer_log_shows_the_rollback(log_bench: LogBench) -> None:
    longer = log_bench.signer.sign_checkpoint(Checkpoint(ORIGIN, 400, b"\x07" * 32).body())
    outcome = log_bench.verify(previous=longer, deep=False)
    assert Kind.ROLLED_BACK in {problem.kind for problem in outcome.problems}
    assert outcome.first_bad == 330


def test_an_officers_checkpoint_that_this_log_did_not_sign_is_refused(
    log_bench: LogBench, tmp_path: Path
) -> None:
    stranger = LogSigner(tmp_path / "stranger.key", origin=ORIGIN)
    with pytest.raises(CheckpointError):
        log_bench.verify(previous=stranger.sign_checkpoint(Checkpoint(ORIGIN, 9, b"r" * 32).body()))
    with pytest.raises(CheckpointError):
        log_bench.verify(previous=b"not a checkpoint")


def test_a_log_checked_by_another_key_is_wrong_from_its_first_entry(
    log_bench: LogBench, tmp_path: Path
) -> None:
    stranger = LogSigner(tmp_path / "stranger.key", origin=ORIGIN)
    outcome = log_bench.verify(vkey=stranger.vkey, deep=False)
    assert outcome.first_bad == 0
    assert {problem.kind for problem in outcome.problems} == {Kind.CHECKPOINT, Kind.UNSIGNED}
    assert len(outcome.problems) <= 2 * MOST_OF_A_KIND


def test_a_ruined_log_is_reported_without_filling_memory(
    fresh_log: Callable[[int], LogBench],
) -> None:
    bench = fresh_log(150)
    with bench.as_owner() as owner:
        owner.execute("UPDATE log_entry SET outcome = 'refuse'")
    outcome = bench.verify()
    assert outcome.total >= 150
    assert len(outcome.problems) == MOST_OF_A_KIND
    assert outcome.first_bad == 0


def test_a_lost_key_is_a_fault_and_so_is_calling_the_person_erased_without_an_erasure(
    fresh_log: Callable[[int], LogBench],
) -> None:
    bench = fresh_log(60)
    person = bench.town.people[0].id
    with bench.as_owner() as owner:
        owner.execute("UPDATE subject SET wrapped_key = NULL WHERE id = %s", (person,))
    assert Kind.COMMITMENT in {problem.kind for problem in bench.verify().problems}
    with bench.as_owner() as owner:
        owner.execute("UPDATE subject SET erased_at = now() WHERE id = %s", (person,))
    assert {problem.kind for problem in bench.verify().problems} == {Kind.ERASURE}


def test_verification_does_not_pass_while_the_database_is_away(tmp_path: Path) -> None:
    database = open_database("postgresql://hub@/hub?host=/nowhere")
    signer = LogSigner(tmp_path / "signer.key", origin=ORIGIN)
    with pytest.raises(ServiceUnavailable):
        verify_log(database, vkey=signer.vkey, memory=SignerMemory(tmp_path / "memory.json"))
