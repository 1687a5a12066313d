"""Errors become pages, or problem documents (RFC 9457) for programs; nothing else does that.

Every 404 is the same bytes, whatever the reason. Error pages show no navigation and ask nobody
anything, so that they still work when the database is what failed. What went wrong is said without
ids, values or exception text.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from flask import Flask, jsonify, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from adapters.formats.fhir.outcome import FhirProblem
from referral_hub.errors import (
    Conflict,
    Forbidden,
    HubError,
    InvalidInput,
    LogUnavailable,
    NotFound,
    Overdue,
    ServiceUnavailable,
)
from referral_hub.observe import current_request_id
from referral_hub.services.api_access import ScopeMissing, TokenRefused
from referral_hub.services.partner_access import PartnerRefused
from referral_hub.services.receive_referral import KeyReused, MustBeSealed
from referral_hub.web.fhir_wire import for_fhir, outcome_of_problem, problem
from referral_hub.web.headers import for_programs
from referral_hub.web.json_body import InvalidDocument, fragment, pointer
from referral_hub.web.rates import TooOften

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """A title, and what the reader can do about it."""

    title: str
    advice: str


WORDS: dict[int, Words] = {
    400: Words(
        "We could not use what was sent",
        "Go back, check the page and send it again. If it goes on, start from the home page.",
    ),
    401: Words(
        "Not authenticated",
        "Sign a new token for this request with your registered key.",
    ),
    403: Words(
        "You do not have access to this page",
        "Your role does not include it. Ask your agency’s administrator if you need it.",
    ),
    404: Words(
        "Page not found",
        "Check the address. If you followed a link, it may be out of date or not for your agency.",
    ),
    406: Words("We do not speak that", "Ask for JSON."),
    405: Words("That cannot be done here", "Go back and use the buttons on the page."),
    408: Words(
        "That took too long",
        "It was stopped, or what was sent did not arrive in time. Send it again: it happens once.",
    ),
    409: Words(
        "This has changed since you opened it",
        "Somebody else has moved it on. Open it again to see where it stands now.",
    ),
    412: Words(
        "This has changed since it was read",
        "Read it again, and decide again whether to change it.",
    ),
    413: Words("That is too long", "Go back, shorten what you typed and send it again."),
    415: Words("We cannot read that kind of content", "Use the form on the page."),
    429: Words(
        "Too many attempts",
        "Try again in five minutes or later. Nothing has been locked.",
    ),
    500: Words(
        "Sorry, something went wrong",
        "Your last step may not have been saved. Try again; if it goes on, give the number below "
        "to whoever looks after the hub.",
    ),
    503: Words(
        "The hub cannot do this just now",
        "Nothing has been shared or lost. Try again in a few minutes.",
    ),
}
CSRF_WORDS = Words(
    "This page was open for too long or in two windows",
    "Nothing has been sent. Go back, load the page again and send it once more.",
)
LOG_WORDS = Words(
    "This cannot be shown just now",
    "The log that records every disclosure cannot be written, so nothing was disclosed. Try again "
    "in a few minutes.",
)
_TITLES = {
    401: "Not authenticated",
    403: "Not allowed",
    408: "That took too long",
    409: "Not possible in this state",
    422: "The key was used for another request",
}
_PROBLEM = {"Content-Type": "application/problem+json"}
_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "60"},
    503: {"Retry-After": "60"},
}
_STATUS: tuple[tuple[type[HubError], int], ...] = (
    (PartnerRefused, 401),
    (TokenRefused, 401),
    (KeyReused, 422),
    (TooOften, 429),
    (NotFound, 404),
    (Forbidden, 403),
    (Conflict, 409),
    (InvalidInput, 400),
    (Overdue, 408),
    (ServiceUnavailable, 503),
)


def answer_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(HubError, _expected)
    app.register_error_handler(FhirProblem, problem)
    app.register_error_handler(CSRFError, lambda _error: _answer(400, CSRF_WORDS))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _expected(error: HubError) -> Any:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    if status == 500:
        return _unexpected(error)
    if isinstance(error, TooOften):
        body, _, headers = _answer(status, WORDS[status])
        return body, status, {**headers, "Retry-After": str(error.seconds)}
    if isinstance(error, (TokenRefused, ScopeMissing, KeyReused, MustBeSealed)):
        return _caller_problem(error, status)
    if isinstance(error, InvalidInput) and for_programs():
        return _fields_problem(error)
    if isinstance(error, (Conflict, Overdue)) and for_programs():
        return _problem(status, {"title": _TITLES[status], "detail": str(error)})
    return _answer(status, LOG_WORDS if isinstance(error, LogUnavailable) else WORDS[status])


def _http(error: HTTPException) -> Any:
    if error.response is not None or error.code is None or error.code < 400:
        return error
    if isinstance(error, InternalServerError):
        return _unexpected(error)
    status = error.code if error.code in WORDS else 400
    body, _, headers = _answer(status, WORDS[status])
    allow = dict(error.get_headers()).get("Allow")
    return body, status, {**headers, **({"Allow": allow} if allow else {})}


def _unexpected(error: Exception) -> Any:
    logger.error("request failed", exc_info=error)
    return _answer(500, WORDS[500])


def _answer(status: int, words: Words) -> tuple[Any, int, dict[str, str]]:
    headers = _HEADERS.get(status, {})
    if for_programs():
        return _problem(status, {"title": words.title})
    number = current_request_id() if status >= 500 else None
    return render_template("error.html", words=words, number=number), status, headers


def _caller_problem(
    error: TokenRefused | ScopeMissing | KeyReused | MustBeSealed, status: int
) -> tuple[Any, int, dict[str, str]]:
    """What a partner's system is told about its token (RFC 6750 section 3) or its key."""
    body, status, headers = _problem(status, {"title": _TITLES[status], "detail": str(error)})
    match error:
        case TokenRefused(proof=True):
            told = 'DPoP error="invalid_dpop_proof"'
            headers = {**headers, "WWW-Authenticate": told}
        case TokenRefused(sent=True):
            headers = {**headers, "WWW-Authenticate": 'Bearer error="invalid_token"'}
        case ScopeMissing(scope=scope):
            told = f'Bearer error="insufficient_scope", scope="{scope.value}"'
            headers = {**headers, "WWW-Authenticate": told}
    return body, status, headers


def _fields_problem(error: InvalidInput) -> tuple[Any, int, dict[str, str]]:
    """A JSON pointer for each field, as `docs/partner-endpoint.md` shows."""
    spelled = fragment if isinstance(error, InvalidDocument) else pointer
    errors = [
        {"pointer": spelled(name), "detail": detail}
        for name, details in error.fields.items()
        for detail in details
    ]
    return _problem(400, {"title": "The body cannot be accepted", "errors": errors})


def _problem(status: int, members: dict[str, Any]) -> tuple[Any, int, dict[str, str]]:
    if for_fhir():
        outcome = outcome_of_problem(status, members)
        return outcome.get_data(), status, _HEADERS.get(status, {}) | dict(outcome.headers)
    problem = {"type": "about:blank", "status": status, **members}
    return jsonify(problem), status, _HEADERS.get(status, {}) | _PROBLEM
