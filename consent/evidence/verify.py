"""Check evidence on a machine without a hub: `python -m consent.evidence.verify FILE`.

A bundle, a receipt, the certificate of an erasure, or a table that was taken away.

The verifier is what an attacker must fool, so what it trusts is pinned by the officer and never
taken from the bundle: the log's key and origin, the officer's own last checkpoint, and, where
agencies run them, the witnesses' keys. It follows numbered steps and stops at the first that fails,
naming the first bad entry. The limits, which it also prints: a bundle shows that its entries are
in the log and unaltered; it shows that none is left out only with `--complete`; and no log can show
what was never written to it.

Exit status: 0 verified, 1 not verified, 2 not asked properly (arguments, unreadable files).
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from consent.evidence.bundle import Bundle, BundleError, Failure, Opening, open_bundle
from consent.evidence.canonical import parse_canonical
from consent.evidence.checkpoint import (
    Checkpoint,
    CheckpointError,
    Signer,
    Verifier,
)
from consent.evidence.continuation import require_continuation
from consent.evidence.entry import COMMITMENT_LABEL, Entry, EntryError, EntryType, decode, opens
from consent.evidence.errors import EvidenceError
from consent.evidence.merkle import ProofError, leaf_hash, verify_inclusion
from consent.evidence.pins import Pins, signed_lines, verify_checkpoint
from consent.evidence.proof import MAX_PROOF_BYTES, ProofFileError, parse_proof
from consent.evidence.receipt import VerifiedReceipt, is_receipt, verify_receipt
from consent.evidence.replay import Problem, Replay, verify_entries
from consent.evidence.table import VerifiedTable, is_table, verify_table
from consent.evidence.witness_policy import PolicyError, parse_policy
from consent.evidence.wrapped import Kept, check_wrapped, is_release

__all__ = [
    "Pins",
    "Problem",
    "Replay",
    "Report",
    "main",
    "verify_bundle",
    "verify_checkpoint",
    "verify_entries",
    "verify_pinned",
]

_SALT = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified. `note` is the signed checkpoint, for the officer to keep.

    `complete`: no entry from the officer's last checkpoint on (or from 0) is left out.
    """

    note: bytes
    checkpoint: Checkpoint
    signers: Sequence[Signer]
    previous: Checkpoint | None
    entries: int
    types: Mapping[EntryType, int]
    openings: int
    complete: bool
    kept: Kept

    @property
    def compared(self) -> bool:
        """Whether the checkpoint is proved to continue the officer's own."""
        return self.previous is not None

    def lines(self) -> Iterator[str]:
        """Yield the report in words, a line each."""
        head = self.checkpoint
        yield from signed_lines(head, self.signers)
        if self.previous is None:
            yield "since       no earlier checkpoint was given, so a rewritten past would not show"
        else:
            yield f"since       your checkpoint of {self.previous.size} entries: none was changed"
        since = "" if self.previous is None else " since your checkpoint"
        whole = f"none{since} is left out" if self.complete else "which ones, the hub has chosen"
        yield f"entries     {self.entries}, each in the log and unaltered; {whole}"
        for kind, count in sorted(self.types.items()):
            yield f"            {count} {kind}"
        yield f"openings    {self.openings} commitments were made from the values beside them"
        yield self.kept.line()
        yield "limit       what was never written to the log cannot show here"


def verify_bundle(
    path: Path, *, log_keys: Sequence[str], previous: bytes | None = None, complete: bool = False
) -> Report:
    """Verify a ZIP or a directory by vkeys and the officer's own last checkpoint (signed note).

    BundleError names the kind of failure and the first bad index. With `complete`, every entry
    from `previous` on (from 0 without one) must be there.
    """
    pins = Pins([Verifier.from_vkey(key) for key in log_keys], previous)
    return verify_pinned(path, pins, complete=complete)


