"""What an operator decides, read once from a mapping and frozen.

Every problem is reported together, with the variable's name and the way to fix it, so that nobody
starts the hub five times to find five mistakes. An unknown `HUB_…` name is a problem too: a
misspelt time-out must not silently be the default. Production refuses what is only fit for
development: the private servers, keys in files, a secret made up on first run, the demonstration.
The limit: addresses are checked for form, not for whether anything answers there.
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from referral_hub.errors import HubError

Environment = Literal["development", "production"]

_VARIABLES = {
    "HUB_ENV": "development or production",
    "HUB_DATA": "directory for the private servers, development keys and the run's own files",
    "HUB_HOST": "address the web server listens on",
    "HUB_PORT": "port the web server listens on",
    "HUB_PUBLIC_URL": "address that people and partners use to reach the hub",
    "HUB_TRUSTED_PROXIES": "how many proxies of yours stand in front and add to X-Forwarded-For",
    "HUB_SECRET_KEY": "secret for form tokens, at least 32 characters",
    "HUB_KEY_SERVICE": "which key service wraps keys: file",
    "HUB_KEY_DIRECTORY": "where the file key service keeps keys",
    "HUB_ERASURE_LEDGER": "file of the people erased, kept apart from the database's backups",
    "HUB_LOG_ORIGIN": "name of this hub's log, as its checkpoints carry it",
    "HUB_WITNESS_POLICY": "file that names the log's witnesses and the quorum (C2SP tlog-policy)",
    "HUB_BANK_HOLIDAYS": "file of single bank holidays that were added or moved, by nation (TOML)",
    "HUB_METRICS_HOST": "address metrics are served on",
    "HUB_METRICS_PORT": "port metrics are served on",
    "HUB_PARTNER_PORT": "port of the demonstration's partner system",
    "HUB_SMTP_URL": "our mail server: smtp://user:password@host:587 (STARTTLS) or smtps://…",
    "HUB_MAIL_FROM": "address that the hub's mails come from",
    "HUB_MAIL_PORT": "port of the page that shows the demonstration's mails",
    "HUB_MAIL_SERVER_PORT": "port of the demonstration's mail server",
    "HUB_IDLE_MINUTES": "minutes without a request after which a sign-in ends",
    "HUB_SIGN_IN_HOURS": "hours after which any sign-in ends",
    "HUB_WEB_PROCESSES": "web server processes",
    "HUB_WEB_THREADS": "threads in each web server process",
    "HUB_WORKERS": "worker processes",
    "HUB_FHIR_NHS_NUMBER": "FHIR with a wrong NHS number: refuse it, or leave_out the number",
    "HUB_CALLBACKS_HERE": "1 lets callbacks and pushes go to this machine, for development",
    "HUB_CLIENT_CALLS": "calls a minute of one partner system",
    "HUB_ADDRESS_CALLS": "calls a minute from one network address",
    "HUB_CLIENT_TOKENS": "access tokens a minute of one partner system",
    "HUB_DEMO": "1 seeds a demonstration town; 0 does not",
}
_PORTS = range(1, 65536)
SMTP_SCHEMES = ("smtp", "smtps")
_BESIDE_THE_HUB = {"HUB_TEST_DATA", "HUB_EXTERNAL_DATA", "HUB_CHROMIUM"}
_Choice = TypeVar("_Choice", bound=str)
_ORIGIN = re.compile(r"[a-z0-9][a-z0-9./-]{2,200}")
_MAIL_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_SHORTEST_SECRET = 32
_WITHHELD = {"secret_key", "database_url", "migrate_database_url", "redis_url", "smtp_url"}


class SettingsError(HubError):
    """The environment cannot be used. `problems` has one line for each thing to put right."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("The hub cannot start with these settings:\n  " + "\n  ".join(problems))


