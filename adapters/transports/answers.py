"""Reading what an untrusted HTTP server answers: bounded, and never kept as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpcore

from adapters.contract import Delivery, DeliveryOutcome

LARGEST_ANSWER = 65_536
LONGEST_RETRY_AFTER = timedelta(hours=24)
_AGAIN = frozenset({408, 425, 429})


def host_of(url: httpcore.URL) -> str:
    """What goes into the Host header."""
    host = url.host.decode("ascii")
    return host if url.port is None else f"{host}:{url.port}"


def bounded(response: httpcore.Response) -> bytes:
    """What was accepted stays accepted, so an answer that never ends is simply cut."""
    data = b""
    try:
        for part in response.iter_stream():
            data += part
            if len(data) > LARGEST_ANSWER:
                return b""
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        return b""
    return data


def failure(
    status: int, headers: Mapping[bytes, bytes], now: Callable[[], datetime]
) -> DeliveryOutcome:
    """How an attempt with any answer but success ended; a redirect is a refusal."""
    code = f"http_{status}"
    if status in _AGAIN or status >= 500:
        wait = retry_after(headers.get(b"retry-after", b""), now)
        return DeliveryOutcome(Delivery.TRY_AGAIN, code, retry_after=wait)
    return DeliveryOutcome(Delivery.REFUSED, code)


def retry_after(header: bytes, now: Callable[[], datetime]) -> timedelta | None:
    """RFC 9110 section 10.2.3: seconds or a date. Anything else is as if it were not there."""
    text = header.decode("ascii", "replace").strip()
    if text.isdigit():
        wait = timedelta(seconds=min(int(text[:9]), 86_400))
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        wait = aware - now()
    return max(timedelta(0), min(wait, LONGEST_RETRY_AFTER))
