"""How the API answers a read: with an `ETag`, so that what has not changed is not sent again.

The tag is a hash of the answer itself, so it changes exactly when the answer does. A change may be
made conditional on it by `If-Match` (RFC 9110 section 13).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, request
from marshmallow import ValidationError
from werkzeug.exceptions import PreconditionFailed

from referral_hub.errors import InvalidInput
from referral_hub.web.forms.api_fields import read_id

JSON = "application/json"


def readable(shown: Mapping[str, Any]) -> Response:
    """Return `shown`, or 304 where the client has it already."""
    response = Response(_bytes(shown), content_type=JSON)
    response.set_etag(_tag(shown))
    response.make_conditional(request)
    return response


def require_match(shown: Mapping[str, Any]) -> None:
    """Refuse a change of what has changed since the client read it. Raises PreconditionFailed."""
    wanted = request.if_match
    if request.headers.get("If-Match") and not wanted.contains(_tag(shown)):
        raise PreconditionFailed


def conditional() -> bool:
    """Whether the client asks for a change only of what it has read."""
    return "If-Match" in request.headers


def cursor(name: str) -> UUID | None:
    """Return the id that a page begins after; the request has no other parameter.

    Raises InvalidInput.
    """
    unknown = set(request.args) - {name}
    given = request.args.getlist(name)
    if unknown or len(given) > 1:
        raise InvalidInput({name: (f"This address takes the parameter {name} once, no other.",)})
    if not given:
        return None
    try:
        return read_id(given[0])
    except ValidationError as problem:
        raise InvalidInput({name: tuple(map(str, problem.messages))}) from None


def no_parameters() -> None:
    """Refuse parameters that would be ignored. Raises InvalidInput."""
    if request.args:
        raise InvalidInput({"": ("This address takes no parameters.",)})


def _bytes(shown: Mapping[str, Any]) -> bytes:
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def _tag(shown: Mapping[str, Any]) -> str:
    return hashlib.sha256(_bytes(shown)).hexdigest()[:32]
