"""Referrals as a partner's system sends them: plain and sealed."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey
from werkzeug.test import TestResponse

from consent.notices import current
from referral_hub.services.demo_town import AGENCIES
from referral_hub.store import directory
from tests.api.client import Client
from tests.crypto.jose import encode, segment

PATH = "/api/v1/referrals"
JSON = "application/json"
JOSE = "application/jose"
Body = dict[str, Any]


def agencies(town: Any) -> dict[str, str]:
    """Agency ids by the demonstration's keys."""
    with town.hub.database.one_statement() as connection:
        return {a.key: str(directory.agency_named(connection, a.name)) for a in AGENCIES}


def count(town: Any, table: str) -> int:
    """How many rows a table has."""
    with town.hub.database.working() as connection:
        found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}")  # noqa: S608 - ours
        return int(found.scalar_one())


def referral(town: Any, *, to: tuple[str, ...] = ("neighbours", "council"), **changed: Any) -> Body:
    """A complete referral of an invented person, who agreed to `to`."""
    known, at = agencies(town), town.hub.clock()
    words = current("support-referral", "en", at)
    return {
        "person": {
            "first_name": "Zebedee",
            "family_name": "Quillfeather",
            "date_of_birth": "1948-03-27",
            "area": "MF-HAR",
            "address": "4 Gannet Row\nHarbour",
            "postcode": "MF1 2AB",
        },
        "contact": {"phone": "07700 900982", "preferred": ["phone"], "never": ["post"]},
        "access": {"language": "en"},
        "needs": ["lonely"],
        "why": "Low mood after a bereavement",
        "task_note": "Ring twice, the bell is quiet",
        "agreement": {
            "given": True,
            "notice": {"id": words.id, "version": words.version, "language": words.language},
            "method": "in_person",
            "given_by": "self",
            "recipients": [known[key] for key in to],
            "classes": ["identity", "contact", "need", "access_needs", "health"],
            "valid_until": (at.date() + timedelta(days=365)).isoformat(),
            "service_agreement": True,
        },
        **changed,
    }


def send(
    client: Client,
    body: object,
    *,
    key: str | None = None,
    token: str | None = None,
    content_type: str = JSON,
    path: str = PATH,
    headers: dict[str, str] | None = None,
) -> TestResponse:
    """POST a body (a dict as JSON, bytes as they are) with a fresh key and token."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {
        "Authorization": f"Bearer {token or client.token()}",
        "Idempotency-Key": uuid.uuid4().hex if key is None else key,
        **(headers or {}),
    }
    return client.http.post(
        path, data=data, content_type=content_type, headers={k: v for k, v in sent.items() if v}
    )


def jws_header(client: Client, **changed: Any) -> Body:
    """The protected header that a document is signed under."""
    return {
        "alg": "Ed25519",
        "kid": client.kid,
        "typ": "referral-hub+jws",
        "cty": JSON,
        "iss": str(client.id),
        "aud": client.hub.settings.public_url + PATH,
        "jti": uuid.uuid4().hex,
        "iat": int(client.hub.clock().timestamp()),
        **changed,
    }


def jwe_header(jwk: Body, **changed: Any) -> Body:
    """The protected header that a document is sealed under."""
    return {
        "alg": "ECDH-ES+A256KW",
        "enc": "A256GCM",
        "kid": jwk["kid"],
        "typ": "referral-hub+jwe",
        "cty": "referral-hub+jws",
        **changed,
    }


def hub_keys(client: Client) -> list[Body]:
    """The hub's published encryption keys."""
    published = client.http.get("/api/v1/jwks.json").get_json()["keys"]
    return [jwk for jwk in published if jwk["use"] == "enc"]


def sign(client: Client, document: bytes, header: Body) -> str:
    """A compact JWS, of any header."""
    message = f"{segment(header)}.{encode(document)}"
    return f"{message}.{encode(client.key.sign(message.encode()))}"


def seal(
    client: Client,
    body: object,
    *,
    jwk: Body | None = None,
    header: Body | None = None,
    **signed: Any,
) -> bytes:
    """A document signed by the client and sealed to the hub; `signed` changes its head."""
    document = body if isinstance(body, bytes) else json.dumps(body).encode()
    to = jwk or hub_keys(client)[0]
    inner = sign(client, document, jws_header(client, **signed))
    public = {name: to[name] for name in ("kty", "crv", "x", "y") if name in to}
    key = OKPKey.import_key(public) if to["kty"] == "OKP" else ECKey.import_key(public)
    algorithms = ["ECDH-ES+A256KW", "A256GCM", "ECDH-ES", "A128GCM", "ECDH-ES+A128KW", "DEF"]
    sealed = jwe.encrypt_compact(header or jwe_header(to), inner, key, algorithms=algorithms)
    return sealed.encode()
