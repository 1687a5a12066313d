"""A partner that signs its requests, as the partner guide tells it to."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from referral_hub.domain.codes import NeedCode, Transport
from referral_hub.services.hub import Hub
from referral_hub.store import registers
from tests.crypto.jose import ed25519_jwk, signed
from tests.web.mereford import Mereford

LIFTS = frozenset({NeedCode.LIFTS})
HEADER = {"alg": "EdDSA", "kid": "sig-1", "typ": "JWT"}


@dataclass
class Partner:
    """An agency with a signing key of its own, and the requests that it makes."""

    hub: Hub
    agency_id: UUID
    client: FlaskClient
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def register(self, owner_url: str, **changed: Any) -> None:
        """Make the public half known. Deliveries go to the inbox, so that no server is needed."""
        row = {
            "agency_id": self.agency_id,
            "transport": Transport.INBOX.value,
            "url": "https://partner.example/referrals",
            "encryption_jwk": None,
            "signing_jwks": {"keys": [ed25519_jwk(self.key, "sig-1")]},
            "enabled": True,
            "updated_at": self.hub.clock(),
            **changed,
        }
        with registers.as_owner(owner_url) as connection:
            registers.put_endpoint(connection, row)

    def claims(self, path: str, body: bytes, **changed: object) -> dict[str, object]:
        now = int(self.hub.clock().timestamp())
        agency = str(self.agency_id)
        return {
            "iss": agency,
            "sub": agency,
            "aud": self.hub.settings.public_url + path,
            "iat": now,
            "exp": now + 120,
            "jti": f"request-number-{next(self.numbers):012d}",
            "body_sha256": hashlib.sha256(body).hexdigest(),
            **changed,
        }

    def token(self, path: str, body: bytes, **changed: object) -> str:
        return signed(HEADER, self.claims(path, body, **changed), self.key)

    def send(
        self,
        path: str,
        body: bytes = b"{}",
        *,
        token: str | None = None,
        content_type: str = "application/json",
    ) -> TestResponse:
        """POST `body`, with a good token unless another is given."""
        bearer = self.token(path, body) if token is None else token
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self.client.post(path, data=body, headers=headers, content_type=content_type)


def partner_of(mereford: Mereford, key: str, client: FlaskClient) -> Partner:
    """The system of one of the town's agencies, registered."""
    partner = Partner(mereford.hub, mereford.agencies[key], client)
    partner.register(mereford.owner_url)
    return partner


def address(task_id: object, action: str) -> str:
    return f"/partner/v1/tasks/{task_id}/{action}"