@dataclass(frozen=True, slots=True)
class Quotas:
    """Calls a minute: of a client, of an address to any of it, and tokens of a client."""

    client: int = 1_200
    address: int = 6_000
    tokens: int = 60


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """Everything that may differ between one installation and another.

    `trusted_proxies` are believed about who is calling, which the limit of sign-ins counts by;
    behind a proxy it must not be 0, or everybody shares one count.
    `database_url` and `redis_url` are None where the private servers of `data_dir` are to be used;
    `migrate_database_url` connects as the owner of the tables and equals `database_url` by default.
    """

    environment: Environment
    data_dir: Path
    host: str
    port: int
    public_url: str
    trusted_proxies: int
    database_url: str | None
    migrate_database_url: str | None
    redis_url: str | None
    secret_key: str
    key_service: Literal["file"]
    key_directory: Path
    erasure_ledger: Path
    log_origin: str
    witness_policy: Path | None
    bank_holidays: Path | None
    metrics_host: str
    metrics_port: int
    partner_port: int
    fhir_leaves_out_nhs_number: bool
    smtp_url: str | None
    mail_from: str
    mail_port: int
    mail_server_port: int
    idle_limit: timedelta
    sign_in_limit: timedelta
    web_processes: int
    web_threads: int
    workers: int
    callbacks_here: bool
    quotas: Quotas
    demo: bool

    @property
    def production(self) -> bool:
        """Whether development conveniences are refused."""
        return self.environment == "production"

    def reaching(self, *, database_url: str, redis_url: str) -> Settings:
        """Return the same settings with the addresses of servers that have been started."""
        return replace(
            self,
            database_url=database_url,
            migrate_database_url=self.migrate_database_url or database_url,
            redis_url=redis_url,
        )

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if field.name not in _WITHHELD
        )
        return f"Settings({shown}, secrets and addresses of servers withheld)"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings that `environ` describes, or raise SettingsError with every problem.

    In development a missing `HUB_SECRET_KEY` is made on first run and kept in the data directory.
    """
    read = _Reader(environ)
    production = (
        read.choice("HUB_ENV", "development", ("development", "production")) == "production"
    )
    data_dir = Path(read.text("HUB_DATA", "var")).expanduser().resolve()
    host, port = read.text("HUB_HOST", "127.0.0.1"), read.whole("HUB_PORT", 8000, _PORTS)
    database_url = read.address("DATABASE_URL", ("postgresql", "postgres"))
    redis_url = read.address("REDIS_URL", ("redis", "rediss", "unix"))
    if production:
        _refuse_development_values(read)
    settings = Settings(
        environment="production" if production else "development",
        data_dir=data_dir,
        host=host,
        port=port,
        public_url=read.public_url("HUB_PUBLIC_URL", f"http://{host}:{port}"),
        trusted_proxies=read.whole("HUB_TRUSTED_PROXIES", 0, range(10)),
        database_url=database_url,
        migrate_database_url=read.address("MIGRATE_DATABASE_URL", ("postgresql", "postgres"))
        or database_url,
        redis_url=redis_url,
        secret_key=read.secret("HUB_SECRET_KEY"),
        key_service=read.choice("HUB_KEY_SERVICE", "file", ("file",)),
        key_directory=Path(read.text("HUB_KEY_DIRECTORY", str(data_dir / "keys"))).resolve(),
        erasure_ledger=Path(
            read.text("HUB_ERASURE_LEDGER", str(data_dir / "erasures.jsonl"))
        ).resolve(),
        log_origin=read.origin("HUB_LOG_ORIGIN", "referral-hub.example/log"),
        witness_policy=read.file("HUB_WITNESS_POLICY"),
        bank_holidays=read.file("HUB_BANK_HOLIDAYS"),
        fhir_leaves_out_nhs_number=read.choice(
            "HUB_FHIR_NHS_NUMBER", "refuse", ("refuse", "leave_out")
        )
        == "leave_out",
        metrics_host=read.text("HUB_METRICS_HOST", "127.0.0.1"),
        metrics_port=read.whole("HUB_METRICS_PORT", port + 1, _PORTS),
        partner_port=read.whole("HUB_PARTNER_PORT", port + 2, _PORTS),
        smtp_url=read.address("HUB_SMTP_URL", SMTP_SCHEMES),
        mail_from=read.mail_address("HUB_MAIL_FROM", "no-reply@referral-hub.example"),
        mail_port=read.whole("HUB_MAIL_PORT", port + 3, _PORTS),
        mail_server_port=read.whole("HUB_MAIL_SERVER_PORT", port + 4, _PORTS),
        idle_limit=timedelta(minutes=read.whole("HUB_IDLE_MINUTES", 30, range(1, 241))),
        sign_in_limit=timedelta(hours=read.whole("HUB_SIGN_IN_HOURS", 12, range(1, 25))),
        web_processes=read.whole("HUB_WEB_PROCESSES", 2, range(1, 65)),
        web_threads=read.whole("HUB_WEB_THREADS", 8, range(1, 257)),
        workers=read.whole("HUB_WORKERS", 1, range(1, 65)),
        callbacks_here=read.choice("HUB_CALLBACKS_HERE", "0", ("0", "1")) == "1",
        quotas=_quotas(read),
        demo=read.choice("HUB_DEMO", "0" if production else "1", ("0", "1")) == "1",
    )
    read.finish()
    if settings.secret_key:
        return settings
    return replace(settings, secret_key=_development_secret(data_dir))


def _quotas(read: _Reader) -> Quotas:
    usual, some = Quotas(), range(1, 10**8)
    return Quotas(
        client=read.whole("HUB_CLIENT_CALLS", usual.client, some),
        address=read.whole("HUB_ADDRESS_CALLS", usual.address, some),
        tokens=read.whole("HUB_CLIENT_TOKENS", usual.tokens, some),
    )


def _refuse_development_values(read: _Reader) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "HUB_SECRET_KEY", "HUB_PUBLIC_URL", "HUB_LOG_ORIGIN"):
        if not read.environ.get(name):
            read.problem(name, "must be set in production; what it defaults to is for development")
    if read.environ.get("HUB_KEY_SERVICE", "file") == "file":
        read.problem(
            "HUB_KEY_SERVICE", "must not be file in production; keys in files are for development"
        )
    if read.environ.get("HUB_DEMO") == "1":
        read.problem(
            "HUB_DEMO", "must not be 1 in production; the demonstration's sign-ins are public"
        )
    if read.environ.get("HUB_CALLBACKS_HERE") == "1":
        read.problem("HUB_CALLBACKS_HERE", "must not be 1 in production; callbacks never go inside")
    if read.environ.get("HUB_SMTP_URL") and not read.environ.get("HUB_MAIL_FROM"):
        read.problem("HUB_MAIL_FROM", "must be set in production where HUB_SMTP_URL is")
    if read.environ.get("HUB_PUBLIC_URL", "https:").startswith("http:"):
        read.problem("HUB_PUBLIC_URL", "must begin with https:// in production")


class _Reader:
    """Reads one variable at a time, remembers what was wrong, and never repeats a value."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self._problems: list[str] = []

    def problem(self, name: str, remedy: str) -> None:
        self._problems.append(f"{name} {remedy}.")

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name, "").strip() or default

    def whole(self, name: str, default: int, within: range) -> int:
        given = self.environ.get(name, "").strip() or str(default)
        if re.fullmatch(r"[0-9]{1,9}", given) and int(given) in within:
            return int(given)
        self.problem(name, f"must be a whole number from {within[0]} to {within[-1]}")
        return default

    def choice(self, name: str, default: _Choice, allowed: tuple[_Choice, ...]) -> _Choice:
        given = self.environ.get(name, "").strip() or default
        for value in allowed:
            if value == given:
                return value
        self.problem(name, f"must be {' or '.join(allowed)}")
        return default

    def address(self, name: str, schemes: tuple[str, ...]) -> str | None:
        given = self.environ.get(name, "").strip()
        if not given:
            return None
        if given.partition("://")[0] in schemes and "://" in given:
            return given
        self.problem(name, f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return None

    def mail_address(self, name: str, default: str) -> str:
        given = self.text(name, default)
        if not is_mail_address(given):
            self.problem(name, "must be one mail address, such as referrals@council.example")
        return given

    def public_url(self, name: str, default: str) -> str:
        given = self.text(name, default).rstrip("/")
        parts = urlsplit(given)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
            self.problem(name, "must be http:// or https:// and a host, without a path")
        return given

    def origin(self, name: str, default: str) -> str:
        given = self.text(name, default)
        if not _ORIGIN.fullmatch(given):
            self.problem(
                name, "must be a host and path in lower case, without a scheme, space or +"
            )
        return given

    def file(self, name: str) -> Path | None:
        given = self.environ.get(name, "").strip()
        path = Path(given).expanduser()
        if given and not path.is_file():
            self.problem(name, "must name a file that is there")
        return path.resolve() if given else None

    def secret(self, name: str) -> str:
        given = self.environ.get(name, "")
        if given and (len(given) < _SHORTEST_SECRET or len(set(given)) < _SHORTEST_SECRET // 4):
            self.problem(name, f"must be at least {_SHORTEST_SECRET} random characters")
        return given

    def finish(self) -> None:
        known = [*_VARIABLES]
        for name in sorted(self.environ):
            if name.startswith("HUB_") and name not in _VARIABLES and name not in _BESIDE_THE_HUB:
                near = difflib.get_close_matches(name, known, n=1)
                self.problem(name, f"is not a setting{f'; did you mean {near[0]}' if near else ''}")
        if self._problems:
            raise SettingsError(tuple(self._problems))


def is_mail_address(given: str) -> bool:
    """Tell whether `given` is one plain mail address, without a name or comment."""
    return _MAIL_ADDRESS.fullmatch(given) is not None


def _development_secret(data_dir: Path) -> str:
    """Return the secret kept in `data_dir`, made 0600 on first use, by one of several starts."""
    kept = data_dir / "secret-key"
    if not kept.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = data_dir / f"secret-key.{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            kept.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return kept.read_text()
