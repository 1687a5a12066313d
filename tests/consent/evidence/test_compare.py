"""Any two checkpoints that an officer kept: one log, or two."""

from io import BytesIO
from pathlib import Path

import pytest

from consent.evidence.bundle import MAX_CONSISTENCY_BYTES, Failure, consistency_bytes
from consent.evidence.checkpoint import MAX_NOTE_BYTES, Checkpoint
from consent.evidence.compare import main
from consent.evidence.merkle import EMPTY_ROOT
from tests.consent.evidence.sample_log import Key, SampleLog, witness
from tests.consent.evidence.tampering import told_anew

LOG = SampleLog(40)
ONE = witness("one")
POLICY = f"witness one {ONE.vkey}\nquorum one\n"


class Desk:
    """An officer's folder, and the command run in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capsys = folder, capsys

    def run(
        self, older: bytes, newer: bytes, proof: bytes, *options: str, key: str = LOG.key.vkey
    ) -> tuple[int, str]:
        paths = []
        for name, data in (("older", older), ("newer", newer), ("proof", proof)):
            path = self._folder / name
            path.write_bytes(data)
            paths.append(str(path))
        status = main([*paths, "--log-key", key, *options])
        said = self._capsys.readouterr()
        return status, said.out + said.err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def proof(older: int, newer: int, log: SampleLog = LOG) -> bytes:
    return consistency_bytes(older, log.tiles.consistency_proof(older, newer))


@pytest.mark.parametrize(("older", "newer"), [(1, 2), (1, 40), (7, 33), (32, 40), (39, 40), (9, 9)])
def test_any_two_checkpoints_of_one_log_compare(desk: Desk, older: int, newer: int) -> None:
    status, said = desk.run(LOG.note(older), LOG.note(newer), proof(older, newer))
    assert status == 0
    assert said.splitlines() == [
        "ONE LOG",
        f"log         {LOG.key.verifier.name}",
        f"older       {older} entries, root {LOG.checkpoint(older).root.hex()}",
        f"newer       {newer} entries, root {LOG.checkpoint(newer).root.hex()}",
        f"proves      the first {older} entries of the newer are those of the older",
    ]


def test_every_log_continues_the_empty_one(desk: Desk) -> None:
    empty = Checkpoint(LOG.key.verifier.name, 0, EMPTY_ROOT).body()
    assert desk.run(LOG.key.sign(empty), LOG.note(5), b"")[0] == 0


@pytest.mark.parametrize(
    ("notes", "given", "why"),
    [
        ((LOG.note(20), told_anew().note(40)), proof(20, 40), Failure.INCONSISTENT),
        ((LOG.note(20), told_anew().note(40)), proof(20, 40, told_anew()), Failure.INCONSISTENT),
        ((LOG.note(20), told_anew().note(20)), b"", Failure.INCONSISTENT),
        ((LOG.note(40), LOG.note(20)), proof(20, 40), Failure.STALE),
        ((LOG.note(20), LOG.note(40)), proof(19, 40), Failure.CONSISTENCY_MISSING),
        ((LOG.note(20), LOG.note(40)), proof(20, 39), Failure.INCONSISTENT),
        ((LOG.note(20), LOG.note(40)), b"", Failure.CONSISTENCY_MALFORMED),
        ((LOG.note(20), LOG.note(40)), b"x" * 5_000, Failure.CONSISTENCY_MALFORMED),
        ((LOG.note(20), b"x" * 200_000), proof(20, 40), Failure.CHECKPOINT_MALFORMED),
        ((LOG.note(20), SampleLog(40, Key("forger")).note()), b"", Failure.CHECKPOINT_UNSIGNED),
        ((LOG.note(20), LOG.note(40).replace(b"40", b"41")), b"", Failure.CHECKPOINT_FORGED),
    ],
)
def test_two_logs_or_a_bad_proof_are_told(
    desk: Desk, notes: tuple[bytes, bytes], given: bytes, why: Failure
) -> None:
    status, said = desk.run(*notes, given)
    assert status == 1
    assert said.startswith("NOT ONE LOG  ")
    assert said.endswith(f"\n             ({why})\n")


def test_both_must_have_the_witnesses_of_the_officer_s_own_policy(
    desk: Desk, tmp_path: Path
) -> None:
    policy = tmp_path / "policy"
    policy.write_text(POLICY)
    options = ("--witness-policy", str(policy))
    both = LOG.note(20, ONE), LOG.note(40, ONE)
    assert desk.run(*both, proof(20, 40), *options)[0] == 0
    for notes in ((both[0], LOG.note(40)), (LOG.note(20), both[1])):
        status, said = desk.run(*notes, proof(20, 40), *options)
        assert status == 1
        assert f"({Failure.WITNESSES_MISSING})" in said


def test_what_is_not_asked_properly_is_no_verdict(desk: Desk) -> None:
    status, said = desk.run(LOG.note(1), LOG.note(2), b"", key="not a key")
    assert status == 2
    assert said.startswith("cannot compare: vkey")


def test_no_more_of_a_file_is_read_than_tells_that_it_is_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int | None] = []

    class Endless(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(size)
            return b""

    monkeypatch.setattr(Path, "open", lambda *_: Endless())
    options = ["older", "newer", "proof", "--log-key", LOG.key.vkey]
    assert main(options) == 1
    assert asked == [MAX_NOTE_BYTES + 1, MAX_NOTE_BYTES + 1, MAX_CONSISTENCY_BYTES + 1]


HELP = """
usage: python -m consent.evidence.compare [-h] --log-key VKEY [--witness-policy FILE]
older newer proof
Check that one checkpoint of a log continues another.
positional arguments:
older the checkpoint of fewer entries
newer the checkpoint of more entries
proof the hub's proof of consistency between them
options: -h, --help show this help message and exit
--log-key VKEY the log's verifier key, not from the hub; twice where a key rolled over
--witness-policy FILE which witnesses must have signed both: a policy file of C2SP
Exit status: 0 it does, 1 it does not, 2 not asked properly.
"""


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    assert capsys.readouterr().out.split() == HELP.split()
    with pytest.raises(SystemExit) as left:
        main(["older", "newer", "proof"])
    assert left.value.code == 2
