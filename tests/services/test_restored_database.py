"""A database that was put back to an older copy of itself is found out: by the signer's memory, by
the officer's own checkpoint, and by a witness, each alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from referral_hub.audit.findings import Kind
from referral_hub.audit.memory import SignerMemory
from referral_hub.audit.verify import Verification, verify_log
from referral_hub.embedded import Embedded
from referral_hub.errors import LogUnavailable
from referral_hub.services.audit_log import is_doubted, log_state
from referral_hub.services.log_files import read_checkpoint
from referral_hub.services.witnesses import Asked, Asking, ask_witnesses
from tests.hub_bench import Bench, NewBench
from tests.services.witnessing import policy, with_policy, witnessing

OFFICER = "surgery-dpo"
Restore = Callable[[], None]


@pytest.fixture
def kept(new_bench: NewBench, embedded: Embedded) -> Iterator[tuple[Bench, Restore]]:
    """A hub, and a function that puts its whole database back to when this test began."""
    bench = new_bench()
    bench.refer()
    bench.deliver()
    name = str(psycopg.conninfo.conninfo_to_dict(bench.url)["dbname"])
    backup = f"backup_{uuid4().hex[:12]}"

    def copy(source: str, target: str) -> None:
        bench.close()
        with psycopg.connect(embedded.admin_url, autocommit=True) as admin:
            for statement in ("DROP DATABASE IF EXISTS {0} WITH (FORCE)",
                              "CREATE DATABASE {0} OWNER hub TEMPLATE {1}"):  # fmt: skip
                names = sql.Identifier(target), sql.Identifier(source)
                admin.execute(sql.SQL(statement).format(*names))

    copy(name, backup)
    yield bench, lambda: copy(backup, name)
    with psycopg.connect(embedded.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(backup)))


@contextmanager
def memory_lost(bench: Bench) -> Iterator[None]:
    """Whoever restored the database put the signer's memory away too."""
    bench.hub.signer_memory.unlink()
    yield


def verified(bench: Bench, previous: bytes | None = None) -> Verification:
    return verify_log(
        bench.hub.database,
        vkey=bench.hub.log_vkey,
        memory=SignerMemory(bench.hub.signer_memory),
        previous_checkpoint=previous,
    )


def grow(bench: Bench) -> bytes:
    """Let something happen; return the officer's own checkpoint after it."""
    bench.refer()
    bench.deliver()
    return read_checkpoint(bench.hub, bench.staff[OFFICER]).note


def test_the_signer_remembers_and_signs_and_discloses_nothing_more(
    kept: tuple[Bench, Restore],
) -> None:
    bench, restore = kept
    grow(bench)
    restore()
    outcome = verified(bench)
    assert {problem.kind for problem in outcome.problems} >= {Kind.CHECKPOINT}
    bench.refer()
    with pytest.raises(LogUnavailable, match="Run hub verify-log"):
        bench.deliver()


def test_the_officers_own_checkpoint_shows_it_when_the_memory_is_gone_too(
    kept: tuple[Bench, Restore],
) -> None:
    bench, restore = kept
    own = grow(bench)
    restore()
    with memory_lost(bench):
        assert verified(bench).ok
        outcome = verified(bench, own)
    assert {problem.kind for problem in outcome.problems} == {Kind.ROLLED_BACK}
    assert outcome.first_bad == outcome.size


@pytest.mark.parametrize("goes_on", [False, True], ids=["as restored", "grown past it"])
def test_a_witness_shows_it_to_operators_and_officers_when_all_else_is_gone(
    kept: tuple[Bench, Restore], tmp_path: Path, goes_on: bool
) -> None:
    bench, restore = kept
    with witnessing(bench.hub, tmp_path / "one", "one") as one:
        hub = with_policy(bench.hub, policy(bench.hub, {"a": (one.cosigner, one.url)}, "1"))
        grow(bench)
        assert ask_witnesses(hub) == {b"a": Asked.COSIGNED}
        assert not is_doubted(hub, bench.staff[OFFICER])
        restore()
        with memory_lost(bench):
            for _ in range(3 if goes_on else 0):
                grow(bench)
            assert verified(bench).ok
            assert ask_witnesses(hub, Asking()) == {b"a": Asked.OTHER_PAST}
        outcome = verified(bench)
        assert [problem.kind for problem in outcome.problems] == [Kind.WITNESS]
        assert "remembers another past" in outcome.problems[0].message
        assert is_doubted(hub, bench.staff[OFFICER])
        assert log_state(hub, bench.staff[OFFICER]).doubted_since is not None
        assert not is_doubted(hub, bench.staff["gp"])


def test_silence_takes_no_doubt_back_and_a_cosignature_does(
    kept: tuple[Bench, Restore], tmp_path: Path
) -> None:
    bench, restore = kept
    directory = tmp_path / "one"
    with witnessing(bench.hub, directory, "one") as one:
        hub = with_policy(bench.hub, policy(bench.hub, {"a": (one.cosigner, one.url)}, "1"))
        grow(bench)
        ask_witnesses(hub)
        restore()
        with memory_lost(bench):
            ask_witnesses(hub, Asking())
    assert ask_witnesses(hub, Asking()) == {b"a": Asked.ABSENT}
    assert is_doubted(hub, bench.staff[OFFICER])
    (directory / "witness.sqlite3").unlink()  # its people looked, and began anew
    with witnessing(bench.hub, directory, "one") as one:
        hub = with_policy(bench.hub, policy(bench.hub, {"a": (one.cosigner, one.url)}, "1"))
        assert ask_witnesses(hub, Asking()) == {b"a": Asked.COSIGNED}
    assert not is_doubted(hub, bench.staff[OFFICER])
    assert verified(bench).ok
