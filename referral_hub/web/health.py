"""For whatever watches the process: is it alive, and should requests come here."""

from __future__ import annotations

from typing import Any

from flask import jsonify

from referral_hub.services.hub import Hub
from referral_hub.services.readiness import readiness


def alive(_hub: Hub) -> Any:
    """The process answers; nothing else is asked, so that a restart does not seem to cure all."""
    return jsonify(status="alive")


def ready(hub: Hub) -> Any:
    """503 until database and log can be written; Redis away is said and does not count."""
    found = readiness(hub)
    parts = {"database": found.database, "log": found.log, "redis": found.redis}
    return jsonify(ready=found.ready, **parts), 200 if found.ready else 503
