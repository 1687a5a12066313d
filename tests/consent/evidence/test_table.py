"""A table proves each of its lines, and one that says something else is refused with its reason."""

import csv
import io
import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.evidence.bundle import BundleError, Failure
from consent.evidence.entry import decode
from consent.evidence.merkle import leaf_hash
from consent.evidence.pins import Pins
from consent.evidence.table import is_table, verify_table
from consent.evidence.verify import main
from tests.consent.evidence.sample_log import Key, SampleLog, witness

LOG = SampleLog(40)
PINS = Pins([LOG.key.verifier])
CHOSEN = (0, 7, 8, 39)
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
            "classes": list(entry.classes),
            "article6": entry.basis.article6 if entry.basis else None,
            "rules": list(entry.rules),
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
        quoted = [f"'{one}" if str(one).startswith("=") else one for one in cells]
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
    assert (found.rows, found.hashes, found.checkpoint.size) == (4, 1, 40)
    told = "\n".join(found.lines())
    assert "lines       4, each in the log; its codes are those of its entry" in told
    assert "1 have only a hash" in told
    assert "limit       which lines stand here, the hub has chosen" in told


def test_the_answer_to_an_access_request_is_a_table_too(put: Callable[[bytes], Path]) -> None:
    assert verify_table(put(as_json(rows(), lines="access_report")), PINS).rows == 4


def of(place: int, **changes: Any) -> Change:
    return lambda found: found[place].update(changes)


CHANGES: dict[str, tuple[Change, Failure]] = {
    "outcome": (of(1, outcome="refuse"), Failure.LINE_OF_OTHER_ENTRY),
    "nothing": (of(1, outcome=None), Failure.LINE_OF_OTHER_ENTRY),
    "reason": (of(1, reason="withdrawn"), Failure.LINE_OF_OTHER_ENTRY),
    "classes": (of(1, classes=["identity"]), Failure.LINE_OF_OTHER_ENTRY),
    "basis": (of(1, article6="a"), Failure.LINE_OF_OTHER_ENTRY),
    "delivery": (of(1, delivery="effect-9"), Failure.LINE_OF_OTHER_ENTRY),
    "time": (of(1, at="2026-03-29T01:30:01+00:00"), Failure.LINE_OF_OTHER_ENTRY),
    "no time": (of(1, at="then"), Failure.LINE_OF_OTHER_ENTRY),
    "naive time": (of(1, at="2026-03-29T01:30:00.123456"), Failure.LINE_OF_OTHER_ENTRY),
    "id": (of(1, entry_id=rows()[0]["entry_id"]), Failure.LINE_OF_OTHER_ENTRY),
    "place": (of(1, index=8), Failure.NOT_INCLUDED),
    "beyond": (of(1, index=40), Failure.NOT_INCLUDED),
    "another's proof": (of(1, proof=rows()[0]["proof"]), Failure.NOT_INCLUDED),
    "another's entry": (of(1, entry=rows()[0]["entry"]), Failure.NOT_INCLUDED),
    "another's hash": (of(2, leaf_hash=rows()[0]["leaf_hash"]), Failure.NOT_INCLUDED),
    "another's line": (
        lambda found: found[1].update(rows()[0] | {"index": 7}),
        Failure.NOT_INCLUDED,
    ),
    "changed entry": (
        lambda found: found[1].update(entry=found[1]["entry"].replace("permit", "refuse")),
        Failure.NOT_INCLUDED,
    ),
    "size": (of(1, tree_size=39), Failure.PROOF_OF_OTHER_CHECKPOINT),
    "root": (of(1, root="0" * 64), Failure.PROOF_OF_OTHER_CHECKPOINT),
    "no base64": (of(1, proof=["§"]), Failure.PROOF_MALFORMED),
    "short hash": (of(1, proof=["AAAA"]), Failure.PROOF_MALFORMED),
    "many hashes": (of(1, proof=["A" * 43 + "="] * 64), Failure.PROOF_MALFORMED),
    "leaf": (of(1, leaf_hash="AB" * 32), Failure.TABLE_MALFORMED),
    "index": (of(1, index="07"), Failure.TABLE_MALFORMED),
    "column": (
        lambda found: [row.update(verdict="all is well") for row in found],
        Failure.TABLE_MALFORMED,
    ),
    "no entries": (lambda found: [row.pop("entry") for row in found], Failure.TABLE_MALFORMED),
    "no lines": (lambda found: found.__delitem__(slice(1, None)), Failure.EMPTY),
}


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("change", [name for name in CHANGES if name != "no lines"])
def test_what_is_changed_is_refused_with_its_reason(
    put: Callable[[bytes], Path], form: str, change: str
) -> None:
    found = rows()
    alter, failure = CHANGES[change]
    alter(found)
    with pytest.raises(BundleError) as refused:
        verify_table(put(WRITERS[form](found)), PINS)
    assert refused.value.kind is failure
    assert refused.value.index == (
        found[1]["index"] if failure.value.startswith("line") else refused.value.index
    )


