"""`hub run`: everything on this machine, from nothing to the ready line, in one command.

Order: settings → private servers → schema → demonstration town, once → children → ready. Ctrl-C or
SIGTERM undoes it in reverse. The address and the sign-ins are printed only after the web server has
said that it is ready, so that the line can be believed.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import click
import httpx

from referral_hub import embedded
from referral_hub.clock import monotonic, pause
from referral_hub.commands.opening import with_servers
from referral_hub.commands.partner_demo import partner_code
from referral_hub.settings import Settings, load_settings
from referral_hub.store.engine import reachable
from referral_hub.store.migrate import upgrade
from referral_hub.supervise import Child, Supervisor, wait_until

_READY = "ready"
_READY_SECONDS = 120.0
_LOOK_SECONDS = 0.25


@click.command()
def run() -> None:
    """Start the hub on this machine and keep it running until Ctrl-C."""
    for kind in (signal.SIGINT, signal.SIGTERM):  # a shell's background job inherits "ignored"
        signal.signal(kind, signal.default_int_handler)
    settings = load_settings(os.environ)
    with ExitStack() as stack:
        try:
            _run(settings, stack)
        except KeyboardInterrupt:
            click.echo("\nStopping …")
            for kind in (signal.SIGINT, signal.SIGTERM):
                signal.signal(kind, signal.SIG_IGN)
            stack.close()
            click.echo("Stopped.")


def _run(settings: Settings, stack: ExitStack) -> None:
    _require_free_ports(settings)
    servers = _start_servers(settings, stack)
    if servers is not None:
        settings = with_servers(settings, servers)
    with _step("schema"), reachable():
        upgrade(str(settings.migrate_database_url))
    sign_ins = _seed(settings) if settings.demo else ()
    supervisor = Supervisor(_children(settings), _child_environment(settings), _say)
    with _step(", ".join(child.name for child in supervisor.children)):
        stack.callback(supervisor.stop)
        supervisor.start()
        if not wait_until(
            lambda: _ready(settings), seconds=_READY_SECONDS, meanwhile=supervisor.look_after
        ):
            raise click.ClickException(
                f"The web server is not ready after {_READY_SECONDS:.0f} s ({_answer(settings)});"
                f" its log is {settings.data_dir / 'log' / 'web.log'}."
            )
    click.echo(f"\nReferral Hub is ready: {settings.public_url}")
    for line in sign_ins:
        click.echo(f"  {line}")
    if sign_ins and servers is None:
        click.echo("  The codes need the same DATABASE_URL and REDIS_URL as this command.")
    if settings.demo and wait_until(
        lambda: partner_code(settings) is not None,
        seconds=_READY_SECONDS,
        meanwhile=supervisor.look_after,
    ):
        click.echo(
            f"  The time bank's own system: http://127.0.0.1:{settings.partner_port}"
            f" (code: {partner_code(settings)})"
        )
    if settings.demo and settings.smtp_url is None:
        click.echo(f"  Mails, which stay here: http://127.0.0.1:{settings.mail_port}")
    click.echo(f"Logs: {settings.data_dir / 'log'}. Ctrl-C stops everything.")
    while True:
        supervisor.look_after()
        for name in servers.revive() if servers is not None else ():
            _say(f"{name} had ended and was started again")
        pause(_LOOK_SECONDS)


def _start_servers(settings: Settings, stack: ExitStack) -> embedded.Embedded | None:
    """Start the private servers unless both addresses are given."""
    if settings.database_url and settings.redis_url:
        return None
    with _step("private PostgreSQL and Redis"):
        servers = embedded.start(settings.data_dir, wait_to_own=10.0)
        stack.callback(servers.stop)
    if not servers.owned:
        raise click.ClickException(
            f"Another `hub` command is using {settings.data_dir}; stop it, or set HUB_DATA."
        )
    return servers


def _seed(settings: Settings) -> tuple[str, ...]:
    """Fill an empty database with the demonstration town; returns the lines about signing in."""
    from referral_hub.services.demo import approve_demo_policy, seed_demo, sign_in_lines
    from referral_hub.services.demo_client import client_directory, seed_demo_client
    from referral_hub.services.demo_figures import seed_demo_figures
    from referral_hub.services.demo_mail import mail_lines, register_demo_mail
    from referral_hub.wiring import build_hub

    with _step("demonstration town"):
        hub = build_hub(settings)
        try:
            seed_demo(hub)
            approve_demo_policy(hub)
            register_demo_mail(hub)
            seed_demo_client(hub)
            seed_demo_figures(hub)
            system = f"The surgery's own system: {client_directory(settings)}"
            return (*sign_in_lines(settings), *mail_lines(settings), system)
        finally:
            hub.database.dispose()


def _children(settings: Settings) -> list[Child]:
    logs = settings.data_dir / "log"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)

    def child(name: str, *arguments: str) -> Child:
        command = (sys.executable, "-m", "referral_hub.cli", *arguments)
        return Child(name, command, logs / f"{name.replace(' ', '-')}.log")

    children = [child("web", "web")]
    children += [child(f"worker {n}", "worker") for n in range(1, settings.workers + 1)]
    children.append(child("metrics", "metrics"))
    if settings.demo:
        children.append(child("partner", "partner-demo"))
        if settings.smtp_url is None:
            children.append(child("post room", "post-room"))
    return children


def _child_environment(settings: Settings) -> dict[str, str]:
    """This environment, with the servers' addresses and an empty directory for shared counters."""
    counters = settings.data_dir / "metrics"
    shutil.rmtree(counters, ignore_errors=True)
    counters.mkdir(mode=0o700, parents=True)
    mails = settings.smtp_url or f"smtp://127.0.0.1:{settings.mail_server_port}"
    return {
        **os.environ,
        **({"HUB_SMTP_URL": mails} if settings.demo else {}),
        "HUB_DATA": str(settings.data_dir),
        "DATABASE_URL": str(settings.database_url),
        "MIGRATE_DATABASE_URL": str(settings.migrate_database_url),
        "REDIS_URL": str(settings.redis_url),
        "HUB_SECRET_KEY": settings.secret_key,
        "PROMETHEUS_MULTIPROC_DIR": str(counters),
        "PYTHONUNBUFFERED": "1",
    }


