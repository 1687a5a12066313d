"""Check that one checkpoint continues another: `python -m consent.evidence.compare OLD NEW PROOF`.

Two signed checkpoints that an officer kept, whenever and from wherever, and the hub's proof that
the larger tree begins with the smaller one (`old <size>` and base64 hashes, a line each, as in C2SP
tlog-witness). Nothing else is believed: both notes must be signed by the pinned keys. So two
officers who compare their checkpoints find out whether they were shown one log or two.

Exit status: 0 the newer continues the older, 1 it does not, 2 not asked properly.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from consent.evidence.bundle import MAX_CONSISTENCY_BYTES, BundleError
from consent.evidence.checkpoint import MAX_NOTE_BYTES, Checkpoint, CheckpointError, Verifier
from consent.evidence.continuation import require_continuation
from consent.evidence.pins import Pins, verify_checkpoint
from consent.evidence.witness_policy import PolicyError, parse_policy


def compare(older: bytes, newer: bytes, proof: bytes, pins: Pins) -> tuple[Checkpoint, Checkpoint]:
    """Return both checkpoints; BundleError where the newer does not continue the older."""
    (old, _), (new, _) = verify_checkpoint(older, pins), verify_checkpoint(newer, pins)
    require_continuation(old, new, proof)
    return old, new


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        policy = parse_policy(asked.witness_policy.read_bytes()) if asked.witness_policy else None
        pins = Pins([Verifier.from_vkey(key) for key in asked.log_key], None, [], 0, policy)
        older, newer = (_read(path, MAX_NOTE_BYTES) for path in (asked.older, asked.newer))
        old, new = compare(older, newer, _read(asked.proof, MAX_CONSISTENCY_BYTES), pins)
    except BundleError as error:
        sys.stdout.write(f"NOT ONE LOG  {error}\n             ({error.kind})\n")
        return 1
    except (CheckpointError, PolicyError, OSError) as error:
        sys.stderr.write(f"cannot compare: {error}\n")
        return 2
    sys.stdout.write(
        f"ONE LOG\nlog         {new.origin}\n"
        f"older       {old.size} entries, root {old.root.hex()}\n"
        f"newer       {new.size} entries, root {new.root.hex()}\n"
        f"proves      the first {old.size} entries of the newer are those of the older\n"
    )
    return 0


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most + 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m consent.evidence.compare",
        description="Check that one checkpoint of a log continues another.",
        epilog="Exit status: 0 it does, 1 it does not, 2 not asked properly.",
    )
    parser.add_argument("older", type=Path, help="the checkpoint of fewer entries")
    parser.add_argument("newer", type=Path, help="the checkpoint of more entries")
    parser.add_argument("proof", type=Path, help="the hub's proof of consistency between them")
    parser.add_argument(
        "--log-key",
        action="append",
        required=True,
        metavar="VKEY",
        help="the log's verifier key, not from the hub; twice where a key rolled over",
    )
    parser.add_argument(
        "--witness-policy",
        type=Path,
        metavar="FILE",
        help="which witnesses must have signed both: a policy file of C2SP",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