def verify_pinned(path: Path, pins: Pins, *, complete: bool = False) -> Report:
    """Verify a bundle against `pins`, in steps; see `verify_bundle`."""
    # 1. The officer's own checkpoint is whole and signed by the pinned log.
    known = pins.last_seen()
    # 2. The bundle holds the files that the format names, and no others.
    with open_bundle(path) as bundle:
        # 3. Its checkpoint is signed by the pinned log, and by enough witnesses.
        if "checkpoint" not in bundle.plain:
            raise BundleError(Failure.CHECKPOINT_MISSING, "there is no checkpoint")
        note = bundle.read("checkpoint")
        head, signers = verify_checkpoint(note, pins)
        # 4. It continues the officer's own: nothing that was there is changed or removed.
        if known is not None:
            given = "consistency" in bundle.plain
            require_continuation(known, head, bundle.read("consistency") if given else None)
        elif not bundle.all_indexes():
            raise BundleError(Failure.EMPTY, "there is no entry, and no checkpoint of yours")
        # 5. Each entry is well formed, no file stands alone, each proof leads to this root.
        # 6. Each opening is what its entry committed to.
        # 7. Each key that was wrapped for a recipient has a release entry of its own.
        # 8. Where asked for, no entry is left out.
        due = known.size if known is not None else 0
        releases: dict[int, Entry] = {}
        types: Counter[EntryType] = Counter()
        openings = 0
        for index in bundle.all_indexes():
            if complete and due < index:
                break
            entry = _require_entry(bundle, index, note=note, head=head)
            openings += _require_openings(bundle, index, entry)
            types[entry.type] += 1
            if is_release(entry):
                releases[index] = entry
            due += index == due
        if complete and due < head.size:
            raise BundleError(Failure.INCOMPLETE, "left out of the bundle", index=due)
        kept = check_wrapped(bundle, releases)
    return Report(
        note=note,
        checkpoint=head,
        signers=signers,
        previous=known,
        entries=types.total(),
        types=types,
        openings=openings,
        complete=due == head.size,
        kept=kept,
    )


def _require_entry(bundle: Bundle, index: int, *, note: bytes, head: Checkpoint) -> Entry:
    def refuse(kind: Failure, message: str) -> NoReturn:
        raise BundleError(kind, message, index=index) from None

    if index not in bundle.indexes["entries"]:
        refuse(Failure.ENTRY_MISSING, "there is a proof or an opening, but no entry")
    if index not in bundle.indexes["proofs"]:
        refuse(Failure.PROOF_MISSING, "there is no proof")
    data = bundle.read("entries", index)
    try:
        proof = parse_proof(bundle.read("proofs", index))
        if proof.index != index:
            refuse(Failure.PROOF_OF_OTHER_INDEX, "the proof is for another entry")
        if proof.checkpoint != note:
            refuse(Failure.PROOF_OF_OTHER_CHECKPOINT, "the proof is for another checkpoint")
        verify_inclusion(index, head.size, leaf=leaf_hash(data), proof=proof.hashes, root=head.root)
        return decode(data)
    except ProofFileError as error:
        refuse(Failure.PROOF_MALFORMED, str(error))
    except ProofError as error:
        refuse(Failure.NOT_INCLUDED, f"not this entry at this place in the log: {error}")
    except EntryError as error:
        refuse(Failure.ENTRY_MALFORMED, str(error))


def _require_openings(bundle: Bundle, index: int, entry: Entry) -> int:
    if index not in bundle.indexes["openings"]:
        return 0
    try:
        found = _parse_openings(bundle.read("openings", index))
    except BundleError:
        raise
    except EvidenceError as error:
        raise BundleError(Failure.OPENING_MALFORMED, f"openings: {error}", index=index) from None
    for field, opening in found.items():
        commitment = entry.commitments.get(field)
        if commitment is None or not opens(
            commitment, COMMITMENT_LABEL, field=field, salt=opening.salt, value=opening.value
        ):
            raise BundleError(
                Failure.OPENING_MISMATCH, "an opening is not what was committed to", index=index
            )
    return len(found)