WHOLE: dict[str, tuple[bytes, Failure]] = {
    "forger": (as_json(rows(), SampleLog(40, Key("forger")).note()), Failure.CHECKPOINT_UNSIGNED),
    "no note": (as_csv(rows()).replace(b"checkpoint", b"note", 1), Failure.CHECKPOINT_MISSING),
    "no note in json": (b'{"entries": []}', Failure.CHECKPOINT_MISSING),
    "no lines": (as_json([]), Failure.EMPTY),
    "no json": (b'{"entries": [', Failure.TABLE_MALFORMED),
    "lines of two kinds": (
        as_json(rows()).replace(b'"summary"', b'"access_report"'),
        Failure.TABLE_MALFORMED,
    ),
    "a key twice": (as_json(rows()).replace(b'"user"', b'"outcome"'), Failure.TABLE_MALFORMED),
    "deep": (b'{"checkpoint": "", "entries": ' + b"[" * 100_000, Failure.TABLE_MALFORMED),
    "no object": (b'{"checkpoint": "", "entries": [1]}', Failure.TABLE_MALFORMED),
    "not UTF-8": (b'{"\xff": 1}', Failure.TABLE_MALFORMED),
    "ragged": (as_csv(rows()) + b"1,2\r\n", Failure.TABLE_MALFORMED),
    "a column twice": (
        as_csv(rows()).replace(b",outcome,", b",type,", 1),
        Failure.TABLE_MALFORMED,
    ),
    "only a head": (b"index,at\r\n", Failure.CHECKPOINT_MISSING),
    "nothing": (b"", Failure.CHECKPOINT_MISSING),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_no_table_of_this_log_is_refused(
    put: Callable[[bytes], Path], name: str
) -> None:
    data, failure = WHOLE[name]
    with pytest.raises(BundleError) as refused:
        verify_table(put(data), PINS)
    assert refused.value.kind is failure


def test_lines_under_several_checkpoints_are_refused(put: Callable[[bytes], Path]) -> None:
    two = as_csv(rows()) + as_csv(rows(), LOG.note(39)).split(b"\r\n", 1)[1]
    with pytest.raises(BundleError) as refused:
        verify_table(put(two), PINS)
    assert refused.value.kind is Failure.PROOF_OF_OTHER_CHECKPOINT


def test_the_witnesses_and_ones_own_checkpoint_count_as_for_a_receipt(
    put: Callable[[bytes], Path],
) -> None:
    one = witness("one")
    pins = Pins([LOG.key.verifier], LOG.note(), [one.verifier], 1)
    with pytest.raises(BundleError) as refused:
        verify_table(put(as_csv(rows())), pins)
    assert refused.value.kind is Failure.WITNESSES_MISSING
    assert verify_table(put(as_csv(rows(), LOG.note(None, one))), pins).compared
    other = SampleLog(39)
    other.extend([LOG.entries[0]])
    with pytest.raises(BundleError) as refused:
        verify_table(put(as_csv(rows(other), other.note())), Pins([LOG.key.verifier], LOG.note()))
    assert refused.value.kind is Failure.INCONSISTENT


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
