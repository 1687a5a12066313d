"""Log lines are made of allow-listed parts; marked personal data gets in by no way."""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from adapters.formats.tagged_pdf import Sheet, write_sheet
from referral_hub.errors import InvalidInput
from referral_hub.observe import (
    LOGGED_FIELDS,
    JsonFormatter,
    Metrics,
    RequestLog,
    begin_request,
    current_request_id,
)

MARK = "CANARY Marjorie 9990548609"
AGENCY = UUID("018f0000-0000-7000-8000-000000000001")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the root logger writes during one test."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def _only(stream: io.StringIO) -> dict[str, Any]:
    (line,) = stream.getvalue().splitlines()
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def test_a_line_has_instant_level_logger_event_and_harmless_fields(lines: io.StringIO) -> None:
    logging.getLogger("referral_hub.services.deliver").info(
        "delivery settled", extra={"outcome": "delivered", "attempt": 2, "agency_id": AGENCY}
    )
    line = _only(lines)
    assert line.pop("at").endswith("+00:00")
    line.pop("request_id", None)
    assert line == {
        "level": "info",
        "logger": "referral_hub.services.deliver",
        "event": "delivery settled",
        "outcome": "delivered",
        "attempt": 2,
        "agency_id": str(AGENCY),
    }


def test_arguments_are_never_merged_into_the_text(lines: io.StringIO) -> None:
    logging.getLogger("referral_hub.x").warning("could not place %s", MARK)
    assert MARK not in lines.getvalue()
    assert _only(lines)["event"] == "could not place %s"


@pytest.mark.parametrize("name", sorted(LOGGED_FIELDS))
def test_an_allowed_field_with_prose_in_it_is_withheld(lines: io.StringIO, name: str) -> None:
    logging.getLogger("referral_hub.x").info("event", extra={name: MARK})
    assert _only(lines)[name] == "withheld"
    assert "Marjorie" not in lines.getvalue()


def test_a_field_that_nobody_allowed_does_not_appear(lines: io.StringIO) -> None:
    logging.getLogger("referral_hub.x").info("event", extra={"nhs_number": "9990548609"})
    assert "9990548609" not in lines.getvalue()


@pytest.mark.parametrize("value", [[MARK], {"a": MARK}, (MARK,), b"9990548609", object()])
def test_a_container_in_an_allowed_field_is_withheld(lines: io.StringIO, value: object) -> None:
    logging.getLogger("referral_hub.x").info("event", extra={"kind": value})
    assert _only(lines)["kind"] == "withheld"


def _raise_from_a_cause() -> None:
    try:
        raise InvalidInput({"note": (MARK,)})
    except InvalidInput as error:
        raise ValueError(MARK) from error


def test_an_exception_is_its_classes_and_places_without_any_message(lines: io.StringIO) -> None:
    try:
        _raise_from_a_cause()
    except ValueError:
        logging.getLogger("referral_hub.x").exception("unexpected")
    assert "CANARY" not in lines.getvalue()
    classes = [part["class"] for part in _only(lines)["exception"]]
    assert classes == ["builtins.ValueError", "referral_hub.errors.InvalidInput"]
    assert any("_raise_from_a_cause" in place for place in _only(lines)["exception"][0]["at"])


def test_another_packages_text_is_replaced_by_the_place_of_the_call(lines: io.StringIO) -> None:
    logging.getLogger("somebody.elses.library").error(f"cannot send to {MARK}")  # noqa: G004 - that is the point
    assert "CANARY" not in lines.getvalue()
    assert _only(lines)["event"].startswith("test_logs:")


def test_which_letters_a_sheet_shows_is_told_to_nobody(lines: io.StringIO) -> None:
    write_sheet(Sheet("Title", ["Zebedee"], []))
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert told, "the library would tell, where everything is logged"
    assert all(re.fullmatch(r"[\w.]+:\w+:\d+|[\w.]+:\d+", one["event"]) for one in told), told[:3]


def test_the_path_in_flasks_own_line_about_an_exception_is_left_out(lines: io.StringIO) -> None:
    app = Flask("referral_hub")

    @app.get("/people/<name>")
    def person(name: str) -> str:
        raise ValueError(name)

    assert app.test_client().get("/people/Marjorie").status_code == 500
    assert "Marjorie" not in lines.getvalue()
    assert "builtins.ValueError" in lines.getvalue()


def test_a_line_break_cannot_forge_a_second_line(lines: io.StringIO) -> None:
    logging.getLogger("referral_hub.x").info("event", extra={"kind": 'a\n{"level":"info"}'})
    assert len(lines.getvalue().splitlines()) == 1


def test_an_uncaught_exception_of_a_process_shows_no_message() -> None:
    program = (
        "from referral_hub.observe import configure_logging\n"
        "configure_logging()\n"
        f"raise ValueError({MARK!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"CANARY" not in done.stderr + done.stdout
    assert b"builtins.ValueError" in done.stderr


def test_a_warning_shows_no_message() -> None:
    program = (
        "import warnings\n"
        "from referral_hub.observe import configure_logging\n"
        "configure_logging()\n"
        f"warnings.warn({MARK!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"CANARY" not in done.stderr
    assert b"py.warnings" in done.stderr
    assert warnings.filters


def test_an_uncaught_exception_of_a_thread_shows_no_message() -> None:
    program = (
        "import threading\n"
        "from referral_hub.observe import configure_logging\n"
        "configure_logging()\n"
        "def work():\n"
        f"    raise ValueError({MARK!r})\n"
        "thread = threading.Thread(target=work)\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"CANARY" not in done.stderr
    assert b"builtins.ValueError" in done.stderr


@pytest.mark.parametrize(
    "offered",
    [
        "f" * 65,
        "abc123",
        "Featherstonehaugh",
        "9991234578",
        "-" * 36,
        'abcdef0123456789"\n',
        "",
        None,
    ],
)
def test_a_request_id_that_is_not_written_as_one_is_replaced(offered: str | None) -> None:
    chosen = begin_request(offered)
    assert chosen != offered
    assert current_request_id() == chosen


def test_a_partners_request_id_is_kept_and_logged(lines: io.StringIO) -> None:
    begin_request("4bf92f3577b34da6a3ce929d0e0e4736")
    logging.getLogger("referral_hub.x").info("event")
    assert _only(lines)["request_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_request_line_names_the_template_and_never_the_path(lines: io.StringIO) -> None:
    metrics = Metrics()
    RequestLog(metrics).served(
        "GET", "/referrals/<uuid:referral_id>", status=200, seconds=0.0123, agency_id=AGENCY
    )
    line = _only(lines)
    assert line["route"] == "/referrals/<uuid:referral_id>"
    assert line["milliseconds"] == 12.3
    labels = {"method": "GET", "route": "/referrals/<uuid:referral_id>", "status": "200"}
    assert metrics.registry.get_sample_value("hub_request_seconds_count", labels) == 1.0


@pytest.mark.parametrize(("method", "route"), [("BREW", None), ("GET\n", None)])
def test_an_unknown_method_or_route_becomes_one_fixed_label(
    lines: io.StringIO, method: str, route: str | None
) -> None:
    RequestLog(Metrics()).served(method, route, status=404, seconds=0.0, agency_id=None)
    assert (_only(lines)["method"], _only(lines)["route"]) == ("OTHER", "<no-route>")
