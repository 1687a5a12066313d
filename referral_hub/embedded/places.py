"""Where the private servers keep their data and their sockets.

A Unix socket's path holds at most 107 bytes, and a path with a space or a comma does not survive
PostgreSQL's and libpq's lists of directories. A data directory that is long or unusual therefore
gets its sockets in a short directory of its own, named by the hash of the data directory, 0700 and
ours.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from referral_hub.errors import ServiceUnavailable

_PLAIN = re.compile(r"[A-Za-z0-9/._-]{1,88}")


class EmbeddedFailed(ServiceUnavailable):
    """A private server did not start. The message says which, and where its log is."""


def socket_directory(data_dir: Path) -> Path:
    """Return an existing 0700 directory for the sockets of `data_dir`, short enough for them."""
    inside = data_dir / "run"
    if _PLAIN.fullmatch(str(inside)):
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    for base in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - made 0700 and checked below
        short = Path(base) / f"referral-hub-{os.geteuid()}-{digest}"
        if _PLAIN.fullmatch(str(short)):
            _make_private(short)
            return short
    raise EmbeddedFailed(
        f"No short directory for sockets was found; choose a HUB_DATA shorter than {data_dir}."
    )


def _make_private(directory: Path) -> None:
    """Create it, or insist that the existing one is a real directory (CWE-377: squatted names)."""
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or (os.geteuid() != 0 and found.st_uid != os.geteuid()):
        raise EmbeddedFailed(f"{directory} belongs to someone else; remove it or set TMPDIR.")
    directory.chmod(0o700)


def let_pass(data_dir: Path) -> None:
    """As root, let the server's user pass through `data_dir` (not list it) to its own part."""
    if os.geteuid() == 0:
        data_dir.chmod(stat.S_IMODE(data_dir.stat().st_mode) | 0o011)


def open_log(path: Path) -> int:
    """Return a file descriptor of an emptied log that only its owner may read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


def take_ownership(data_dir: Path) -> int | None:
    """Lock `data_dir` for this process; the lock's file descriptor, or None if it is taken."""
    descriptor = os.open(data_dir / "embedded.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
