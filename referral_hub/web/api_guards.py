"""Who may reach an address of the API: an access token with a scope, said beside the route.

    api(scope)              view(hub, caller, **ids)
    api_knock(scope)        view(hub, credential, **ids): the token is asked about in the view's
                            own read, which is what keeps accepting a referral to one; a proof
                            that came with it is spent here, once for the request
    API_READER              view(hub, caller, **ids): any token that is in force

In front of both: calls are counted for the address, then for the client that the token was issued
to, and `X-Correlation-Id` is checked, because it is sent back.
"""

from __future__ import annotations

import re

from flask import Flask, Response, g, request

from referral_hub.domain.codes import Scope
from referral_hub.errors import InvalidInput
from referral_hub.services.api_access import (
    Caller,
    Credential,
    Presented,
    authenticate,
    credential,
    proved,
)
from referral_hub.services.hub import Hub
from referral_hub.web.guards import Guard
from referral_hub.web.rates import count_address, count_client

CORRELATION = "X-Correlation-Id"
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
_SCHEMES = ("bearer", "dpop")


def api(scope: Scope | None) -> Guard:
    """A client whose token is in force and includes `scope`."""

    def admit(hub: Hub) -> tuple[Caller]:
        return (authenticate(hub, _shown(hub), scope),)

    return Guard(f"api: {scope or 'any token'}", admit, csrf=False)


def api_knock(scope: Scope) -> Guard:
    """A token that this hub issued; the view asks whether it is in force, and for `scope`."""

    def admit(hub: Hub) -> tuple[Credential]:
        return (proved(hub, _shown(hub), scope),)

    return Guard(f"api, asked in the view's read: {scope}", admit, csrf=False)


API_READER = api(None)


def echo_correlation(app: Flask) -> None:
    """Send a correlation id back with whatever is answered."""

    @app.after_request
    def _echo(response: Response) -> Response:
        given = g.get("correlation")
        if given is not None:
            response.headers[CORRELATION] = given
        return response


def _shown(hub: Hub) -> Credential:
    count_address()
    _correlate()
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    proofs = request.headers.getlist("DPoP")
    shown = credential(
        hub,
        Presented(
            token=token.strip() if scheme.lower() in _SCHEMES and token.strip() else None,
            scheme=scheme.lower(),
            proof=proofs[0] if len(proofs) == 1 else ("" if proofs else None),
            method=request.method,
            url=hub.settings.public_url + request.path,
        ),
    )
    count_client(shown.issued.client_id)
    return shown


def _correlate() -> None:
    given = request.headers.get(CORRELATION)
    if given is None:
        return
    if not _CORRELATION_ID.fullmatch(given):
        raise InvalidInput(
            {CORRELATION: ("Send 1 to 128 letters, digits or . _ : - in this header.",)}
        )
    g.correlation = given
