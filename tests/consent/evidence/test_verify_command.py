"""The command that an officer runs, on a machine that has no hub."""

import os
import tracemalloc
from pathlib import Path

import pytest

from consent.evidence.receipt import build_receipt
from consent.evidence.verify import main
from tests.consent.evidence.sample_log import SampleLog, witness
from tests.consent.evidence.tampering import (
    BODY,
    CHOSEN,
    IMPOSTOR,
    LATER,
    LOG,
    OTHER,
    SEEN,
    VKEY,
    Change,
    as_bundle,
    drop,
    edit,
    everywhere,
    files_of,
    pack,
    put,
    swap,
    told_anew,
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
        "openings    20 commitments were made from the values beside them",
        "keys        0 handed out, each by a release entry of its own",
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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            put("entries/8.json", OTHER),
            (
                "entry 8: not this entry at this place in the log: "
                "the proof for index 8 leads to another root (not-included)"
            ),
        ),
        (
            drop("entries/7.json"),
            "entry 7: there is a proof or an opening, but no entry (entry-missing)",
        ),
        (drop("proofs/7.tlog-proof"), "entry 7: there is no proof (proof-missing)"),
        (
            put("proofs/7.tlog-proof", b"x"),
            (
                "entry 7: proof: must begin with c2sp.org/tlog-proof@v1 and end with a checkpoint "
                "(proof-malformed)"
            ),
        ),
        (
            swap("proofs/7.tlog-proof", "proofs/8.tlog-proof"),
            "entry 7: the proof is for another entry (proof-of-other-index)",
        ),
        (
            edit("proofs/7.tlog-proof", b"\n40\n", b"\n41\n"),
            "entry 7: the proof is for another checkpoint (proof-of-other-checkpoint)",
        ),
        (
            put("openings/7.json", b"{}"),
            "entry 7: openings: must be an object, and not empty (opening-malformed)",
        ),
        (
            put("openings/7.json", b'{"subject":1}'),
            "entry 7: openings: each must have salt and value (opening-malformed)",
        ),
        (
            put("openings/7.json", b'{"subject":{"salt":"","value":""}}'),
            "entry 7: openings: salt must be 64 hex digits, value a text (opening-malformed)",
        ),
        (
            swap("openings/7.json", "openings/8.json"),
            "entry 7: an opening is not what was committed to (opening-mismatch)",
        ),
        (drop("checkpoint"), "there is no checkpoint (checkpoint-missing)"),
        (
            put("checkpoint", b"x"),
            (
                "checkpoint: note: must be a text, a blank line and signature lines "
                "(checkpoint-malformed)"
            ),
        ),
        (
            everywhere(IMPOSTOR.sign(BODY)),
            "checkpoint: note: not signed by any key that was given (checkpoint-unsigned)",
        ),
        (
            edit("checkpoint", b"\n40\n", b"\n41\n"),
            (
                "checkpoint: a signature in the name of log.example.org/town does not verify "
                "(checkpoint-forged)"
            ),
        ),
        (
            everywhere(LOG.key.sign(BODY.replace(b"town", b"city"))),
            "checkpoint: of another log (checkpoint-origin)",
        ),
        (
            as_bundle(SampleLog(19)),
            "checkpoint: 19 entries, but you have seen 20 (stale)",
        ),
        (
            as_bundle(told_anew()),
            (
                "the log you saw at 20 was rewritten: "
                "the proof does not lead to the root of size 20 (inconsistent)"
            ),
        ),
        (
            drop("consistency"),
            "no proof of consistency from your 20 (consistency-missing)",
        ),
        (
            put("consistency", b"old 19\n"),
            "the proof is from 19, not your 20 (consistency-missing)",
        ),
        (
            put("consistency", b"new 20\n"),
            "consistency: must be lines, the first `old <size>` (consistency-malformed)",
        ),
        (
            put("consistency", b"old 20\nAAAA\n"),
            "consistency: a hash is not 32 bytes (consistency-malformed)",
        ),
        (
            put("consistency", b"old 20\nA\n"),
            "consistency: hash: not base64 (consistency-malformed)",
        ),
        (put("notes", b""), "a file that the format does not know (unexpected-file)"),
    ],
)
def test_the_command_says_exactly_what_is_wrong(desk: Desk, change: Change, said: str) -> None:
    files = files_of(desk.bundle)
    change(files)
    pack(desk.bundle, files)
    desk.own.write_bytes(LOG.note(SEEN))
    status, out, err = desk.run("--previous", desk.own)
    assert (status, err) == (1, "")
    assert " ".join(out.split()) == f"NOT VERIFIED {said}"


