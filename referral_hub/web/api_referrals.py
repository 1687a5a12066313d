"""Sending a referral by a partner's system, and what became of it.

The order of refusals is fixed: a token that is not in force is 401 whatever the body is, and
nothing about the body is told before. A body is plain JSON, where the client may send it, or sealed
(`application/jose`): the same document, signed by the client and encrypted to the hub. A request
that was answered before is answered the same, even when its body would be refused by now.
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from referral_hub.domain.codes import Scope
from referral_hub.errors import InvalidInput
from referral_hub.services.api_access import Credential, authenticate
from referral_hub.services.hub import Hub
from referral_hub.services.receive_referral import (
    LARGEST_SEALED,
    Knock,
    UnverifiedDocument,
    Written,
    answered_before,
    opened,
    receive_referral,
)
from referral_hub.services.submit_referral import Submitted
from referral_hub.web.api_answers import accepted
from referral_hub.web.api_reading import no_parameters
from referral_hub.web.api_staged import LENIENT, lenient, staged, telling
from referral_hub.web.forms.api_referral import referral_body
from referral_hub.web.json_body import InvalidDocument, read_body, read_document
from referral_hub.web.rendering import today

PATH = "/api/v1/referrals"
KEY = "Idempotency-Key"
LARGEST_PLAIN = 32 * 1024
SEALED, PLAIN = "application/jose", "application/json"
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


def submit(hub: Hub, shown: Credential) -> Response:
    """Accept a referral: 202 with its reference, where it stands, and what was decided."""
    base = hub.settings.public_url + PATH
    try:
        no_parameters()
        key, sealed, content = idempotency_key(), *_content(hub)
    except (InvalidInput, UnsupportedMediaType, RequestEntityTooLarge):
        authenticate(hub, shown, Scope.REFERRAL_SUBMIT)
        raise
    knock = Knock(
        shown,
        Scope.REFERRAL_SUBMIT,
        f"POST {PATH}",
        key,
        content,
        audience=base,
        telling=telling(hub),
        sealed=sealed,
    )

    def answering(submitted: Submitted, at: datetime) -> Written:
        body = json.dumps(accepted(submitted, at, base), separators=(",", ":")).encode()
        return Written(202, PLAIN, body, location=f"{base}/{submitted.referral_id}")

    try:
        plain = read_document(referral_body(today(hub.clock())), content)
    except InvalidInput as wrong:
        _, first = answered_before(hub, knock)
        return _waiting(hub, knock, wrong) if first is None else written_response(first)
    try:
        return written_response(receive_referral(hub, knock, plain, answering))
    except InvalidInput as wrong:
        return _waiting(hub, knock, _pointed(wrong))


def _waiting(hub: Hub, knock: Knock, wrong: InvalidInput) -> Response:
    """Let it wait for a person, where the sender wants that and one can put it right.

    Raises InvalidInput, what is wrong, where not.
    """
    may = lenient() and knock.sealed is None and isinstance(wrong, InvalidDocument)
    written = staged(hub, knock, wrong) if may else None
    if written is None:
        raise wrong
    response = written_response(written)
    response.headers["Preference-Applied"] = LENIENT
    return response


def written_response(written: Written) -> Response:
    """Return an answer as it was written down, with a header where it is a repetition."""
    response = Response(written.body, written.status, content_type=written.content_type)
    if written.location is not None:
        response.headers["Location"] = written.location
    if written.repeated:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def idempotency_key() -> str:
    """Return the request's key. Raises InvalidInput."""
    key = request.headers.get(KEY, "")
    if not _KEY.fullmatch(key):
        words = f"Send the header {KEY}: 1 to 255 visible characters, new for each new request."
        raise InvalidInput({KEY: (words,)})
    return key


def _content(hub: Hub) -> tuple[UnverifiedDocument | None, bytes]:
    """Return the seal, if there is one, and the document's bytes, which nothing vouches for yet."""
    if request.mimetype == PLAIN:
        return None, read_body(LARGEST_PLAIN)
    if request.mimetype != SEALED:
        raise UnsupportedMediaType
    sealed = opened(hub, read_body(LARGEST_SEALED))
    return sealed, sealed.payload


def _pointed(wrong: InvalidInput) -> InvalidDocument:
    """The service names a field; the body has it at another place."""
    places = {"area": "/person/area"} | {
        name: f"/{name}" for name in ("wishes/first", "wishes/never", "agreement/recipients")
    }
    return InvalidDocument({places.get(name, name): texts for name, texts in wrong.fields.items()})
