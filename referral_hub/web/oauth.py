"""The authorisation server's addresses: token, revocation, metadata (RFC 6749, 7009, 8414).

A request is a form with each parameter once; parameters that are not known are ignored, as RFC 6749
section 3.1 asks. A client authenticates by `private_key_jwt` and by nothing else: a secret or an
`Authorization` header is refused as what it is. Answers are never cached, and every failure to
authenticate is the same answer.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from flask import jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from referral_hub.domain.codes import Scope
from referral_hub.services.hub import Hub
from referral_hub.services.token_endpoint import (
    REVOCATION_PATH,
    TOKEN_PATH,
    OAuthError,
    OAuthRefused,
    TokenRequest,
    issue_token,
    revoke_token,
)
from referral_hub.web.guards import Guard
from referral_hub.web.json_body import read_body
from referral_hub.web.rates import TooOften, count_address, count_token

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ["ES256", "ES384", "EdDSA", "Ed25519"]
METADATA_PATH = "/.well-known/oauth-authorization-server"
_FORM = "application/x-www-form-urlencoded"
_MOST_PARAMETERS = 20
_STATUS = {OAuthError.INVALID_CLIENT: 401}


def token(hub: Hub) -> Any:
    """Issue an access token, or refuse in the words of RFC 6749."""
    try:
        given = _parameters()
        if given.get("grant_type") != "client_credentials":
            raise OAuthRefused(
                OAuthError.UNSUPPORTED_GRANT_TYPE, "Use grant_type=client_credentials."
            )
        asked = TokenRequest(
            _assertion(given), given.get("client_id"), given.get("scope"), _proof()
        )
        granted = issue_token(hub, asked, admit=count_token)
    except OAuthRefused as refused:
        return _refusal(refused)
    except TooOften as refused:
        return _slow_down(refused)
    return jsonify(
        access_token=granted.token,
        token_type="DPoP" if granted.bound else "Bearer",
        expires_in=granted.seconds,
        scope=" ".join(granted.scopes),
    )


def revoke(hub: Hub) -> Any:
    """End a token of the client's; an unknown one is no error (RFC 7009 section 2.2)."""
    try:
        given = _parameters()
        if "token" not in given:
            raise OAuthRefused(OAuthError.INVALID_REQUEST, "Send the token to revoke.")
        asked = TokenRequest(_assertion(given), given.get("client_id"))
        revoke_token(hub, asked, given["token"])
    except OAuthRefused as refused:
        return _refusal(refused)
    return jsonify()


def metadata(hub: Hub) -> Any:
    """What a client's library reads to configure itself (RFC 8414)."""
    issuer = hub.settings.public_url
    return jsonify(
        issuer=issuer,
        token_endpoint=issuer + TOKEN_PATH,
        token_endpoint_auth_methods_supported=["private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported=ALGORITHMS,
        revocation_endpoint=issuer + REVOCATION_PATH,
        revocation_endpoint_auth_methods_supported=["private_key_jwt"],
        revocation_endpoint_auth_signing_alg_values_supported=ALGORITHMS,
        grant_types_supported=["client_credentials"],
        response_types_supported=[],
        scopes_supported=[scope.value for scope in Scope],
        dpop_signing_alg_values_supported=ALGORITHMS,
        jwks_uri=issuer + "/api/v1/jwks.json",
        service_documentation=issuer + "/api/v1/docs",
    )


def _parameters() -> dict[str, str]:
    """Return the form's parameters, each given once. Raises OAuthRefused."""
    if request.mimetype != _FORM:
        raise _invalid(f"Send a form ({_FORM}).")
    try:
        pairs = parse_qsl(
            read_body().decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            max_num_fields=_MOST_PARAMETERS,
            errors="strict",
        )
    except RequestEntityTooLarge:
        raise _invalid("Send less.") from None
    except ValueError:
        raise _invalid("Send a form with name=value pairs, percent-encoded UTF-8.") from None
    given = dict(pairs)
    if len(given) != len(pairs):
        raise _invalid("Send each parameter once.")
    return {name: value for name, value in given.items() if value}


def _assertion(given: dict[str, str]) -> str:
    if request.headers.get("Authorization") or "client_secret" in given:
        raise OAuthRefused(
            OAuthError.INVALID_CLIENT, "Authenticate with private_key_jwt and nothing else."
        )
    if given.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in given:
        raise OAuthRefused(
            OAuthError.INVALID_CLIENT,
            f"Send client_assertion_type={ASSERTION_TYPE} and a client_assertion.",
        )
    return given["client_assertion"]


def _proof() -> str | None:
    proofs = request.headers.getlist("DPoP")
    if len(proofs) > 1:
        raise OAuthRefused(OAuthError.INVALID_DPOP_PROOF, "Send one DPoP proof.")
    return proofs[0] if proofs else None


def _invalid(description: str) -> OAuthRefused:
    return OAuthRefused(OAuthError.INVALID_REQUEST, description)


def _refusal(refused: OAuthRefused) -> Any:
    answer = jsonify(error=refused.error.value, error_description=str(refused))
    answer.status_code = _STATUS.get(refused.error, 400)
    if answer.status_code == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Referral Hub"'
    return answer


def _slow_down(refused: TooOften) -> Any:
    answer = jsonify(error="temporarily_unavailable", error_description=str(refused))
    answer.status_code = 429
    answer.headers["Retry-After"] = str(refused.seconds)
    return answer


def _admit(_hub: Hub) -> tuple[()]:
    count_address()
    return ()


CLIENTS = Guard("client: private_key_jwt in the request", _admit, csrf=False)
