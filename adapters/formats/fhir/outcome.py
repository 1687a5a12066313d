"""What is wrong with a message, and the OperationOutcome that says so.

A problem holds fixed words and the place of an element, never its value: an outcome is stored and
logged by whoever receives it. `status` is the HTTP status that the standard gives for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from adapters.contract import FormatError
from adapters.formats.fhir.codes import HTTP_ERRORS, UK_CORE

_BARS = {
    400: "REC_BAD_REQUEST",
    401: "SEND_UNAUTHORIZED",
    403: "REC_FORBIDDEN",
    404: "REC_NOT_FOUND",
    405: "SEND_METHOD_NOT_ALLOWED",
    406: "REC_NOT_ACCEPTABLE",
    408: "REC_TIMEOUT",
    409: "REC_CONFLICT",
    412: "REC_CONFLICT",
    413: "REC_BAD_REQUEST",
    415: "REC_BAD_REQUEST",
    422: "REC_UNPROCESSABLE_ENTITY",
    425: "REC_TOO_EARLY",
    428: "REC_BAD_REQUEST",
    429: "SEND_TOO_MANY_REQUESTS",
    500: "REC_SERVER_ERROR",
    503: "REC_SERVICE_UNAVAILABLE",
}
_DEFAULT_BARS = "REC_BAD_REQUEST"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong: an issue-type code, words, and the FHIRPath of the element."""

    code: str
    diagnostics: str
    expression: str | None = None


class FhirProblem(FormatError):
    """A body cannot be accepted as it stands."""

    def __init__(self, status: int, issues: Iterable[Issue]) -> None:
        self.status = status
        self.issues = tuple(issues)
        super().__init__(f"{status}: {len(self.issues)} issue(s)")


def bad(diagnostics: str, expression: str | None = None, *, code: str = "value") -> FhirProblem:
    """A body with one mistake that its sender can put right."""
    return FhirProblem(400, (Issue(code, diagnostics, expression),))


def unsupported(diagnostics: str, expression: str | None = None) -> FhirProblem:
    """A well-formed body that asks for what the hub does not do."""
    return FhirProblem(422, (Issue("not-supported", diagnostics, expression),))


def operation_outcome(
    status: int, issues: Iterable[Issue], *, severity: str = "error"
) -> dict[str, Any]:
    """The OperationOutcome for `issues`, coded as BaRS codes `status`."""
    return {
        "resourceType": "OperationOutcome",
        "meta": {"profile": [f"{UK_CORE}OperationOutcome"]},
        "issue": [_issue(status, issue, severity) for issue in issues],
    }


def _issue(status: int, issue: Issue, severity: str) -> dict[str, Any]:
    code = "OK" if status < 400 else _BARS.get(status, _DEFAULT_BARS)
    written: dict[str, Any] = {
        "severity": severity,
        "code": issue.code,
        "details": {"coding": [{"system": HTTP_ERRORS, "code": code}]},
        "diagnostics": issue.diagnostics,
    }
    if issue.expression:
        written["expression"] = [issue.expression]
    return written
