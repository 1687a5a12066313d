"""Secret files: what is refused and in which words, and what a crash would leave behind."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from referral_hub.crypto import keyfiles
from referral_hub.crypto.keys import FileKeyService
from referral_hub.errors import KeyUnavailable

SECRET = bytes(range(32))


def message_of(act: Callable[[], object]) -> str:
    with pytest.raises(KeyUnavailable) as refused:
        act()
    assert refused.value.__cause__ is None
    return str(refused.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "keys" / "one.key"
    keyfiles.read_or_create(found, SECRET)
    return found


def test_a_secret_is_written_once_closed_to_others_and_read_again(path: Path) -> None:
    assert keyfiles.read_private(path, 32) == SECRET
    assert keyfiles.read_or_create(path, bytes(32)) == SECRET
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o601, 0o620, 0o602])
def test_a_file_open_to_others_is_named_with_its_wanted_mode(path: Path, mode: int) -> None:
    path.chmod(mode)
    assert message_of(lambda: keyfiles.read_private(path, 32)) == (
        f"{path} is open to other users: treat its keys as known and replace them, with mode 0600"
    )
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("mode", [0o740, 0o704, 0o710, 0o701, 0o720, 0o702])
def test_a_directory_open_to_others_is_named_with_its_wanted_mode(path: Path, mode: int) -> None:
    path.parent.chmod(mode)
    wanted = (
        f"{path.parent} is open to other users: treat its keys as known and replace them, "
        "with mode 0700"
    )
    for act in (
        lambda: keyfiles.check_directory(path.parent),
        lambda: keyfiles.ensure_directory(path.parent),
        lambda: keyfiles.read_or_create(path, SECRET),
    ):
        assert message_of(act) == wanted


def test_what_is_not_a_key_directory_or_file_is_said_to_be_so(path: Path) -> None:
    assert message_of(lambda: keyfiles.check_directory(path)) == (
        f"{path} is not a directory: give the key directory itself"
    )
    assert message_of(lambda: keyfiles.read_private(path.parent, 32)) == (
        f"{path.parent} is not a regular file: restore the key file"
    )
    absent = path.with_name("absent.key")
    assert message_of(lambda: keyfiles.read_private(absent, 32)) == (
        f"{absent} cannot be opened as a key file: No such file or directory"
    )
    absent.symlink_to(path)
    assert message_of(lambda: keyfiles.read_private(absent, 32)) == (
        f"{absent} cannot be opened as a key file: Too many levels of symbolic links"
    )


@pytest.mark.parametrize("size", [31, 33])
def test_a_secret_of_another_size_is_refused(path: Path, size: int) -> None:
    assert message_of(lambda: keyfiles.read_private(path, size)) == (
        f"{path} does not hold a key of {size} bytes: restore the key file"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_another_user_s_file_and_directory_are_refused(path: Path) -> None:
    others = "belongs to another user: run as its owner, or use new keys"
    os.chown(path, 12345, 12345)
    assert message_of(lambda: keyfiles.read_private(path, 32)) == f"{path} {others}"
    os.chown(path.parent, 12345, 12345)
    found = message_of(lambda: keyfiles.check_directory(path.parent))
    assert found == f"{path.parent} {others}"


def test_handles_are_given_back_whatever_happens(path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        keyfiles.read_private(path, 32)
        message_of(lambda: keyfiles.read_private(path.parent, 32))
        keyfiles.create_private(path, SECRET)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_until_a_secret_is_whole_it_has_a_name_that_no_key_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a crash leaves behind is hidden, begins with `.new-`, and is read by nobody."""
    directory, names = tmp_path / "keys", []
    really = os.fsync

    def fsync(handle: int) -> None:
        names.append(sorted(found.name for found in tmp_path.iterdir()))
        really(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    assert keyfiles.create_private_directory(directory, {"a.key": SECRET})
    file, staged, final = names
    assert len(file) == len(staged) == 1
    assert file[0].startswith(".new-")
    assert file == staged
    assert "keys" in final
    names.clear()
    assert keyfiles.create_private(tmp_path / "b.key", SECRET)
    file, final = names
    assert [name.startswith(".new-") for name in file] == [True, False]
    assert final == ["b.key", "keys"]


@pytest.mark.parametrize(
    ("where", "name", "wanted"),
    [
        (os, "open", "root-1.key cannot be opened as a key file: Success"),
        (os, "mkdir", "keys cannot be created for keys: Success"),
        (Path, "iterdir", "keys cannot be read: Success"),
    ],
    ids=["open", "mkdir", "iterdir"],
)
def test_a_failure_without_a_number_is_reported_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: object, name: str, wanted: str
) -> None:
    """As an odd file system may raise one: keys out of reach, and no crash."""
    keys = FileKeyService(tmp_path / "keys")
    acts: dict[str, Callable[[], object]] = {
        "open": lambda: keyfiles.read_private(tmp_path / "keys" / "root-1.key", 32),
        "mkdir": lambda: keyfiles.create_private_directory(tmp_path / "other" / "keys", {}),
        "iterdir": keys.describe,
    }

    def fail(*_: object, **__: object) -> None:
        raise OSError("of no number")

    with monkeypatch.context() as patched:
        patched.setattr(where, name, fail)
        found = message_of(acts[name])
    assert found.endswith(f"/{wanted}")
