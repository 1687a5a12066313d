"""The command that an officer runs, on a machine that has no hub."""

from pathlib import Path

import pytest

from consent.evidence.verify import main
from tests.consent.evidence.sample_log import witness
from tests.consent.evidence.tampering import (
    BODY,
    CHOSEN,
    IMPOSTOR,
    LATER,
    LOG,
    OTHER,
    SEEN,
    VKEY,
    files_of,
    pack,
)


class Desk:
    """An officer at a command line."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.bundle = LOG.bundle(folder / "bundle.zip", CHOSEN, previous=SEEN)
        self.own = folder / "mine"

    def run(self, *arguments: object, key: str = VKEY) -> tuple[int, str, str]:
        status = main([str(self.bundle), "--log-key", key, *map(str, arguments)])
        said = self._capsys.readouterr()
        return status, said.out, said.err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_the_command_says_what_was_verified_and_what_it_cannot_know(desk: Desk) -> None:
    status, out, err = desk.run()
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "VERIFIED",
        f"log         {LOG.key.verifier.name}",
        f"checkpoint  40 entries, root {LOG.checkpoint().root.hex()}",
        f"signed by   {LOG.key.verifier.name}, key {LOG.key.verifier.key_id.hex()}",
        "since       no earlier checkpoint was given, so a rewritten past would not show",
        "entries     4, each in the log and unaltered; which ones, the hub has chosen",
        "            1 access",
        "            1 key",
        "            2 override",
        "openings    16 commitments were made from the values beside them",
        "limit       what was never written to the log cannot show here",
    ]


def test_the_command_names_the_first_bad_entry_and_why(desk: Desk) -> None:
    files = files_of(desk.bundle) | {"entries/8.json": OTHER}
    pack(desk.bundle, files)
    status, out, err = desk.run()
    assert (status, err) == (1, "")
    first, second = out.splitlines()
    assert first.startswith("NOT VERIFIED  entry 8: not this entry at this place in the log")
    assert second.strip() == "(not-included)"


def test_the_command_keeps_the_verified_checkpoint_and_goes_on_from_it(desk: Desk) -> None:
    assert desk.run("--save", desk.own)[0] == 0
    assert desk.own.read_bytes() == LOG.note()
    assert [path.name for path in desk.folder.iterdir() if path.name.endswith(".new")] == []
    LATER.bundle(desk.bundle, range(40, 41), previous=40)
    status, out, _ = desk.run("--previous", desk.own, "--save", desk.own, "--complete")
    assert status == 0
    assert "your checkpoint of 40 entries: none was changed" in out
    assert "none since your checkpoint is left out" in out
    assert desk.own.read_bytes() == LATER.note()


def test_the_command_never_replaces_a_checkpoint_that_it_was_not_checked_against(
    desk: Desk,
) -> None:
    desk.own.write_bytes(LOG.note(SEEN))
    status, out, err = desk.run("--save", desk.own)
    assert (status, out) == (2, "")
    assert "--previous" in err
    assert desk.own.read_bytes() == LOG.note(SEEN)


def test_the_command_keeps_nothing_that_did_not_verify(desk: Desk) -> None:
    pack(desk.bundle, files_of(desk.bundle) | {"entries/8.json": OTHER})
    desk.own.write_bytes(LOG.note(SEEN))
    assert desk.run("--save", desk.folder / "fresh")[0] == 1
    assert not (desk.folder / "fresh").exists()
    assert desk.run("--previous", desk.own, "--save", desk.own)[0] == 1
    assert desk.own.read_bytes() == LOG.note(SEEN)


def test_the_command_tells_a_wrong_question_from_a_wrong_bundle(desk: Desk) -> None:
    status, out, err = desk.run(key="nonsense")
    assert (status, out) == (2, "")
    assert err.startswith("cannot verify: vkey")
    assert desk.run("--previous", desk.folder / "nowhere")[0] == 2
    desk.own.write_bytes(IMPOSTOR.sign(BODY))
    status, _, err = desk.run("--previous", desk.own)
    assert status == 2
    assert "your own checkpoint" in err
    assert desk.run("--quorum", "1")[0] == 2
    desk.bundle.unlink()
    assert desk.run()[0] == 2


def test_the_command_counts_witnesses(desk: Desk) -> None:
    assert desk.run("--witness", witness("one").vkey)[0] == 0
    status, out, _ = desk.run("--witness", witness("one").vkey, "--quorum", "1")
    assert status == 1
    assert "0 of the 1 witnesses" in out


@pytest.mark.parametrize("arguments", [[], ["bundle.zip"], ["--log-key", VKEY], ["x", "--what"]])
def test_the_command_is_refused_without_a_bundle_or_a_key(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage" in capsys.readouterr().err
