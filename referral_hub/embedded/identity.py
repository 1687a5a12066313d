"""Which operating-system user a private server runs as, and that it dies with its parent.

PostgreSQL refuses to run as root. Root therefore starts it as `nobody`, who owns the server's data
and nothing else. Where the data or the program lies under a directory that `nobody` cannot pass (a
0700 home), the server keeps one capability, CAP_DAC_OVERRIDE, rather than having anyone's home
opened up or the data put somewhere unexpected. The limit: Linux only, and a container without that
capability must choose a HUB_DATA that others can pass.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_SECUREBITS = 1, 28
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2
_NO_SETUID_FIXUP = 4
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_OTHERS_PASS = 0o001


@dataclass(frozen=True)
class ServerIdentity:
    """The user a server runs as. `overrides` keeps CAP_DAC_OVERRIDE across the change of user."""

    uid: int
    gid: int
    overrides: bool

    def own(self, path: Path) -> None:
        """Give `path` to this user (root only; for anyone else it already is)."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)

    def entering(self, death_signal: signal.Signals) -> Callable[[], None]:
        """Return what a new process does before it becomes the server (`Popen(preexec_fn=…)`)."""
        libc = ctypes.CDLL(None, use_errno=True)
        drop = os.geteuid() == 0 and self.uid != 0

        def enter() -> None:
            if drop:
                if self.overrides:
                    _required(libc.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0))
                os.setgroups([])
                os.setresgid(self.gid, self.gid, self.gid)
                os.setresuid(self.uid, self.uid, self.uid)
                if self.overrides:
                    _keep_override(libc)
            libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)

        return enter


def current() -> ServerIdentity:
    """Return the identity of this process, for servers that run as anyone."""
    return ServerIdentity(uid=os.geteuid(), gid=os.getegid(), overrides=False)


def unprivileged(data: Path, *, must_pass: Iterable[Path]) -> ServerIdentity:
    """Return who runs a server that refuses root: the owner of its `data`, or `nobody` at first.

    It is able to reach every path of `must_pass`.
    """
    if os.geteuid() != 0:
        return current()
    nobody = pwd.getpwnam("nobody")
    owner = data.stat() if data.exists() else None
    uid, gid = (owner.st_uid, owner.st_gid) if owner else (nobody.pw_uid, nobody.pw_gid)
    blocked = any(
        not step.stat().st_mode & _OTHERS_PASS
        for path in must_pass
        for step in (path.resolve(), *path.resolve().parents)
    )
    return ServerIdentity(uid=uid, gid=gid, overrides=blocked)


def _keep_override(libc: ctypes.CDLL) -> None:
    """Keep exactly CAP_DAC_OVERRIDE through the coming exec (capabilities(7), ambient set).

    The secure bit set before the change of user lets access(2) count it too, which PostgreSQL asks
    whether its own program may be run.
    """
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    mask = 1 << _CAP_DAC_OVERRIDE
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    _required(libc.capset(header, data))
    _required(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0))


def _required(result: int) -> None:
    if result:
        raise PermissionError(ctypes.get_errno(), "CAP_DAC_OVERRIDE cannot be kept")
