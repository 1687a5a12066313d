"""The log's keys roll over: which file there is, who signs, and what another process notices."""

from collections.abc import Callable
from pathlib import Path

import pytest

from consent.evidence.checkpoint import Checkpoint, UntrustedNote, Verifier, verify_note
from referral_hub.crypto import keyfiles
from referral_hub.crypto.log_signer import LogSigner
from referral_hub.errors import Conflict, CryptoError, KeyUnavailable

ORIGIN = "hub.example/log"
BODY = Checkpoint(ORIGIN, 7, bytes(range(32))).body()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "log.key"


@pytest.fixture
def signer(path: Path) -> LogSigner:
    return LogSigner(path, origin=ORIGIN)


def files(path: Path) -> list[str]:
    return sorted(found.name for found in path.parent.iterdir())


def signed_by(note: bytes, *vkeys: str) -> list[str]:
    """Those of `vkeys` that verify the note, each asked alone."""
    good = []
    for vkey in vkeys:
        try:
            verify_note(note, [Verifier.from_vkey(vkey)])
        except UntrustedNote:
            continue
        good.append(vkey)
    return good


def test_a_second_key_signs_beside_the_first(signer: LogSigner, path: Path) -> None:
    first = signer.vkey
    second = signer.add_key()
    assert files(path) == ["log-2.key", "log.key"]
    assert path.with_name("log-2.key").stat().st_mode & 0o777 == 0o600
    assert path.with_name("log-2.key").stat().st_size == 32
    assert (signer.vkey, signer.vkeys, signer.retired) == (second, (second, first), ())
    note = signer.sign_checkpoint(BODY)
    assert signed_by(note, first, second) == [first, second]
    assert note.startswith(BODY + b"\n")
    lines = note.removeprefix(BODY + b"\n").decode().splitlines()
    assert [line.rpartition(" ")[0] for line in lines] == [f"— {ORIGIN}"] * 2
    assert len(set(lines)) == 2


def test_retiring_removes_the_older_secret_and_keeps_what_verifies_it(
    signer: LogSigner, path: Path
) -> None:
    first, second = signer.vkey, signer.add_key()
    assert signer.retire_key() == first
    assert files(path) == ["log-2.key", "log.pub"]
    assert path.with_suffix(".pub").read_text() == f"{first}\n"
    assert (signer.vkeys, signer.retired) == ((second,), (first,))
    assert signed_by(signer.sign_checkpoint(BODY), first, second) == [second]


def test_keys_roll_over_again_and_again_and_a_restart_finds_them(
    signer: LogSigner, path: Path
) -> None:
    made = [signer.vkey]
    for _ in range(3):
        made.append(signer.add_key())
        signer.retire_key()
    assert files(path) == ["log-2.pub", "log-3.pub", "log-4.key", "log.pub"]
    for one in (signer, LogSigner(path, origin=ORIGIN)):
        assert one.vkeys == (made[3],)
        assert one.retired == (made[2], made[1], made[0])
        assert signed_by(one.sign_checkpoint(BODY), *made) == [made[3]]
    assert files(path) == ["log-2.pub", "log-3.pub", "log-4.key", "log.pub"]


def test_a_third_key_waits_for_the_second_to_stand_alone(signer: LogSigner, path: Path) -> None:
    signer.add_key()
    before = files(path)
    with pytest.raises(Conflict) as refused:
        signer.add_key()
    assert str(refused.value) == (
        "A key of the log rolls over already; finish that first (--finish)."
    )
    assert files(path) == before


def test_the_only_key_is_not_retired(signer: LogSigner, path: Path) -> None:
    with pytest.raises(Conflict) as refused:
        signer.retire_key()
    assert str(refused.value) == (
        "The log has one key; make a new one first (hub rotate-keys --log)."
    )
    assert files(path) == ["log.key"]
    assert signer.sign_checkpoint(BODY)


Step = Callable[[LogSigner], str]
STEPS: dict[str, tuple[list[Step], list[Step], list[int]]] = {
    # what was done before this process started, what another does then, which keys sign after it
    "a key is added": ([], [LogSigner.add_key], [0, 1]),
    "the older is retired": ([LogSigner.add_key], [LogSigner.retire_key], [1]),
    "both": ([], [LogSigner.add_key, LogSigner.retire_key], [1]),
    "once more": (
        [LogSigner.add_key, LogSigner.retire_key],
        [LogSigner.add_key, LogSigner.retire_key],
        [2],
    ),
    "twice": (
        [],
        [LogSigner.add_key, LogSigner.retire_key, LogSigner.add_key],
        [1, 2],
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_running_process_notices_what_another_did_to_the_keys(
    signer: LogSigner, path: Path, step: str
) -> None:
    before, after, wanted = STEPS[step]
    made = [signer.vkey]

    def do(steps: list[Step]) -> None:
        for one in steps:
            found = one(signer)
            made.extend([] if found in made else [found])

    do(before)
    running = LogSigner(path, origin=ORIGIN)
    do(after)
    signers = [made[number] for number in wanted]
    assert signed_by(running.sign_checkpoint(BODY), *made) == signers
    assert running.vkeys == tuple(reversed(signers))


def test_adding_and_retiring_see_first_what_another_process_did(
    signer: LogSigner, path: Path
) -> None:
    other = LogSigner(path, origin=ORIGIN)
    first, second = signer.vkey, other.add_key()
    with pytest.raises(Conflict):
        signer.add_key()
    stale = LogSigner(path, origin=ORIGIN)
    assert other.retire_key() == first
    with pytest.raises(Conflict):
        stale.retire_key()
    assert (stale.vkeys, stale.retired) == ((second,), (first,))


def test_while_the_files_are_those_it_knows_a_signature_reads_none(
    signer: LogSigner, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer.add_key()
    read: list[Path] = []
    really = keyfiles.read_private
    monkeypatch.setattr(
        keyfiles, "read_private", lambda at, size: (read.append(at), really(at, size))[1]
    )
    signer.sign_checkpoint(BODY)
    assert read == []
    signer.retire_key()
    read.clear()
    signer.sign_checkpoint(BODY)
    assert read == []
    LogSigner(path, origin=ORIGIN)
    assert read == [path.with_name("log-2.key")]


def test_no_other_file_is_taken_for_a_key(signer: LogSigner, path: Path) -> None:
    for name in ("log-0.key", "log-1.key", "log-3.key", "log-None.key", "log-2.pem"):
        path.with_name(name).touch(mode=0o600)
        path.with_name(name).write_bytes(bytes(32))
    assert LogSigner(path, origin=ORIGIN).vkeys == signer.vkeys
    assert signed_by(signer.sign_checkpoint(BODY), signer.vkey) == [signer.vkey]


def test_a_new_key_open_to_others_is_refused_and_stops_the_signatures(
    signer: LogSigner, path: Path
) -> None:
    LogSigner(path, origin=ORIGIN).add_key()
    path.with_name("log-2.key").chmod(0o640)
    with pytest.raises(KeyUnavailable, match="open to other users"):
        signer.sign_checkpoint(BODY)


def test_a_checkpoint_of_another_log_is_refused_in_these_words(signer: LogSigner) -> None:
    with pytest.raises(CryptoError) as refused:
        signer.sign_checkpoint(Checkpoint("hub.example/log2", 7, bytes(32)).body())
    assert str(refused.value) == "checkpoint is of another log than this key signs for"


def test_the_repr_of_a_key_is_silent(signer: LogSigner) -> None:
    assert repr(signer._keys) == "[<log key>]"
