"""FHIR over HTTP: headers, content types and outcomes, for `web.fhir` and for the error handlers.

A sender that speaks FHIR gets an OperationOutcome for everything that went wrong, whoever found it:
never HTML, never a problem document. XML is not spoken, and other versions of FHIR are refused by
name instead of being half understood.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, g, request
from werkzeug.datastructures import ETags
from werkzeug.exceptions import NotAcceptable, UnsupportedMediaType

from adapters.formats.fhir.codes import CONTENT_TYPE
from adapters.formats.fhir.outcome import FhirProblem, Issue, bad, operation_outcome
from referral_hub.errors import InvalidInput
from referral_hub.web.in_time import arriving
from referral_hub.web.json_body import parse, read_body

PREFIX = "/fhir/"
LARGEST = 256 * 1024
PATCH_TYPE = "application/json-patch+json"
REQUEST_ID, CORRELATION = "X-Request-Id", "X-Correlation-Id"
_TYPES = frozenset({CONTENT_TYPE, "application/json"})
_VERSIONS = frozenset({"4.0", "4.0.0", "4.0.1", "R4"})
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
_NHSD = ("NHSD-Target-Identifier", "NHSD-End-User-Organisation")
_CODES = {
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    408: "timeout",
    409: "conflict",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "business-rule",
    425: "transient",
    429: "throttled",
    503: "transient",
}


def for_fhir() -> bool:
    """Whether this request came to the FHIR address."""
    return request.path.startswith(PREFIX)


def answer(resource: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
    """A resource as a response; underscores in header names stand for hyphens."""
    body = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
    response = Response(body, status, content_type=f"{CONTENT_TYPE}; charset=utf-8")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def outcome(status: int, issues: Iterable[Issue]) -> Response:
    """An OperationOutcome as a response."""
    severity = "information" if status < 400 else "error"
    return answer(operation_outcome(status, issues, severity=severity), status)


def problem(error: FhirProblem) -> Response:
    """The outcome of what a format found."""
    return outcome(error.status, error.issues)


def outcome_of_problem(status: int, members: Mapping[str, Any]) -> Response:
    """The outcome that says what a problem document (RFC 9457) would have said."""
    code = _CODES.get(status, "invalid" if status < 500 else "exception")
    errors = members.get("errors")
    if errors:
        issues = [
            Issue("value", one["detail"], one["pointer"].lstrip("#") or None) for one in errors
        ]
    else:
        issues = [Issue(code, members.get("detail") or members["title"])]
    return outcome(status, issues)


def check_exchange() -> None:
    """Check the headers of a message exchange. Raises FhirProblem and NotAcceptable."""
    check_accept()
    missing = [name for name in (REQUEST_ID, CORRELATION) if not _ID.fullmatch(_header(name))]
    if missing:
        raise FhirProblem(
            400,
            [
                Issue("required", f"Send the header {name}: 1 to 128 letters, digits or . _ : -")
                for name in missing
            ],
        )
    g.fhir_request_id = _header(REQUEST_ID)
    for name in _NHSD:
        if name in request.headers:
            _check_base64_json(name)


def check_accept() -> None:
    """Raise NotAcceptable if the sender reads only what is not spoken here."""
    accepted = request.accept_mimetypes
    if accepted and not any(accepted[one] for one in _TYPES):
        raise NotAcceptable


def read_resource() -> tuple[dict[str, Any], bytes]:
    """The body as strict JSON, and its bytes. Raises FhirProblem, UnsupportedMediaType."""
    return _read(_TYPES)


def read_patch() -> object:
    """The body as a JSON Patch. Raises FhirProblem, UnsupportedMediaType."""
    if request.mimetype != PATCH_TYPE:
        raise UnsupportedMediaType
    return _parsed(_body())


def entity_tag(version: object) -> str:
    """The weak entity tag of a version, as FHIR writes it."""
    return f'W/"{version}"'


def check_version(version: object) -> None:
    """Raise FhirProblem if the sender changes a version that is not the newest (`If-Match`)."""
    wanted: ETags = request.if_match
    if wanted and not wanted.contains_weak(str(version)):
        raise FhirProblem(
            412, [Issue("conflict", "This has changed meanwhile. Read it again, then answer.")]
        )


def _read(types: frozenset[str]) -> tuple[dict[str, Any], bytes]:
    if request.mimetype not in types:
        raise UnsupportedMediaType
    version = request.mimetype_params.get("fhirversion")
    if version is not None and version not in _VERSIONS:
        raise FhirProblem(415, [Issue("not-supported", "Send FHIR R4 (4.0.1).")])
    body = _body()
    document = _parsed(body)
    if not isinstance(document, dict):
        raise bad("Send one FHIR resource as a JSON object.", code="structure")
    return document, body


def _body() -> bytes:
    with arriving():
        return read_body(LARGEST)


def _parsed(body: bytes) -> object:
    try:
        return parse(body)
    except InvalidInput as wrong:
        words = next(iter(wrong.fields.values()))[0]
        raise bad(words, code="structure") from None


def _header(name: str) -> str:
    return request.headers.get(name, "")


def _check_base64_json(name: str) -> None:
    try:
        json.loads(base64.b64decode(_header(name), validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise bad(f"The header {name} must be base64 of a JSON object.", code="value") from None
