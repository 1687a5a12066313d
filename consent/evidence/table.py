"""A table of entries that an officer took away: each line held against its entry and the log.

The search as CSV or JSON, the breach pack and the answer to an access request carry each entry's
exact bytes and its proof beside the words. A line that says something else than its entry is worth
less than none, so every column that the entry holds must say the same, and a column that no table
has is refused. The limits: names and references are the hub's words for numbers that the entry
holds or commits to, and are not checked; a line whose entry is another agency's to read shows only
that something of this hash stands at its place; and only an evidence bundle continues the officer's
own last checkpoint.
"""

import csv
import io
import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from consent.evidence.bundle import BundleError, Failure
from consent.evidence.checkpoint import Checkpoint, Signer
from consent.evidence.entry import Entry, EntryError, decode
from consent.evidence.merkle import HASH_BYTES, ProofError, leaf_hash, verify_inclusion
from consent.evidence.pins import Pins, is_last_seen, signed_lines, verify_checkpoint
from consent.evidence.proof import MAX_HASHES

MAX_TABLE_BYTES = 2**28
MARK = b"\xef\xbb\xbf"
PROVED = frozenset({"index", "leaf_hash", "tree_size", "root", "proof", "entry"})
SAID = frozenset({"at", "type", "entry_id"})
MAY_BE_SAID = frozenset(
    {"outcome", "reason", "purpose", "classes", "fields", "rules", "policy_hash"}
    | {"article6", "article9", "confidentiality", "stage", "channel", "delivery"}
)
WORDS = frozenset(
    {"sender", "recipient", "user", "reference", "person", "when", "who", "about", "why"}
)
ENTRIES, ANSWER = "entries", "access_report"
NO_LINE = "there is no line"

_INDEX = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_NO_INDEX = "index: must be a number without leading zeros"
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_QUOTED = re.compile(r"\A'(?=[=+\-@\t\r\n＝＋－＠])")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VerifiedTable:
    """What a table proved: how many lines, `hashes` of them without their entry's bytes."""

    note: bytes
    checkpoint: Checkpoint
    signers: Sequence[Signer]
    rows: int
    hashes: int
    compared: bool

    def lines(self) -> Iterator[str]:
        """Yield what is proved in words, a line each."""
        head = self.checkpoint
        yield from signed_lines(head, self.signers)
        if self.compared:
            yield "since       your own checkpoint is of this size, and the same"
        yield f"lines       {self.rows}, each in the log; its codes are those of its entry"
        if self.hashes:
            yield f"            {self.hashes} have only a hash: their entry is another agency’s"
        yield "limit       names, references and what stands beside the lines are the hub’s words"
        yield "limit       which lines stand here, the hub has chosen"


def is_table(start: bytes) -> bool:
    """Tell from its first bytes whether a file is meant to be a table."""
    return start.removeprefix(MARK).startswith((b"{", b"index,"))


def verify_table(path: Path, pins: Pins) -> VerifiedTable:
    """Verify a table against what the officer pinned; BundleError says why it does not hold.

    With the officer's own checkpoint, one of another size is no contradiction and is not compared.
    """
    known = pins.last_seen()
    note, rows = _read(path)
    head, signers = verify_checkpoint(note, pins)
    compared = is_last_seen(head, known)
    count = hashes = 0
    for row in rows:
        count += 1
        hashes += not _holds(row, head)
    if not count:
        raise BundleError(Failure.EMPTY, NO_LINE)
    return VerifiedTable(note, head, signers, count, hashes, compared)


def _holds(row: Row, head: Checkpoint) -> bool:
    """Return whether a line has its entry, which says the same; raise where anything differs."""
    index = int(row["index"]) if _INDEX.fullmatch(row["index"]) else _malformed(_NO_INDEX)

    def refuse(kind: Failure, message: str) -> NoReturn:
        raise BundleError(kind, message, index=index) from None

    if (row["tree_size"], row["root"]) != (str(head.size), head.root.hex()):
        refuse(Failure.PROOF_OF_OTHER_CHECKPOINT, "the line is proved by another checkpoint")
    if not _HASH.fullmatch(row["leaf_hash"]):
        refuse(Failure.TABLE_MALFORMED, "leaf_hash: must be 64 hex digits")
    leaf = bytes.fromhex(row["leaf_hash"])
    data = _octets(row["entry"])
    if data and leaf_hash(data) != leaf:
        refuse(Failure.NOT_INCLUDED, "the entry beside the line is not the one of its hash")
    try:
        verify_inclusion(index, head.size, leaf=leaf, proof=_proof(row["proof"]), root=head.root)
        entry = decode(data) if data else None
    except ProofError as error:
        refuse(Failure.NOT_INCLUDED, f"not this entry at this place in the log: {error}")
    except EntryError as error:
        refuse(Failure.ENTRY_MALFORMED, str(error))
    except ValueError:
        refuse(Failure.PROOF_MALFORMED, "proof: must be hashes in base64")
    if entry is not None:
        wrong = [name for name, said in _said(entry).items() if row.get(name, said) != said]
        if wrong or not _same_instant(row["at"], entry.at):
            refuse(Failure.LINE_OF_OTHER_ENTRY, f"{(*wrong, 'at')[0]}: not what its entry says")
    return entry is not None


