"""The log's checkpoint and tiles over HTTP, to the letter of C2SP tlog-tiles, behind a guard.

A tile's address holds its width, so what it answers never changes and may be kept for ever; by the
reader alone, since reading needs a sign-in. A checkpoint is never kept. Officers read by their
session, partner systems by a token signed for each address.
"""

from __future__ import annotations

from flask import Response

from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.services.log_files import read_checkpoint, read_tile

FOR_EVER = 365 * 24 * 60 * 60


def checkpoint(hub: Hub, actor: Actor) -> Response:
    """The newest checkpoint, which a browser offers to keep."""
    found = read_checkpoint(hub, actor)
    answer = Response(found.note, mimetype="text/plain")
    answer.headers["Content-Disposition"] = f'attachment; filename="checkpoint-{found.size}.txt"'
    return answer


def tile(hub: Hub, actor: Actor, path: str) -> Response:
    """A tile's hashes."""
    answer = Response(read_tile(hub, actor, f"tile/{path}"), mimetype="application/octet-stream")
    answer.cache_control.private = True
    answer.cache_control.max_age = FOR_EVER
    answer.cache_control.immutable = True
    return answer


def partner_checkpoint(hub: Hub, actor: Actor) -> Response:
    """The same for a partner's system."""
    return checkpoint(hub, actor)


def partner_tile(hub: Hub, actor: Actor, path: str) -> Response:
    """The same for a partner's system."""
    return tile(hub, actor, path)
