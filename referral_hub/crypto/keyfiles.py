"""Secret files: 0600 in a 0700 directory, written whole or not at all, never overwritten.

Several processes start together on a first run (web, worker, command line). A set of keys appears
by one `rename` of a finished directory and a single key by one `link` of a finished file: both
refuse to replace what is already there, so every process ends up reading the same bytes and none
sees half a file. A file that somebody else could have read is refused rather than repaired,
because it must be assumed to be known.

Limit: POSIX file systems with hard links; ownership by the process's own user.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from referral_hub.errors import KeyUnavailable

_OTHERS = 0o077
_LOST_THE_RACE = {errno.EEXIST, errno.ENOTEMPTY}


def ensure_directory(directory: Path) -> None:
    """Make `directory` 0700 if it is absent, and refuse one that others may enter."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_directory(directory)


def check_directory(directory: Path) -> None:
    """Raise KeyUnavailable unless `directory` is ours and closed to others."""
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise KeyUnavailable(f"{directory} is not a directory: give the key directory itself")
    _check_owner_and_mode(found, directory, "0700")


def read_private(path: Path, size: int) -> bytes:
    """The `size` bytes of a secret file. Raises KeyUnavailable when absent, readable or odd."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as problem:
        reason = os.strerror(problem.errno or 0)
        raise KeyUnavailable(f"{path} cannot be opened as a key file: {reason}") from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise KeyUnavailable(f"{path} is not a regular file: restore the key file")
        _check_owner_and_mode(found, path, "0600")
        data = os.read(handle, size + 1)
    finally:
        os.close(handle)
    if len(data) != size:
        raise KeyUnavailable(f"{path} does not hold a key of {size} bytes: restore the key file")
    return data


def create_private(path: Path, data: bytes) -> bool:
    """Write a secret file unless it exists; say whether this call wrote it."""
    handle, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        _write_and_sync(handle, data)
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        Path(temporary).unlink()
    _sync_directory(path.parent)
    return True


def create_private_directory(directory: Path, files: Mapping[str, bytes]) -> bool:
    """Make `directory` with all `files` in one step unless it has content; say whether we did.

    An existing empty directory is replaced, once it has passed `check_directory`.
    """
    try:
        directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if directory.exists():
            check_directory(directory)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=directory.parent) as temporary:
            return _fill_and_rename(Path(temporary) / directory.name, directory, files)
    except OSError as problem:
        reason = os.strerror(problem.errno or 0)
        raise KeyUnavailable(f"{directory} cannot be created for keys: {reason}") from None


def _fill_and_rename(staged: Path, directory: Path, files: Mapping[str, bytes]) -> bool:
    staged.mkdir(mode=0o700)
    for name, data in files.items():
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        _write_and_sync(os.open(staged / name, flags, 0o600), data)
    _sync_directory(staged)
    try:
        staged.rename(directory)
    except OSError as problem:
        if problem.errno in _LOST_THE_RACE:
            return False
        raise
    _sync_directory(directory.parent)
    return True


def read_or_create(path: Path, fresh: bytes) -> bytes:
    """The secret in `path`, first writing `fresh` there if nothing is."""
    ensure_directory(path.parent)
    if not path.exists():
        create_private(path, fresh)
    return read_private(path, len(fresh))


def _check_owner_and_mode(found: os.stat_result, path: Path, wanted: str) -> None:
    if found.st_uid != os.geteuid():
        raise KeyUnavailable(f"{path} belongs to another user: run as its owner, or use new keys")
    if stat.S_IMODE(found.st_mode) & _OTHERS:
        raise KeyUnavailable(
            f"{path} is open to other users: treat its keys as known and replace them, "
            f"with mode {wanted}"
        )


def _write_and_sync(handle: int, data: bytes) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
