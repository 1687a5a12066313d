"""If the log cannot be written, nothing is disclosed; when it can again, everything goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest

from referral_hub.audit import integrate
from referral_hub.errors import LogUnavailable, ServiceUnavailable
from referral_hub.services.deliver import drain
from referral_hub.services.release import open_task, view_own
from referral_hub.services.submit_referral import submit_referral
from referral_hub.wiring import without_log_key
from tests.hub_bench import GARDEN, Bench
from tests.services.partners import PartnerSystem

LATER = timedelta(minutes=5)
BROKEN = {
    "its newest checkpoint is not the one that was signed last": (
        "UPDATE log_checkpoint SET size = size + 1000",
        "UPDATE log_checkpoint SET size = size - 1000",
    ),
    "the checkpoints are out of reach": (
        "ALTER TABLE log_checkpoint RENAME TO hidden",
        "ALTER TABLE hidden RENAME TO log_checkpoint",
    ),
    "the tree may not be written": (
        "REVOKE INSERT ON log_tile FROM hub_worker",
        "GRANT INSERT ON log_tile TO hub_worker",
    ),
    "entries may not be numbered": (
        "REVOKE UPDATE (seq) ON log_entry FROM hub_worker",
        "GRANT UPDATE (seq) ON log_entry TO hub_worker",
    ),
}


@contextmanager
def broken(bench: Bench, how: str) -> Iterator[None]:
    wreck, repair = BROKEN[how]
    bench.rows(wreck)
    try:
        yield
    finally:
        bench.rows(repair)


@contextmanager
def holding(bench: Bench, statement: str) -> Iterator[None]:
    """Another session that has done `statement` and does not let go."""
    with psycopg.connect(bench.url) as other:
        other.execute(statement.encode())
        yield
        other.rollback()


def two_on_their_way(bench: Bench) -> None:
    bench.refer(to=("mentors", "council"))
    bench.refer(needs=GARDEN, to=("time_bank",))


def assert_nothing_went(bench: Bench, time_bank: PartnerSystem) -> None:
    assert bench.table("release") == []
    assert time_bank.received == []
    assert {state for _, state in bench.states()} == {"routed"}
    assert {state for _, state, _ in bench.outbox()} == {"due"}


def assert_everything_goes_on(bench: Bench, time_bank: PartnerSystem) -> None:
    bench.clock.forward(LATER)
    bench.deliver()
    assert sorted(bench.states()) == [("mentors", "offered"), ("time_bank", "offered")]
    assert len(time_bank.received) == 1
    assert bench.disclosures_without_entry() == []
    assert bench.verify().ok


@pytest.mark.parametrize("how", BROKEN)
def test_nothing_leaves_while(bench: Bench, time_bank: PartnerSystem, how: str) -> None:
    two_on_their_way(bench)
    with broken(bench, how):
        with pytest.raises(LogUnavailable):
            bench.deliver()
        assert_nothing_went(bench, time_bank)
    assert_everything_goes_on(bench, time_bank)


@pytest.mark.parametrize("how", BROKEN)
def test_nobody_is_shown_anything_while(bench: Bench, how: str) -> None:
    sent = bench.refer(to=("mentors", "council"))
    bench.deliver()
    task_id = bench.tasks()[0]["id"]
    with broken(bench, how):
        for show in (
            lambda: open_task(bench.hub, bench.staff["mentors"], task_id),
            lambda: view_own(bench.hub, bench.staff["gp"], sent.referral_id),
        ):
            with pytest.raises(LogUnavailable):
                show()
    assert open_task(bench.hub, bench.staff["mentors"], task_id).fields
    assert bench.verify().ok


def test_nothing_leaves_while_the_checkpoints_are_locked(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    two_on_their_way(bench)
    with holding(bench, "LOCK TABLE log_checkpoint"):
        with pytest.raises(LogUnavailable):
            bench.deliver()
        assert_nothing_went(bench, time_bank)
    assert_everything_goes_on(bench, time_bank)


def test_a_process_without_the_logs_key_waits_and_then_discloses_nothing(
    bench: Bench, time_bank: PartnerSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrate, "PATIENCE_SECONDS", 0.3)
    two_on_their_way(bench)
    keyless = without_log_key(bench.hub)
    drain(keyless)
    assert_nothing_went(bench, time_bank)
    assert {code for _, _, code in bench.outbox()} == {"LogUnavailable"}
    sent = bench.tasks()[0]["referral_id"]
    with pytest.raises(LogUnavailable, match="so nothing was disclosed"):
        view_own(keyless, bench.staff["gp"], sent)
    assert_everything_goes_on(bench, time_bank)


def test_a_read_only_database_discloses_nothing_and_says_that_it_is_away(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    two_on_their_way(bench)
    name = bench.one("SELECT current_database()::text")
    bench.rows(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    bench.hub.database.dispose()
    with pytest.raises(ServiceUnavailable):
        bench.deliver()
    with pytest.raises(ServiceUnavailable):
        bench.refer()
    with psycopg.connect(bench.url, autocommit=True) as owner:
        owner.execute("SET default_transaction_read_only = off")
        owner.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'.encode())
    bench.hub.database.dispose()
    assert_nothing_went(bench, time_bank)
    assert_everything_goes_on(bench, time_bank)


def test_an_entry_that_cannot_be_appended_stops_the_change_it_belongs_to(bench: Bench) -> None:
    bench.rows("REVOKE INSERT ON log_entry FROM hub_app")
    columns = bench.rows(
        "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = 'log_entry'::regclass"
        " AND attnum > 0 AND attname <> 'seq'"
    )
    listed = ", ".join(row["name"] for row in columns)
    bench.rows(f"REVOKE INSERT ({listed}) ON log_entry FROM hub_app")
    try:
        with pytest.raises(Exception, match="permission denied"):
            bench.refer()
    finally:
        bench.rows(f"GRANT INSERT ({listed}) ON log_entry TO hub_app")
    for table in ("referral", "subject", "sealed_record", "task", "outbox"):
        assert bench.table(table) == [], table


def test_each_disclosure_has_an_entry_of_its_own_that_was_in_the_log_before_it(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    seen: list[int | None] = []
    time_bank.during = lambda: seen.append(
        bench.one("SELECT min(seq) FROM log_entry WHERE type = 'release' AND seq IS NOT NULL")
    )
    two_on_their_way(bench)
    bench.deliver()
    assert seen
    assert seen[0] is not None
    entries = [row["entry_id"] for row in bench.table("release")]
    assert len(entries) == len(set(entries)) == 2
    assert bench.disclosures_without_entry() == []


def test_a_wrapped_key_without_its_entry_cannot_be_stored(bench: Bench) -> None:
    bench.refer()
    bench.deliver()
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        bench.rows("UPDATE release SET entry_id = gen_random_uuid()")
    with pytest.raises(psycopg.errors.NotNullViolation):
        bench.rows("UPDATE release SET entry_id = NULL")


def test_the_hub_without_the_logs_key_still_accepts_and_someone_else_numbers(bench: Bench) -> None:
    keyless = without_log_key(bench.hub)
    submit_referral(keyless, bench.staff["gp"], bench.command())
    assert bench.one("SELECT count(*) FROM log_entry WHERE seq IS NULL") > 0
    bench.deliver()
    assert bench.verify().ok