def test_the_command_says_when_nothing_was_there_to_verify(desk: Desk) -> None:
    LOG.bundle(desk.bundle, [])
    status, out, _ = desk.run()
    assert status == 1
    assert "there is no entry, and no checkpoint of yours\n              (empty)\n" in out


def test_the_command_says_which_entry_is_left_out_when_asked(desk: Desk) -> None:
    status, out, _ = desk.run("--complete")
    assert status == 1
    assert out == "NOT VERIFIED  entry 0: left out of the bundle\n              (incomplete)\n"
    LOG.bundle(desk.bundle, range(40))
    status, out, _ = desk.run("--complete")
    assert status == 0
    assert "entries     40, each in the log and unaltered; none is left out\n" in out


HELP = """
usage: python -m consent.evidence.verify [-h] --log-key VKEY [--previous CHECKPOINT]
[--save CHECKPOINT] [--complete] [--witness VKEY] [--quorum N]
[--witness-policy FILE] bundle
Check evidence without trusting the hub that made it.
positional arguments: bundle the ZIP or the directory it was unpacked to, a receipt, a certificate
of erasure, or a table (CSV, JSON)
options: -h, --help show this help message and exit
--log-key VKEY the log's verifier key, not from the hub; twice while a key rolls over
--previous CHECKPOINT your own last checkpoint
--save CHECKPOINT keep the verified checkpoint here
--complete fail when an entry since your last checkpoint (or the start) is left out
--witness VKEY a witness's key
--quorum N how many witnesses must have signed
--witness-policy FILE which witnesses must have signed: a policy file of C2SP
Exit status: 0 verified, 1 not verified, 2 not asked properly.
"""


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    assert capsys.readouterr().out.split() == HELP.split()


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


def test_a_checkpoint_that_cannot_be_replaced_in_one_step_is_left_as_it_was(desk: Desk) -> None:
    desk.own.write_bytes(LOG.note(SEEN))
    (desk.folder / "mine.new").mkdir()
    status, out, err = desk.run("--previous", desk.own, "--save", desk.own)
    assert (status, out) == (2, "")
    assert err.startswith("cannot verify: ")
    assert desk.own.read_bytes() == LOG.note(SEEN)


def test_the_command_never_replaces_a_checkpoint_that_it_was_not_checked_against(
    desk: Desk,
) -> None:
    desk.own.write_bytes(LOG.note(SEEN))
    status, out, err = desk.run("--save", desk.own)
    assert (status, out) == (2, "")
    assert err == "cannot verify: --save: this file exists; name it as --previous too\n"
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
    assert err == "cannot verify: vkey: must be <name>+<8 hex digits>+<base64>\n"
    status, out, err = desk.run("--previous", desk.own)
    assert (status, out) == (2, "")
    assert err == (
        f"cannot verify: [Errno 2] No such file or directory: '{desk.own}'\n"
        "The first time there is none yet: leave --previous out.\n"
    )
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


def test_the_command_reads_no_more_of_a_receipt_than_one_can_have(desk: Desk) -> None:
    desk.bundle.write_bytes(b"c2sp.org/tlog-proof@v1\nindex 0\n\n")
    os.truncate(desk.bundle, 2**26)
    tracemalloc.start()
    status, out, err = desk.run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (status, err) == (1, "")
    said = "NOT VERIFIED proof: longer than 655360 bytes (proof-malformed)"
    assert " ".join(out.split()) == said
    assert peak < 8 * 2**20


def test_the_command_keeps_no_checkpoint_that_is_not_shown_to_continue_ones_own(
    desk: Desk,
) -> None:
    proof = LOG.tiles.inclusion_proof(7, 40)
    desk.bundle.write_bytes(build_receipt(7, LOG.entries[7], proof, LOG.note()))
    desk.own.write_bytes(LOG.note(SEEN))
    status, out, err = desk.run("--previous", desk.own, "--save", desk.own)
    assert (status, out) == (2, "")
    assert err == (
        "cannot verify: --save: this file does not show that its checkpoint continues yours, "
        "which is kept; an evidence bundle does\n"
    )
    assert desk.own.read_bytes() == LOG.note(SEEN)


def test_the_command_takes_a_bundle_only_as_complete(desk: Desk) -> None:
    for start in (b"c2sp.org/tlog-proof@v1\n", b"Certificate of erasure\n"):
        desk.bundle.write_bytes(start)
        said = "cannot verify: --complete: only an evidence bundle can be\n"
        assert desk.run("--complete") == (2, "", said)


@pytest.mark.parametrize("arguments", [[], ["bundle.zip"], ["--log-key", VKEY], ["x", "--what"]])
def test_the_command_is_refused_without_a_bundle_or_a_key(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage" in capsys.readouterr().err
