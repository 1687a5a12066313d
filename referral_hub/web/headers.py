"""What every answer carries: a request id, and headers that leave a browser little to do wrong.

Scripts and styles come from this origin alone. The one inline script of the GOV.UK page template is
allowed by its hash rather than a nonce, so that two answers to the same question are the same bytes
and "not yours" cannot be told from "not there". Pages are never cached; built assets, the log's
tiles and the public directory are. No address leaves with a referrer: form posts are checked by
their token and by `Sec-Fetch-Site`.
"""

from __future__ import annotations

import base64
import hashlib
import re

from flask import Flask, Response, request
from jinja2 import Environment
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from referral_hub.observe import begin_request, current_request_id

LARGEST_BODY = 64 * 1024
MOST_FIELDS = 200
_INLINE_SCRIPT = re.compile(r"<script[^>]*>(document\.body.*?)</script>", re.DOTALL)
_FORM = "application/x-www-form-urlencoded"
_SENDING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PROGRAMS = ("/api/", "/fhir/", "/oauth/", "/partner/", "/open-referral/", "/.well-known/")
_STREAMED = frozenset({"imports.receive"})  # read, and its token checked, by web.upload
_SAME_SITE = frozenset({"same-origin", "none"})


def harden(app: Flask, *, production: bool) -> None:
    """Check what comes in before any view, and complete what goes out after it."""
    policy = content_security_policy(app.jinja_env)
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_BODY, MAX_FORM_PARTS=MOST_FIELDS)

    @app.before_request
    def _number() -> None:
        begin_request(request.headers.get("X-Request-Id"))

    @app.before_request
    def _check_form() -> None:
        if request.method in _SENDING and not for_programs():
            check_form()

    @app.after_request
    def _complete(response: Response) -> Response:
        response.headers["X-Request-Id"] = current_request_id() or ""
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers["Permissions-Policy"] = (
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        kept = response.cache_control.immutable or response.cache_control.public
        if request.endpoint != "static" and not kept:
            response.headers["Cache-Control"] = "no-store"
        if production:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        return response


def content_security_policy(templates: Environment) -> str:
    """The policy, with the hash of the page template's own inline script."""
    source = templates.loader.get_source(templates, "govuk_frontend_jinja/template.html")[0]  # type: ignore[union-attr]  # set in rendering
    found = _INLINE_SCRIPT.search(source)
    if found is None:
        raise LookupError("the page template has no inline script; the policy can drop its hash")
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    return (
        "default-src 'none'; "
        f"script-src 'self' 'sha256-{digest}'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def check_form() -> None:
    """Refuse what no page of ours sends: another site's form, another type, too many fields."""
    if request.headers.get("Sec-Fetch-Site", "none") not in _SAME_SITE:
        raise BadRequest("The form was sent from another site.")
    if request.endpoint in _STREAMED:
        return
    if request.mimetype != _FORM:
        raise UnsupportedMediaType
    if request.get_data(cache=True, parse_form_data=False).count(b"&") >= MOST_FIELDS:
        raise RequestEntityTooLarge


def for_programs() -> bool:
    """Whether this request is for a program: no forms, and problems instead of pages."""
    return request.path.startswith(_PROGRAMS)
