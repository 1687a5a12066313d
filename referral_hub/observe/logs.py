"""One line of JSON for each event, made only of what is known to be harmless.

The rule is an allow-list, not a filter: a line carries the instant, the level, the logger, the
constant text of the call, the request id, and those `extra` fields that stand in `LOGGED_FIELDS`
with a value of a harmless shape. Arguments are never merged into the text. An exception appears as
its classes and the places it passed through, without its message, because messages repeat values
(CWE-532). Loggers of other people's packages lose their text too, since nobody here can vouch for
it. The limit: a constant text that a colleague builds from data would pass; ruff's G and LOG rules
refuse to let that in.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import TextIO
from uuid import UUID

from referral_hub.observe.requests import current_request_id

LOGGED_FIELDS = frozenset(
    {
        "agency_id",
        "attempt",
        "code",
        "count",
        "decision",
        "effect_id",
        "entry_index",
        "entry_type",
        "error",
        "exit_status",
        "kind",
        "method",
        "milliseconds",
        "outcome",
        "pid",
        "process_name",
        "queue",
        "recipient_id",
        "referral_id",
        "retry_seconds",
        "role",
        "route",
        "rule",
        "seconds",
        "stage",
        "state",
        "status",
        "task_id",
        "tree_size",
        "user_id",
        "version",
    }
)
_OWN_TEXT = ("referral_hub.", "adapters.", "consent.", "gunicorn.error")
_HARMLESS = re.compile(r"[A-Za-z0-9_.:/<>{}+-]{1,120}")
_FRAMES = 12


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object; see the module for what may be in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a newline."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record),
        }
        request_id = current_request_id()
        if request_id:
            line["request_id"] = request_id
        line.update(_harmless_fields(record.__dict__))
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = [_described(error) for error in _chain(record.exc_info[1])]
        return json.dumps(line, ensure_ascii=True, separators=(",", ":"))


def configure_logging(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Send every logger of this process to `stream` (standard error by default) as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("referral_hub", "adapters", "consent", "gunicorn.error"):
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
    logging.raiseExceptions = False
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda hook: _log_uncaught(
        hook.exc_type, hook.exc_value, hook.exc_traceback
    )
    sys.unraisablehook = lambda hook: _log_uncaught(
        hook.exc_type, hook.exc_value, hook.exc_traceback
    )


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    """Write what nobody caught, in a thread or a destructor too, as any other line."""
    if error is None or issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger(__name__).critical("uncaught exception", exc_info=(kind, error, trace))


def _event(record: logging.LogRecord) -> str:
    """The constant text of our own calls; for others, only where the call stands.

    Flask's own logger is named `referral_hub` and puts paths into its text: hence the full stops.
    """
    if record.name.startswith(_OWN_TEXT) and isinstance(record.msg, str):
        return record.msg
    return f"{record.module}:{record.lineno}"


def _harmless_fields(given: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name in sorted(LOGGED_FIELDS & given.keys()):
        yield name, _harmless(given[name])


def _harmless(value: object) -> object:
    """The value if its shape cannot hold prose, else a mark that something was withheld."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value.value) if isinstance(value, Enum) else value
    if isinstance(text, UUID):
        return str(text)
    if isinstance(text, str) and _HARMLESS.fullmatch(text):
        return text
    return "withheld"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and what caused it, outermost first, each once."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )


def _described(error: BaseException) -> dict[str, object]:
    frames = list(_frames(error.__traceback__))
    return {
        "class": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": frames[-_FRAMES:],
    }


def _frames(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        code = trace.tb_frame.f_code
        module = trace.tb_frame.f_globals.get("__name__") or Path(code.co_filename).stem
        yield f"{module}:{code.co_name}:{trace.tb_lineno}"
        trace = trace.tb_next
