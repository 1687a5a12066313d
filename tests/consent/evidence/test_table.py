"""A table proves each of its lines, and one that says something else is refused with its reason."""

import csv
import io
import json
import os
import tracemalloc
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.evidence import table as table_module
from consent.evidence.bundle import BundleError, Failure
from consent.evidence.entry import decode, encode
from consent.evidence.merkle import leaf_hash
from consent.evidence.pins import Pins
from consent.evidence.table import is_table, verify_table
from consent.evidence.verify import main
from tests.consent.evidence.sample_log import ORIGIN, Key, SampleLog, make_entry, witness

DETAILS = {"reason": "no-consent", "stage": "offer", "channel": "nhs-mail", "effect": "effect-7"}


def sample() -> SampleLog:
    """A log with a line in which every column says something, and one that has no basis."""
    made = [make_entry(index) for index in range(40)]
    made[7] = make_entry(7, details=DETAILS)
    made[39] = make_entry(39, basis=None)
    log = SampleLog(0)
    log.extend([encode(entry) for entry in made])
    return log


LOG = sample()
PINS = Pins([LOG.key.verifier])
CHOSEN = (0, 7, 8, 17, 39)  # the proof of 17 begins with a +, which a spreadsheet would run
OTHERS = 8

Row = dict[str, Any]
Change = Callable[[list[Row]], object]


def rows(log: SampleLog = LOG) -> list[Row]:
    """Lines as the hub writes them; one without its entry, as for another agency's refusal."""
    size, root = len(log.entries), log.checkpoint().root.hex()
    return [
        {
            "index": index,
            "at": (entry := decode(log.entries[index])).at.isoformat(),
            "type": entry.type.value,
            "outcome": entry.outcome,
            "reason": entry.details.get("reason"),
            "sender": "=Surgery",
            "user": None,
            "purpose": entry.purpose,
            "classes": list(entry.classes),
            "fields": list(entry.fields),
            "article6": entry.basis.article6 if entry.basis else None,
            "article9": entry.basis.article9 if entry.basis else None,
            "confidentiality": entry.basis.confidentiality if entry.basis else None,
            "rules": list(entry.rules),
            "policy_hash": entry.policy_hash,
            "stage": entry.details.get("stage"),
            "channel": entry.details.get("channel"),
            "delivery": entry.details.get("effect"),
            "entry_id": entry.id,
            "leaf_hash": leaf_hash(log.entries[index]).hex(),
            "tree_size": size,
            "root": root,
            "proof": [b64encode(one).decode() for one in log.tiles.inclusion_proof(index, size)],
            "entry": None if index == OTHERS else log.entries[index].decode(),
        }
        for index in CHOSEN
    ]


def as_json(found: list[Row], note: bytes = LOG.note(), lines: str = "entries") -> bytes:
    return json.dumps({"checkpoint": note.decode(), lines: found, "summary": {}}).encode()


def as_csv(found: list[Row], note: bytes = LOG.note()) -> bytes:
    file = io.StringIO(newline="")
    table = csv.writer(file)
    table.writerow([*found[0], "checkpoint"])
    for row in found:
        cells = [" ".join(one) if isinstance(one, list) else one for one in row.values()]
        quoted = [f"'{one}" if str(one).startswith(("=", "+")) else one for one in cells]
        table.writerow([*quoted, b64encode(note).decode()])
    return b"\xef\xbb\xbf" + file.getvalue().encode()


WRITERS = {"csv": as_csv, "json": as_json}


