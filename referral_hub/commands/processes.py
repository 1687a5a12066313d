"""`hub web` and `hub metrics`: one long-running process each, logging JSON to standard error."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import click
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from referral_hub.clock import pause
from referral_hub.observe import configure_logging
from referral_hub.settings import Settings, load_settings

_ALL_DAY = 86_400.0


class ServerLog(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's own lines go the way of all others: JSON, constant text, no path of a request."""

    def setup(self, cfg: Any) -> None:
        """Set levels as gunicorn does, then leave writing to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class WebServer(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn with threads and our log; no access log: `observe.requests` writes that line."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        settings = self._settings
        chosen: dict[str, Any] = {
            "bind": f"{settings.host}:{settings.port}",
            "workers": settings.web_processes,
            "threads": settings.web_threads,
            "worker_class": "gthread",
            "timeout": 60,
            "graceful_timeout": 15,
            "keepalive": 5,
            "accesslog": None,
            "control_socket_disable": True,
            "logger_class": ServerLog,
            "proc_name": "referral-hub",
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Build the application, in each worker process after the fork."""
        from referral_hub.app import create_app
        from referral_hub.services.erase_person import apply_erasures
        from referral_hub.services.work import surviving
        from referral_hub.wiring import build_hub

        configure_logging()
        hub = build_hub(self._settings)
        surviving(lambda: apply_erasures(hub))
        return create_app(hub)


@click.command()
def web() -> None:
    """Serve the pages and the partner endpoints."""
    for module in ("referral_hub.app", "referral_hub.wiring"):
        import_module(module)  # before the fork, so that no worker process does it again
    import_module("adapters.formats.fhir.shape").warm()
    settings = load_settings(os.environ)
    if settings.database_url is None or settings.redis_url is None:
        raise click.UsageError(
            "DATABASE_URL and REDIS_URL must be set; `hub run` sets them itself."
        )
    configure_logging()
    _require_policy(settings)
    WebServer(settings).run()


def _require_policy(settings: Settings) -> None:
    """Refuse before anything is served; the connections are not kept across the fork."""
    from referral_hub.services.policies import require_approved
    from referral_hub.wiring import build_hub

    hub = build_hub(settings)
    try:
        require_approved(hub)
    finally:
        hub.registry.close()
        hub.database.dispose()


@click.command()
def metrics() -> None:
    """Serve the sum of every process's metrics, for Prometheus."""
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    configure_logging()
    settings = load_settings(os.environ)
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not directory:
        raise click.UsageError(
            "PROMETHEUS_MULTIPROC_DIR must name the directory the processes share."
        )
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=directory)  # type: ignore[no-untyped-call]  # upstream
    start_http_server(settings.metrics_port, addr=settings.metrics_host, registry=registry)
    while True:
        pause(_ALL_DAY)