def _ready(settings: Settings) -> bool:
    return _answer(settings) == _READY


def _answer(settings: Settings) -> str:
    """What the web server says of itself: `ready`, which parts are away, or nothing."""
    try:
        answer = httpx.get(f"http://{settings.host}:{settings.port}/readyz", timeout=5.0)
        if answer.status_code == httpx.codes.OK:
            return _READY
        return "away: " + ", ".join(name for name, up in answer.json().items() if up is False)
    except (httpx.HTTPError, ValueError):
        return "no answer"


def _require_free_ports(settings: Settings) -> None:
    wanted = [("HUB_PORT", settings.host, settings.port)]
    wanted.append(("HUB_METRICS_PORT", settings.metrics_host, settings.metrics_port))
    if settings.demo:
        wanted.append(("HUB_PARTNER_PORT", "127.0.0.1", settings.partner_port))
        if settings.smtp_url is None:
            wanted.append(("HUB_MAIL_PORT", "127.0.0.1", settings.mail_port))
            wanted.append(("HUB_MAIL_SERVER_PORT", "127.0.0.1", settings.mail_server_port))
    for name, host, port in wanted:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise click.ClickException(
                    f"Port {port} of {host} cannot be used ({error.strerror}); set another {name}."
                ) from error


def _say(text: str) -> None:
    click.echo(f"! {text}", err=True)


@contextmanager
def _step(text: str) -> Iterator[None]:
    """Print what is being done, then how many seconds it took."""
    click.echo(f"· {text} … ", nl=False)
    began = monotonic()
    yield
    click.echo(f"{monotonic() - began:.1f} s")
