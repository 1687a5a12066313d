"""A partner's system as a client of the hub: registered, with a key, signing what it sends."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from joserfc.jwk import OKPKey
from werkzeug.test import TestResponse

from referral_hub.domain.codes import Role, Scope
from referral_hub.services.clients import ClientTerms, add_key, register_client
from referral_hub.services.hub import Hub
from referral_hub.services.token_endpoint import REVOCATION_PATH, TOKEN_PATH
from referral_hub.web.oauth import ASSERTION_TYPE
from tests.crypto.jose import ed25519_jwk, encode, signed

FORM = "application/x-www-form-urlencoded"
Signer = Callable[[object, object], str]


@dataclass
class Client:
    """One registered client, its key, and the calls it makes."""

    hub: Hub
    http: FlaskClient
    id: UUID
    agency_id: UUID
    key: Ed25519PrivateKey
    kid: str = "first"
    proof_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def claims(self, **changed: object) -> dict[str, object]:
        now = int(self.hub.clock().timestamp())
        claims: dict[str, object] = {
            "iss": str(self.id),
            "sub": str(self.id),
            "aud": self.hub.settings.public_url + TOKEN_PATH,
            "iat": now,
            "exp": now + 120,
            "jti": uuid.uuid4().hex,
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def header(self, **changed: object) -> dict[str, object]:
        header: dict[str, object] = {"alg": "EdDSA", "kid": self.kid, "typ": "JWT", **changed}
        return {name: value for name, value in header.items() if value is not None}

    def assertion(self, header: object = None, **changed: object) -> str:
        return signed(header or self.header(), self.claims(**changed), self.key)

    def parameters(self, assertion: str | None = None, **more: str) -> dict[str, str]:
        given = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
            **more,
        }
        return {name: value for name, value in given.items() if value}

    def ask(self, assertion: str | None = None, *, proof: str = "", **more: str) -> TestResponse:
        """Ask for a token."""
        headers = {"DPoP": proof} if proof else {}
        body = urlencode(self.parameters(assertion, **more))
        return self.http.post(TOKEN_PATH, data=body, content_type=FORM, headers=headers)

    def token(self, **more: str) -> str:
        answer = self.ask(**more)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        token: str = answer.get_json()["access_token"]
        return token

    def revoke(self, token: str) -> TestResponse:
        body = urlencode(self.parameters(token=token))
        return self.http.post(REVOCATION_PATH, data=body, content_type=FORM)

    def proof(self, path: str = TOKEN_PATH, token: str | None = None, **changed: object) -> str:
        """A DPoP proof; keyword arguments change its claims, `header` its header."""
        header = changed.pop("header", None) or {
            "typ": "dpop+jwt",
            "alg": "EdDSA",
            "jwk": OKPKey.import_key(self.proof_key.public_key()).as_dict(private=False),
        }
        claims: dict[str, object] = {
            "htm": "POST",
            "htu": self.hub.settings.public_url + path,
            "iat": int(self.hub.clock().timestamp()),
            "jti": uuid.uuid4().hex,
            **({"ath": encode(hashlib.sha256(token.encode()).digest())} if token else {}),
            **changed,
        }
        return signed(header, {k: v for k, v in claims.items() if v is not None}, self.proof_key)


def register(
    town: Any,
    username: str = "surgery-admin",
    *,
    scopes: Iterable[Scope] = Scope,
    plain_json: bool = True,
    name: str | None = None,
) -> Client:
    """A fresh client of that member of staff's agency, with one Ed25519 key."""
    admin = replace(town.actor(username), role=Role.AGENCY_ADMIN)
    terms = ClientTerms(frozenset(scopes), plain_json)
    client_id = register_client(town.hub, admin, name or f"System {uuid.uuid4().hex[:8]}", terms)
    key = Ed25519PrivateKey.generate()
    add_key(town.hub, admin, client_id, json.dumps(ed25519_jwk(key, "first")))
    return Client(town.hub, town.app.test_client(), client_id, admin.agency_id, key)
