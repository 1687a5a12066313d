"""One attack on a log and what verification said of it, for the tests and for `make tamper`.

The attacks are those of `tests/tables/log_tampering.csv`; beside them, seeded changes of the files
that officers and agencies keep: bundles and receipts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random  # noqa: TID251 - a seed reproduces a run
from typing import Any

import psycopg

from consent.evidence.bundle import BundleError
from consent.evidence.pins import Pins
from consent.evidence.receipt import build_receipt, verify_receipt
from consent.evidence.verify import verify_bundle
from tests.audit.attacks_beside import ATTACKS, Hand
from tests.audit.log_bench import LogBench, dice
from tests.consent.evidence.tampering import CHOSEN, LOG, SEEN, VKEY, Files, bundle_files, pack

TABLE = Path(__file__).resolve().parents[1] / "tables" / "log_tampering.csv"
with TABLE.open(encoding="utf-8", newline="") as file:
    ROWS = {row["id"]: row for row in csv.DictReader(file)}
KEPT = ("log_entry", "log_opening", "log_tile", "log_checkpoint", "release", "consent_event",
        "task_event")  # fmt: skip
IN_THE_WAY = (
    ("release", "fk_release_entry_id_log_entry"),
    ("release", "uq_release_entry_id"),
    ("log_opening", "fk_log_opening_entry_id_log_entry"),
    ("consent_event", "fk_consent_event_entry_id_log_entry"),
    ("task_event", "fk_task_event_entry_id_log_entry"),
)


@dataclass(frozen=True)
class Tried:
    """What came of one change: why it is not right (None: it is), and what was told."""

    fault: str | None
    told: str


def open_up(bench: LogBench) -> LogBench:
    """Take away the constraints that would stop an owner who can drop them, and keep a copy."""
    with bench.as_owner() as owner:
        for table, constraint in IN_THE_WAY:
            owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        owner.execute("DROP INDEX uq_log_entry_seq")
        for table in KEPT:
            owner.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")  # noqa: S608 - our own names
    return bench


@contextmanager
def put_back_afterwards(bench: LogBench) -> Iterator[psycopg.Connection[Any]]:
    """The attacker's connection; afterwards everything is as it was."""
    memory = bench.memory_path.read_bytes()
    with bench.as_owner() as owner:
        yield owner
    with bench.as_owner() as owner:
        for table in reversed(KEPT):
            owner.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        for table in KEPT:
            owner.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")  # noqa: S608 - our own names
    bench.memory_path.write_bytes(memory)


def attack(bench: LogBench, name: str, seed: str) -> Tried:
    """Carry out one attack of the table, verify, and compare with what the table says."""
    with put_back_afterwards(bench) as owner:
        expected = ATTACKS[name](Hand(bench, owner, dice(seed)))
        owner.commit()
        outcome = bench.verify()
    told = "\n".join(map(str, outcome.problems))
    exact = any(found.exact for found in outcome.problems if found.index == expected)
    fault = None
    if outcome.ok:
        fault = "not detected"
    elif ROWS[name]["kind"] not in {found.kind for found in outcome.problems}:
        fault = f"not called {ROWS[name]['kind']}"
    elif outcome.first_bad != expected:
        fault = f"first bad index {outcome.first_bad}, not {expected}"
    elif ROWS[name]["where"] == "exact" and not exact:
        fault = "the place is not exact"
    elif (ROWS[name]["where"] == "none") != (expected is None):
        fault = "the table says otherwise about the place"
    return Tried(fault, told)


def change_a_bundle(folder: Path, original: Files, thrown: Random) -> Tried:
    """Change a file of a bundle by a byte or more; the entry that it is about must be named."""
    name = thrown.choice(sorted(original))
    files = dict(original) | {name: changed(original[name], thrown)}
    stem = name.rpartition("/")[2].partition(".")[0]
    index = int(stem) if stem.isdigit() else None
    try:
        verify_bundle(pack(folder / "changed.zip", files), log_keys=[VKEY], previous=LOG.note(SEEN))
    except BundleError as error:
        wrong = f"named {error.index}, not {index}" if error.index != index else None
        return Tried(wrong, f"{name}: {error}")
    return Tried("not detected", name)


def change_a_receipt(thrown: Random) -> Tried:
    """Change a receipt by a byte or more; it must not verify any longer."""
    index = thrown.choice(CHOSEN)
    proof = LOG.tiles.inclusion_proof(index, len(LOG.entries))
    data = changed(build_receipt(index, LOG.entries[index], proof, LOG.note()), thrown)
    try:
        verify_receipt(data, Pins([LOG.key.verifier]))
    except BundleError as error:
        return Tried(None, str(error))
    return Tried("not detected", f"receipt {index}")


def changed(data: bytes, thrown: Random) -> bytes:
    """Flip a bit, drop or double some bytes, or put another byte; never the same bytes."""
    at = thrown.randrange(len(data))
    length = thrown.randrange(1, 40)
    other = {
        "flip": data[:at] + bytes((data[at] ^ 1 << thrown.randrange(8),)) + data[at + 1 :],
        "drop": data[:at] + data[at + length :],
        "double": data[:at] + data[at : at + length] * 2 + data[at + length :],
        "cut": data[:at],
        "more": data + data[at : at + length],
    }[thrown.choice(("flip", "flip", "drop", "double", "cut", "more"))]
    return other if other != data else data + b"\0"


def tamper_files(folder: Path, seed: str, count: int) -> Iterator[tuple[str, Tried]]:
    """Yield (what was changed, what came of it) for `count` changes of bundles and receipts."""
    original = bundle_files(folder)
    for number in range(count):
        thrown = dice(f"{seed} files {number}")
        if number % 2:
            yield "bundle", change_a_bundle(folder, original, thrown)
        else:
            yield "receipt", change_a_receipt(thrown)