def _proof(text: str) -> tuple[bytes, ...]:
    hashes = tuple(b64decode(node, validate=True) for node in text.split())
    if len(hashes) > MAX_HASHES or any(len(node) != HASH_BYTES for node in hashes):
        raise ValueError
    return hashes


def _said(entry: Entry) -> Row:
    """What the columns of a line say where it is the line of this entry."""
    basis = entry.basis
    values: Mapping[str, object] = {
        "type": entry.type.value,
        "entry_id": entry.id,
        "outcome": entry.outcome,
        "purpose": entry.purpose,
        "classes": entry.classes,
        "fields": entry.fields,
        "rules": entry.rules,
        "policy_hash": entry.policy_hash,
        "article6": basis.article6 if basis else None,
        "article9": basis.article9 if basis else None,
        "confidentiality": basis.confidentiality if basis else None,
        "reason": entry.details.get("reason"),
        "stage": entry.details.get("stage"),
        "channel": entry.details.get("channel"),
        "delivery": entry.details.get("effect"),
    }
    return {name: _flat(value) for name, value in values.items()}


def _same_instant(text: str, at: datetime) -> bool:
    try:
        return datetime.fromisoformat(text) == at
    except (TypeError, ValueError):
        return False


def _read(path: Path) -> tuple[bytes, Iterator[Row]]:
    """Return the signed note of a table, not verified yet, and its lines."""
    with path.open("rb") as file:
        data = file.read(MAX_TABLE_BYTES + 1)
    if len(data) > MAX_TABLE_BYTES:
        raise BundleError(Failure.TOO_LARGE, f"longer than {MAX_TABLE_BYTES} bytes")
    try:
        text = data.removeprefix(MARK).decode("utf-8")
    except UnicodeDecodeError:
        _malformed("not UTF-8")
    return _json(text) if text.startswith("{") else _csv(text)


def _csv(text: str) -> tuple[bytes, Iterator[Row]]:
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        _malformed("not CSV as it was downloaded")
    names = lines.pop(0) if lines else []
    if any(len(line) != len(names) for line in lines):
        _malformed("a line has more or fewer cells than the first")
    if "checkpoint" not in names:
        raise BundleError(Failure.CHECKPOINT_MISSING, "there is no column with the checkpoint")
    if not lines:
        raise BundleError(Failure.EMPTY, NO_LINE)
    place = names.index("checkpoint")
    notes = {line.pop(place) for line in lines}
    names.pop(place)
    if len(notes) > 1:
        raise BundleError(Failure.PROOF_OF_OTHER_CHECKPOINT, "the lines have several checkpoints")
    try:
        note = b64decode(notes.pop(), validate=True)
    except ValueError:
        raise BundleError(Failure.CHECKPOINT_MALFORMED, "checkpoint: not base64") from None
    _require_columns(names)
    rows = (
        {name: _QUOTED.sub("", cell) for name, cell in zip(names, line, strict=True)}
        for line in lines
    )
    return note, rows


def _json(text: str) -> tuple[bytes, Iterator[Row]]:
    try:
        found = json.loads(text, object_pairs_hook=_unique)
    except BundleError:
        raise
    except (ValueError, RecursionError):
        _malformed("not JSON as it was downloaded")
    if "checkpoint" not in found:
        raise BundleError(Failure.CHECKPOINT_MISSING, "there is no checkpoint")
    if ENTRIES in found and ANSWER in found:
        _malformed("there are lines of two kinds")
    entries = found.get(ENTRIES, found.get(ANSWER))
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        _malformed("there are no lines")
    return _octets(_flat(found["checkpoint"])), (_row(one) for one in entries)


def _octets(text: str) -> bytes:
    """Return a text's bytes; half a character of JSON, which has none, gives what is no UTF-8."""
    return text.encode("utf-8", "surrogatepass")


def _row(found: Mapping[str, Any]) -> Row:
    _require_columns([*found])
    return {name: _flat(value) for name, value in found.items()}


def _require_columns(names: Sequence[str]) -> None:
    given = frozenset(names)
    if len(given) != len(names):
        _malformed("a column stands twice")
    if missing := sorted((PROVED | SAID) - given):
        _malformed(f"the column {missing[0]} is missing")
    if given - PROVED - SAID - MAY_BE_SAID - WORDS:
        _malformed("there is a column that no table of this log has")


def _flat(value: object) -> str:
    """Return a value as a cell says it."""
    if value is None:
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(map(str, value))
    return str(value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _malformed("an object names the same key twice")
    return found


def _malformed(why: str) -> NoReturn:
    raise BundleError(Failure.TABLE_MALFORMED, f"table: {why}")
