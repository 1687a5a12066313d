"""One line and one measurement for each request: the route's template, never the path.

A path carries references and a query carries what somebody searched for; the template
(`/referrals/<id>`) carries neither. A request id that a partner sends is kept only if it is written
as a UUID or a trace id is, in hexadecimal: nobody writes lines into the log through a header
(CWE-117), and no name or NHS number, which is shorter, gets there as an id (CWE-532).
"""

from __future__ import annotations

import logging
import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from referral_hub.observe.metrics import Metrics

_AN_ID = re.compile(r"[0-9a-f]{16,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_log = logging.getLogger(__name__)


def begin_request(offered: str | None = None) -> str:
    """Set and return the id of the request this thread now serves; `offered` if it is like one."""
    chosen = offered if offered and _AN_ID.fullmatch(offered) else secrets.token_hex(12)
    _request_id.set(chosen)
    return chosen


def current_request_id() -> str | None:
    """The id of the request this thread serves, or None outside one."""
    return _request_id.get()


@dataclass(frozen=True)
class RequestLog:
    """Writes the request line and counts the request."""

    metrics: Metrics

    def served(
        self,
        method: str,
        route: str | None,
        *,
        status: int,
        seconds: float,
        agency_id: UUID | None,
    ) -> None:
        """Record one answer. `route` is the URL rule that matched, None if none did."""
        template = route or "<no-route>"
        verb = method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} else "OTHER"
        self.metrics.request_served(verb, template, status=status, seconds=seconds)
        _log.info(
            "request",
            extra={
                "method": verb,
                "route": template,
                "status": status,
                "milliseconds": round(seconds * 1000, 1),
                "agency_id": agency_id,
            },
        )
