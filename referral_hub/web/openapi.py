"""OpenAPI 3.1 of the hub's JSON API, generated from the schemas that check and answer.

Only the shape can be said in OpenAPI; rules across members (a phone number where the phone is
preferred) are told by the 400 that breaks them.
"""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from referral_hub.domain.codes import Scope
from referral_hub.services.token_endpoint import TOKEN_PATH
from referral_hub.web.api_answers import Problem
from referral_hub.web.api_operations import OPERATIONS, Operation
from referral_hub.web.labels import Labels

_PROBLEM, _JSON, _JOSE = "application/problem+json", "application/json", "application/jose"
_ERRORS = {
    400: "Something is to be put right; the errors have a pointer for each member",
    401: "No access token that is in force",
    403: "The token or the client does not allow this",
    404: "Not there, or not your agency's: the two look alike",
    409: "Not possible in the state that it is in, or a request with this key is being handled",
    412: "It has changed since it was read",
    413: "Too long",
    415: "Not a content type that is taken here",
    422: "The Idempotency-Key was used for another request",
    429: "Too often; Retry-After says how long to wait",
    503: "Not just now; nothing is lost",
}


def describe(public_url: str) -> dict[str, Any]:
    """Return the whole description as a JSON object."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="Referral Hub",
        version="1",
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": _INTRODUCTION, "license": {"name": "Apache-2.0"}},
        servers=[{"url": public_url}],
    )
    words = Labels()
    scopes = {scope.value: words.label(scope) for scope in Scope}
    spec.components.security_scheme(
        "oauth",
        {
            "type": "oauth2",
            "description": "Client credentials with private_key_jwt (RFC 7523)",
            "flows": {"clientCredentials": {"tokenUrl": public_url + TOKEN_PATH, "scopes": scopes}},
        },
    )
    for operation in OPERATIONS:
        spec.path(path=operation.path, operations={operation.method: _described(operation)})
    return spec.to_dict()


def _described(operation: Operation) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": [{"oauth": [operation.scope.value] if operation.scope else []}],
        "parameters": _parameters(operation),
        "responses": {str(operation.status): _success(operation)}
        | {str(status): _problem(status) for status in _expected(operation)},
    }
    if operation.body is not None:
        content: dict[str, Any] = {_JSON: {"schema": operation.body}}
        if operation.sealed:
            content[_JOSE] = {"schema": {"type": "string", "description": _SEALED}}
        said["requestBody"] = {"required": True, "content": content}
    if operation.conditional and operation.method == "get":
        said["responses"]["304"] = {"description": "What you have is still right"}
    return said


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    identifier = {"type": "string", "format": "uuid"}
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": identifier}
        for name in operation.ids
    ]
    if operation.query is not None:
        found.append({"name": operation.query, "in": "query", "schema": identifier})
    if operation.keyed:
        key = {"type": "string", "pattern": "^[!-~]{1,255}$"}
        found.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": key})
    if operation.conditional:
        name = "If-None-Match" if operation.method == "get" else "If-Match"
        found.append({"name": name, "in": "header", "schema": {"type": "string"}})
    correlation = {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$"}
    found.append({"name": "X-Correlation-Id", "in": "header", "schema": correlation})
    return found


def _success(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {"description": operation.summary}
    if operation.answer is None:
        told["content"] = {kind: {"schema": {"type": "string"}} for kind in operation.kinds}
    else:
        told["content"] = {_JSON: {"schema": operation.answer}}
    return told


def _problem(status: int) -> dict[str, Any]:
    return {"description": _ERRORS[status], "content": {_PROBLEM: {"schema": Problem}}}


def _expected(operation: Operation) -> list[int]:
    expected = {400, 401, 403, 429, 503}
    if operation.ids or operation.name == "giveConsent":
        expected |= {404}
    if operation.body is not None:
        expected |= {413, 415}
    if operation.conflicts:
        expected |= {409}
    if operation.keyed:
        expected |= {422}
    if operation.conditional and operation.method == "post":
        expected |= {412}
    return sorted(expected)


def _name(schema: Schema | type[Schema]) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__


_SEALED = (
    "The same document, signed by your client (JWS) and sealed to a key of /api/v1/jwks.json"
    " (JWE, ECDH-ES+A256KW and A256GCM); see the partner guide"
)
_INTRODUCTION = (
    "Send referrals, read what became of them, and answer those that reached your agency."
    " Unknown members are errors. Every answer is JSON; every error is a problem document"
    " (RFC 9457) that says how to put it right."
)