def _parse_openings(data: bytes) -> Mapping[str, Opening]:
    found = parse_canonical(data)
    if not isinstance(found, dict) or not found:
        raise EvidenceError("must be an object, and not empty")
    for opening in found.values():
        if not isinstance(opening, dict) or opening.keys() != {"salt", "value"}:
            raise EvidenceError("each must have salt and value")
        salt, value = opening["salt"], opening["value"]
        if not isinstance(value, str) or not isinstance(salt, str) or not _SALT.fullmatch(salt):
            raise EvidenceError("salt must be 64 hex digits, value a text")
    return {
        name: Opening(bytes.fromhex(opening["salt"]), opening["value"].encode("utf-8"))
        for name, opening in found.items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        pins = Pins(
            [Verifier.from_vkey(key) for key in asked.log_key],
            asked.previous.read_bytes() if asked.previous else None,
            [Verifier.from_vkey(key) for key in asked.witness],
            asked.quorum,
            parse_policy(asked.witness_policy.read_bytes()) if asked.witness_policy else None,
        )
        pins.last_seen()
        if asked.save and asked.save.exists() and asked.save != asked.previous:
            raise CheckpointError("--save: this file exists; name it as --previous too")
        report = _verify(asked.bundle, pins, complete=asked.complete)
        if asked.save and asked.previous and not report.compared:
            raise CheckpointError(
                "--save: this file does not show that its checkpoint continues yours, which is"
                " kept; an evidence bundle does"
            )
        if asked.save:
            _save(asked.save, report.note)
    except BundleError as error:
        sys.stdout.write(f"NOT VERIFIED  {error}\n              ({error.kind})\n")
        return 1
    except (CheckpointError, PolicyError, OSError) as error:
        sys.stderr.write(f"cannot verify: {error}\n")
        if asked.previous and not asked.previous.exists():
            sys.stderr.write("The first time there is none yet: leave --previous out.\n")
        return 2
    sys.stdout.write("VERIFIED\n" + "".join(f"{line}\n" for line in report.lines()))
    return 0


def _verify(path: Path, pins: Pins, *, complete: bool) -> Report | VerifiedReceipt | VerifiedTable:
    """Verify a bundle, a receipt or a table, whichever it is."""
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(MAX_PROOF_BYTES + 1)
        if complete and (is_receipt(start) or is_table(start)):
            raise CheckpointError("--complete: only an evidence bundle can be")
        if is_receipt(start):
            return verify_receipt(start, pins)
        if is_table(start):
            return verify_table(path, pins)
    return verify_pinned(path, pins, complete=complete)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m consent.evidence.verify",
        description="Check evidence without trusting the hub that made it.",
        epilog="Exit status: 0 verified, 1 not verified, 2 not asked properly.",
    )
    parser.add_argument(
        "bundle",
        type=Path,
        help="the ZIP or the directory it was unpacked to, a receipt, a certificate of erasure, or"
        " a table (CSV, JSON)",
    )
    parser.add_argument(
        "--log-key",
        action="append",
        required=True,
        metavar="VKEY",
        help="the log's verifier key, not from the hub; twice while a key rolls over",
    )
    parser.add_argument(
        "--previous", type=Path, metavar="CHECKPOINT", help="your own last checkpoint"
    )
    parser.add_argument(
        "--save", type=Path, metavar="CHECKPOINT", help="keep the verified checkpoint here"
    )
    parser.add_argument(
        "--complete",
        action="store_true",
        help="fail when an entry since your last checkpoint (or the start) is left out",
    )
    parser.add_argument(
        "--witness", action="append", default=[], metavar="VKEY", help="a witness's key"
    )
    parser.add_argument(
        "--quorum", type=int, default=0, metavar="N", help="how many witnesses must have signed"
    )
    parser.add_argument(
        "--witness-policy",
        type=Path,
        metavar="FILE",
        help="which witnesses must have signed: a policy file of C2SP",
    )
    return parser


def _save(path: Path, note: bytes) -> None:
    """Replace the officer's checkpoint in one step, so that a crash leaves the old or the new."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(note)
    fresh.replace(path)


if __name__ == "__main__":
    raise SystemExit(main())
