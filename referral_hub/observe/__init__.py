"""Log lines and counters that hold no personal data, by construction rather than by care."""

from referral_hub.observe.logs import LOGGED_FIELDS, JsonFormatter, configure_logging
from referral_hub.observe.metrics import Metrics
from referral_hub.observe.requests import RequestLog, begin_request, current_request_id

__all__ = [
    "LOGGED_FIELDS",
    "JsonFormatter",
    "Metrics",
    "RequestLog",
    "begin_request",
    "configure_logging",
    "current_request_id",
]
