"""A real dump put back with PostgreSQL's own tools does not bring an erased person back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner

from referral_hub import cli
from referral_hub.commands import worker
from referral_hub.commands.processes import WebServer
from referral_hub.embedded.postgres import binary_directory
from referral_hub.errors import InvalidInput
from referral_hub.services import work
from referral_hub.services.erase_person import erase_person
from referral_hub.services.find_person import find_person
from referral_hub.services.work import apply_first, sweep_until
from referral_hub.store import erasures
from tests.hub_bench import Bench, NewBench, nhs_number, only

TOOLS = binary_directory()


def run(tool: str, *arguments: str | Path) -> None:
    done = subprocess.run(
        [TOOLS / tool, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def restored(new_bench: NewBench, tmp_path: Path) -> tuple[Bench, UUID]:
    """A hub in whose database last night's dump was put back, after somebody had been erased."""
    bench = new_bench()
    sent = bench.refer(person={"nhs_number": nhs_number(9)})
    bench.deliver()
    person: UUID = bench.one("SELECT subject_id FROM referral WHERE id = %s", sent.referral_id)
    dump = tmp_path / "last-night"
    run("pg_dump", "--format=custom", "--file", dump, bench.url)
    erase_person(bench.hub, bench.staff["surgery-dpo"], person)
    assert gone(bench, person)
    bench.hub.database.dispose()
    run("pg_restore", "--clean", "--if-exists", "--single-transaction", "--dbname", bench.url, dump)
    assert not gone(bench, person)
    return bench, person


def gone(bench: Bench, person: UUID) -> bool:
    row = only(bench.rows("SELECT wrapped_key, erased_at FROM subject WHERE id = %s", person))
    return row["wrapped_key"] is None and row["erased_at"] is not None


def opens_for_nobody(bench: Bench, person: UUID) -> None:
    assert gone(bench, person)
    with bench.hub.database.working() as connection:
        assert erasures.back_again(connection, [person]) == []
    with pytest.raises(InvalidInput):
        find_person(bench.hub, bench.staff["surgery-dpo"], nhs_number=nhs_number(9))


def test_the_command_erases_again_whoever_a_dump_brought_back(
    restored: tuple[Bench, UUID], monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    bench, person = restored
    for name, value in {
        "HUB_DATA": str(bench.directory),
        "HUB_DEMO": "1",
        "DATABASE_URL": bench.url,
        "REDIS_URL": redis_url,
    }.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(cli.hub, ["erasures", "apply"], catch_exceptions=False)
    assert done.output == "1 erasures are in the ledger; 1 people had come back and are erased.\n"
    opens_for_nobody(bench, person)
    again = CliRunner().invoke(cli.hub, ["erasures", "apply"], catch_exceptions=False)
    assert "0 people had come back" in again.output


def test_the_web_server_applies_the_ledger_before_it_serves(
    restored: tuple[Bench, UUID], redis_url: str
) -> None:
    bench, person = restored
    settings = bench.hub.settings.reaching(database_url=bench.url, redis_url=redis_url)
    assert WebServer(settings).load()
    opens_for_nobody(bench, person)


def test_a_worker_delivers_nothing_before_the_ledger_was_applied(
    restored: tuple[Bench, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, person = restored
    ledger = bench.hub.settings.erasure_ledger
    shutil.move(ledger, ledger.with_suffix(".aside"))
    ledger.mkdir()
    drained: list[bool] = []
    rounds = iter(range(100))
    monkeypatch.setattr(work, "SWEEP_SECONDS", 0.0)
    monkeypatch.setattr(work, "drain", lambda *_, **__: drained.append(gone(bench, person)))

    def go_on() -> bool:
        """The ledger can be read again after some rounds, and it all ends after the first drain."""
        if next(rounds) == 5:
            ledger.rmdir()
            shutil.move(ledger.with_suffix(".aside"), ledger)
        return not drained

    sweep_until(bench.hub, go_on)
    assert drained == [True]


def test_a_worker_that_is_told_to_stop_meanwhile_stops(bench: Bench) -> None:
    bench.hub.settings.erasure_ledger.mkdir(parents=True)
    rounds = iter([True, True, False, False])
    assert not apply_first(bench.hub, lambda: next(rounds, False))


def test_the_bell_is_answered_by_no_worker_before_the_ledger_was_applied(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`hub worker` starts nothing at all while the ledger cannot be applied."""
    started: list[str] = []
    monkeypatch.setattr(worker, "apply_first", lambda *_: False)
    monkeypatch.setattr(worker, "answer_with", lambda *_: started.append("bell"))
    monkeypatch.setattr(worker.threading, "Thread", lambda **_: started.append("thread"))
    worker._run(bench.hub, "redis://unused", worker.threading.Event())
    assert started == []


@pytest.mark.parametrize(
    ("named", "by", "outcome"),
    [
        ({"nhs_number": nhs_number(9)}, "nhs_number", "found"),
        ({"nhs_number": nhs_number(10)}, "nhs_number", "not_found"),
        ({"reference": "RH-2222-2222"}, "reference", "not_found"),
    ],
)
def test_each_look_up_of_a_person_is_in_the_log_and_holds_no_number(
    bench: Bench, named: dict[str, str], by: str, outcome: str
) -> None:
    bench.refer(person={"nhs_number": nhs_number(9)})

    def look() -> None:
        find_person(bench.hub, bench.staff["surgery-dpo"], **named)

    if outcome == "found":
        look()
    else:
        with pytest.raises(InvalidInput):
            look()
    row = only(bench.rows("SELECT * FROM log_entry ORDER BY id DESC LIMIT 1"))
    assert (row["type"], row["outcome"]) == ("access", outcome)
    assert f'"by":"{by}"'.encode() in row["entry"]
    assert next(iter(named.values())).encode() not in row["entry"]
    assert bench.verify().ok