@pytest.fixture
def put(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        path = tmp_path / "table"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("form", WRITERS)
def test_each_line_is_proved_and_says_what_its_entry_says(
    put: Callable[[bytes], Path], form: str
) -> None:
    data = WRITERS[form](rows())
    assert is_table(data)
    found = verify_table(put(data), PINS)
    assert (found.rows, found.hashes, found.checkpoint.size) == (5, 1, 40)
    assert list(found.lines()) == [
        f"log         {ORIGIN}",
        f"checkpoint  40 entries, root {LOG.checkpoint().root.hex()}",
        f"signed by   {ORIGIN}, key {LOG.key.verifier.key_id.hex()}",
        "lines       5, each in the log; its codes are those of its entry",
        "            1 have only a hash: their entry is another agency’s",
        "limit       names, references and what stands beside the lines are the hub’s words",
        "limit       which lines stand here, the hub has chosen",
    ]


def test_a_table_of_whole_entries_says_so_and_what_it_was_compared_with(
    put: Callable[[bytes], Path],
) -> None:
    whole = [row for row in rows() if row["entry"] is not None]
    pins = Pins([LOG.key.verifier], LOG.note())
    assert list(verify_table(put(as_json(whole)), pins).lines())[3:] == [
        "since       your own checkpoint is of this size, and the same",
        "lines       4, each in the log; its codes are those of its entry",
        "limit       names, references and what stands beside the lines are the hub’s words",
        "limit       which lines stand here, the hub has chosen",
    ]
    earlier = Pins([LOG.key.verifier], LOG.note(39))
    assert not verify_table(put(as_json(whole)), earlier).compared


def test_the_answer_to_an_access_request_is_a_table_too(put: Callable[[bytes], Path]) -> None:
    assert verify_table(put(as_json(rows(), lines="access_report")), PINS).rows == 5


def of(place: int, **changes: Any) -> Change:
    return lambda found: found[place].update(changes)


OTHER = Failure.LINE_OF_OTHER_ENTRY
ELSEWHERE = "not this entry at this place in the log: "
ANOTHER_ROOT = f"{ELSEWHERE}the proof for index 7 leads to another root"
ANOTHER_HASH = (Failure.NOT_INCLUDED, 7, "the entry beside the line is not the one of its hash")
ANOTHER_HEAD = (Failure.PROOF_OF_OTHER_CHECKPOINT, 7, "the line is proved by another checkpoint")
NO_PROOF = (Failure.PROOF_MALFORMED, 7, "proof: must be hashes in base64")
NO_INDEX = (Failure.TABLE_MALFORMED, None, "table: index: must be a number without leading zeros")
NO_HASH = (Failure.TABLE_MALFORMED, 7, "leaf_hash: must be 64 hex digits")
THEN = "2026-03-29T01:30:00.123456"
SAID: dict[str, object] = {
    "type": "view",
    "entry_id": rows()[0]["entry_id"],
    "outcome": "refuse",
    "purpose": "research",
    "classes": ["identity"],
    "fields": ["need.needs", "identity.first_name"],
    "rules": [],
    "policy_hash": "b" * 64,
    "article6": "a",
    "article9": "a",
    "confidentiality": None,
    "reason": "withdrawn",
    "stage": "accepted",
    "channel": "mail",
    "delivery": "effect-9",
}

Said = tuple[Failure, int | None, str]
CHANGES: dict[str, tuple[Change, Said]] = {
    name: (of(1, **{name: other}), (OTHER, 7, f"{name}: not what its entry says"))
    for name, other in SAID.items()
} | {
    f"{name} time": (of(1, at=at), (OTHER, 7, "at: not what its entry says"))
    for name, at in {"other": f"{THEN[:-1]}7+00:00", "no": "then", "naive": THEN}.items()
}
CHANGES |= {
    "nothing": (of(1, outcome=None), (OTHER, 7, "outcome: not what its entry says")),
    "two": (of(1, outcome=None, rules=None), (OTHER, 7, "outcome: not what its entry says")),
    "place": (
        of(1, index=8),
        (Failure.NOT_INCLUDED, 8, ANOTHER_ROOT.replace("index 7", "index 8")),
    ),
    "beyond": (
        of(1, index=40),
        (Failure.NOT_INCLUDED, 40, f"{ELSEWHERE}index 40 is not below the tree's size 40"),
    ),
    "another's proof": (of(1, proof=rows()[0]["proof"]), (Failure.NOT_INCLUDED, 7, ANOTHER_ROOT)),
    "another's entry": (of(1, entry=rows()[0]["entry"]), ANOTHER_HASH),
    "another's hash": (
        of(2, leaf_hash=rows()[0]["leaf_hash"]),
        (Failure.NOT_INCLUDED, 8, ANOTHER_ROOT.replace("index 7", "index 8")),
    ),
    "another's line": (
        lambda found: found[1].update(rows()[0] | {"index": 7}),
        (Failure.NOT_INCLUDED, 7, ANOTHER_ROOT),
    ),
    "changed entry": (
        lambda found: found[1].update(entry=found[1]["entry"].replace("permit", "refuse")),
        ANOTHER_HASH,
    ),
    "size": (of(1, tree_size=39), ANOTHER_HEAD),
    "root": (of(1, root="0" * 64), ANOTHER_HEAD),
    "no base64": (of(1, proof=["§"]), NO_PROOF),
    "base64 and more": (of(1, proof=[f"{node}!" for node in rows()[1]["proof"]]), NO_PROOF),
    "short hash": (of(1, proof=["AAAA"]), NO_PROOF),
    "many hashes": (of(1, proof=["A" * 43 + "="] * 64), NO_PROOF),
    "as many hashes as may be": (
        of(1, proof=["A" * 43 + "="] * 63),
        (Failure.NOT_INCLUDED, 7, f"{ELSEWHERE}the inclusion proof is too long"),
    ),
    "leaf": (of(1, leaf_hash="AB" * 32), NO_HASH),
    "short leaf": (of(1, leaf_hash="ab" * 31), NO_HASH),
    "index": (of(1, index="07"), NO_INDEX),
    "no index": (of(1, index=None), NO_INDEX),
    "column": (
        lambda found: [row.update(verdict="all is well") for row in found],
        (Failure.TABLE_MALFORMED, None, "table: there is a column that no table of this log has"),
    ),
    "no entries": (
        lambda found: [row.pop("entry") for row in found],
        (Failure.TABLE_MALFORMED, None, "table: the column entry is missing"),
    ),
    "no proofs and no entries": (
        lambda found: [(row.pop("entry"), row.pop("at")) for row in found],
        (Failure.TABLE_MALFORMED, None, "table: the column at is missing"),
    ),
}


def refusal(path: Path, pins: Pins = PINS) -> Said:
    with pytest.raises(BundleError) as refused:
        verify_table(path, pins)
    error = refused.value
    return error.kind, error.index, str(error).removeprefix(f"entry {error.index}: ")


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_is_refused_with_its_reason(
    put: Callable[[bytes], Path], form: str, change: str
) -> None:
    found = rows()
    alter, said = CHANGES[change]
    alter(found)
    assert refusal(put(WRITERS[form](found))) == said


@pytest.mark.parametrize("form", WRITERS)
def test_what_a_line_does_not_say_and_the_same_instant_elsewhere_is_no_contradiction(
    put: Callable[[bytes], Path], form: str
) -> None:
    found = [
        {name: said for name, said in row.items() if name not in {"outcome", "rules", "user"}}
        | {"at": "2026-03-29T02:30:00.123456+01:00"}
        for row in rows()
    ]
    assert verify_table(put(WRITERS[form](found)), PINS).rows == 5


NO_JSON = "table: not JSON as it was downloaded"
NO_CHECKPOINT = "there is no column with the checkpoint"
NO_NOTE = "checkpoint: note: must be a text, a blank line and signature lines"
WHOLE: dict[str, tuple[bytes, Failure, str]] = {
    "forger": (
        as_json(rows(), SampleLog(40, Key("forger")).note()),
        Failure.CHECKPOINT_UNSIGNED,
        "checkpoint: note: not signed by any key that was given",
    ),
    "no note": (
        as_csv(rows()).replace(b"checkpoint", b"note", 1),
        Failure.CHECKPOINT_MISSING,
        NO_CHECKPOINT,
    ),
    "no note in json": (
        b'{"entries": []}',
        Failure.CHECKPOINT_MISSING,
        "there is no checkpoint",
    ),
    "a note that is none": (
        as_csv(rows()).replace(b64encode(LOG.note()), b"AAAA"),
        Failure.CHECKPOINT_MALFORMED,
        "checkpoint: note: holds a control character other than a newline",
    ),
    "a note that is no base64": (
        as_csv(rows()).replace(b64encode(LOG.note()), b64encode(LOG.note()) + b"!"),
        Failure.CHECKPOINT_MALFORMED,
        "checkpoint: not base64",
    ),
    "a note that is a number": (
        b'{"checkpoint": 7, "entries": []}',
        Failure.CHECKPOINT_MALFORMED,
        NO_NOTE,
    ),
    "a note with half a character": (
        b'{"checkpoint": "\\ud800", "entries": []}',
        Failure.CHECKPOINT_MALFORMED,
        "checkpoint: note: not UTF-8",
    ),
    "no lines": (as_json([]), Failure.EMPTY, "there is no line"),
    "no lines below the head": (
        as_csv(rows()).split(b"\n")[0] + b"\n",
        Failure.EMPTY,
        "there is no line",
    ),
    "no json": (b'{"entries": [', Failure.TABLE_MALFORMED, NO_JSON),
    "lines of two kinds": (
        as_json(rows()).replace(b'"summary"', b'"access_report"'),
        Failure.TABLE_MALFORMED,
        "table: there are lines of two kinds",
    ),
    "a key twice": (
        as_json(rows()).replace(b'"user"', b'"outcome"'),
        Failure.TABLE_MALFORMED,
        "table: an object names the same key twice",
    ),
    "deep": (
        b'{"checkpoint": "", "entries": ' + b"[" * 100_000,
        Failure.TABLE_MALFORMED,
        NO_JSON,
    ),
    "no object": (
        b'{"checkpoint": "", "entries": [1]}',
        Failure.TABLE_MALFORMED,
        "table: there are no lines",
    ),
    "no list": (
        b'{"checkpoint": "", "entries": {}}',
        Failure.TABLE_MALFORMED,
        "table: there are no lines",
    ),
    "neither kind": (b'{"checkpoint": ""}', Failure.TABLE_MALFORMED, "table: there are no lines"),
    "half a character": (
        as_json(rows()).replace(b'"entry": "{', b'"entry": "\\ud800{', 1),
        Failure.NOT_INCLUDED,
        "entry 0: the entry beside the line is not the one of its hash",
    ),
    "not UTF-8": (b'{"\xff": 1}', Failure.TABLE_MALFORMED, "table: not UTF-8"),
    "ragged": (
        as_csv(rows()) + b"1,2\r\n",
        Failure.TABLE_MALFORMED,
        "table: a line has more or fewer cells than the first",
    ),
    "a quote that is not closed": (
        as_csv(rows()) + b'"',
        Failure.TABLE_MALFORMED,
        "table: not CSV as it was downloaded",
    ),
    "a column twice": (
        as_csv(rows()).replace(b",outcome,", b",type,", 1),
        Failure.TABLE_MALFORMED,
        "table: a column stands twice",
    ),
    "only a head": (b"index,at\r\n", Failure.CHECKPOINT_MISSING, NO_CHECKPOINT),
    "nothing": (b"", Failure.CHECKPOINT_MISSING, NO_CHECKPOINT),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_no_table_of_this_log_is_refused(
    put: Callable[[bytes], Path], name: str
) -> None:
    data, failure, said = WHOLE[name]
    with pytest.raises(BundleError) as refused:
        verify_table(put(data), PINS)
    assert (refused.value.kind, str(refused.value)) == (failure, said)


def test_an_entry_that_was_logged_malformed_is_no_line(put: Callable[[bytes], Path]) -> None:
    log = SampleLog(0)
    log.extend([*LOG.entries[:7], b"{}", *LOG.entries[8:]])
    found = rows()
    for row in found:
        proof = log.tiles.inclusion_proof(row["index"], 40)
        row["proof"] = [b64encode(node).decode() for node in proof]
        row["root"] = log.checkpoint().root.hex()
    found[1] |= {"entry": "{}", "leaf_hash": leaf_hash(b"{}").hex()}
    kind, index, said = refusal(put(as_csv(found, log.note())))
    assert (kind, index) == (Failure.ENTRY_MALFORMED, 7)
    assert said.startswith("entry: must have exactly the keys agencies at basis")


def test_a_table_as_long_as_is_allowed_is_read_and_a_longer_one_only_so_far(
    put: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = as_csv(rows())
    monkeypatch.setattr(table_module, "MAX_TABLE_BYTES", len(data))
    path = put(data)
    assert verify_table(path, PINS).rows == 5
    said = f"longer than {len(data)} bytes"
    os.truncate(path, len(data) + 1)
    assert refusal(path) == (Failure.TOO_LARGE, None, said)
    os.truncate(path, 2**26)
    tracemalloc.start()
    assert refusal(path) == (Failure.TOO_LARGE, None, said)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20


def test_lines_under_several_checkpoints_are_refused(put: Callable[[bytes], Path]) -> None:
    two = as_csv(rows()) + as_csv(rows(), LOG.note(39)).split(b"\r\n", 1)[1]
    said = "the lines have several checkpoints"
    assert refusal(put(two)) == (Failure.PROOF_OF_OTHER_CHECKPOINT, None, said)


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_a_table_that_was_saved_with_other_line_ends_verifies_too(
    put: Callable[[bytes], Path], end: bytes
) -> None:
    assert verify_table(put(as_csv(rows()).replace(b"\r\n", end)), PINS).rows == 5


def test_the_witnesses_and_ones_own_checkpoint_count_as_for_a_receipt(
    put: Callable[[bytes], Path],
) -> None:
    one = witness("one")
    pins = Pins([LOG.key.verifier], LOG.note(), [one.verifier], 1)
    said = "checkpoint: signed by 0 of the 1 witnesses asked for"
    assert refusal(put(as_csv(rows())), pins) == (Failure.WITNESSES_MISSING, None, said)
    assert verify_table(put(as_csv(rows(), LOG.note(None, one))), pins).compared
    other = SampleLog(39)
    other.extend([LOG.entries[0]])
    table = put(as_csv(rows(other), other.note()))
    said = "the log you saw at 40 was another one"
    assert refusal(table, Pins([LOG.key.verifier], LOG.note())) == (
        Failure.INCONSISTENT,
        None,
        said,
    )


@given(st.binary(max_size=200), st.sampled_from([b"", b"{", b"index,", b'{"checkpoint":"']))
def test_no_bytes_make_it_fail_otherwise(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-table"
    path.write_bytes(start + data)
    with pytest.raises(BundleError):
        verify_table(path, PINS)


def test_the_command_takes_a_table_and_keeps_ones_checkpoint_where_nothing_continues_it(
    put: Callable[[bytes], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, own = put(as_csv(rows())), tmp_path / "mine"
    key = ["--log-key", LOG.key.vkey]
    assert main([str(path), *key, "--previous", str(own), "--save", str(own)]) == 2
    assert "The first time there is none yet: leave --previous out." in capsys.readouterr().err
    assert main([str(path), *key, "--complete"]) == 2
    assert main([str(path), *key, "--save", str(own)]) == 0
    assert capsys.readouterr().out.startswith("VERIFIED\n")
    own.write_bytes(LOG.note(39))
    assert main([str(path), *key, "--previous", str(own), "--save", str(own)]) == 2
    assert "does not show that its checkpoint continues yours" in capsys.readouterr().err
    assert own.read_bytes() == LOG.note(39)
    assert main([str(path), *key, "--previous", str(own)]) == 0
