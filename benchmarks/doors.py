"""The doors of partner systems beside the bare view: the hub's own application and server.

Each request is another referral under another key; bodies are prepared before anything is timed, so
that what is measured is the hub's work: token, checks, decision, seals, log, one write. Tokens are
asked for with signed statements that were prepared as well.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwe
from joserfc.jwk import OKPKey

from adapters.formats.fhir import codes
from benchmarks.accepting import bare_table, free_port, served, wait_for
from benchmarks.load import Measured, drive_each, request_bytes
from benchmarks.served import BODY
from benchmarks.town import Town
from consent.notices import current
from referral_hub.domain.codes import Role, Scope
from referral_hub.services.clients import ClientTerms, add_key, register_client

Figures = dict[str, Any]
CONNECTIONS = 8
_QUOTA = str(10**7)
_DOORS = ("json", "sealed", "fhir", "token")


@dataclass(frozen=True)
class _Client:
    """A registered system that signs."""

    id: uuid.UUID
    key: Ed25519PrivateKey

    def signed(self, header: dict[str, Any], payload: bytes) -> str:
        """A compact JWS."""
        head = {"kid": "bench", **header}
        message = f"{_segment(json.dumps(head).encode())}.{_segment(payload)}"
        return f"{message}.{_segment(self.key.sign(message.encode()))}"


def beside_the_bare_view(town: Town, *, rounds: int, seconds: float, most: int) -> Figures:
    """Return rates and latencies of each door, and its rate ÷ the bare view's; rounds alternate.

    `most` requests are prepared for each door and round.
    """
    bare_table(town)
    client = _registered(town)
    seen: dict[str, list[Measured]] = {name: [] for name in ("bare", *_DOORS)}
    with served(town) as bare_port, _hub(town) as port:
        hub = httpx.Client(base_url=f"http://127.0.0.1:{port}")
        makers = _makers(town, client, hub)
        bare = request_bytes("/bare", json.dumps(BODY).encode(), town.token)
        for number in range(rounds + 1):
            timed = seconds if number else 1.0
            found = {"bare": drive_each(bare_port, [bare] * most, CONNECTIONS, timed)}
            for name in _DOORS:
                prepared = [makers[name]() for _ in range(most)]
                found[name] = drive_each(port, prepared, CONNECTIONS, timed)
            if number:  # the first round warms up
                for name, measured in found.items():
                    seen[name].append(measured)
        hub.close()
    return _figures(seen)


def _figures(seen: dict[str, list[Measured]]) -> Figures:
    figures: Figures = {"door_failures": sum(m.failures for all_ in seen.values() for m in all_)}
    for name, measured in seen.items():
        figures[f"{name}_door_per_second"] = statistics.median(m.rate for m in measured)
        for part in (0.5, 0.95, 0.99):
            figures[f"{name}_door_p{part * 100:g}_ms"] = statistics.median(
                m.percentile(part) for m in measured
            )
        figures[f"{name}_door_to_bare"] = statistics.median(
            m.rate / bare.rate for m, bare in zip(measured, seen["bare"], strict=True)
        )
    return figures


def _registered(town: Town) -> _Client:
    admin = replace(town.actor, role=Role.AGENCY_ADMIN)
    terms = ClientTerms(frozenset(Scope), plain_json=True)
    client = _Client(
        register_client(town.hub, admin, "The bench's system", terms), Ed25519PrivateKey.generate()
    )
    public = OKPKey.import_key(client.key.public_key()).as_dict(private=False)
    add_key(town.hub, admin, client.id, json.dumps({**public, "kid": "bench", "use": "sig"}))
    return client


def _makers(town: Town, client: _Client, hub: httpx.Client) -> dict[str, Callable[[], bytes]]:
    base = town.hub.settings.public_url
    token = hub.post("/oauth/token", data=_statement(town, client)).json()["access_token"]
    keys = hub.get("/api/v1/jwks.json").json()["keys"]
    to = next(one for one in keys if one["use"] == "enc" and one["kty"] == "OKP")
    body = json.dumps(_referral(town)).encode()

    def as_json() -> bytes:
        return _posted("/api/v1/referrals", body, token, "application/json")

    def as_sealed() -> bytes:
        header = {
            "alg": "Ed25519", "typ": "referral-hub+jws", "cty": "application/json",
            "iss": str(client.id), "aud": f"{base}/api/v1/referrals", "jti": uuid.uuid4().hex,
            "iat": int(town.hub.clock().timestamp()),
        }  # fmt: skip
        outer = {
            "alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": to["kid"],
            "typ": "referral-hub+jwe", "cty": "referral-hub+jws",
        }  # fmt: skip
        public = OKPKey.import_key({name: to[name] for name in ("kty", "crv", "x")})
        inner = client.signed(header, body).encode()
        sealed = jwe.encrypt_compact(outer, inner, public, ["ECDH-ES+A256KW", "A256GCM"])
        return _posted("/api/v1/referrals", sealed.encode(), token, "application/jose")

    def as_fhir() -> bytes:
        written = json.dumps(_message(town)).encode()
        return _posted("/fhir/R4/$process-message", written, token, codes.CONTENT_TYPE)

    def as_token() -> bytes:
        form = urlencode(_statement(town, client)).encode()
        return _posted("/oauth/token", form, "", "application/x-www-form-urlencoded")

    return {"json": as_json, "sealed": as_sealed, "fhir": as_fhir, "token": as_token}


def _posted(path: str, body: bytes, token: str, kind: str) -> bytes:
    headers = {
        "Host": "bench",
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        "Idempotency-Key": uuid.uuid4().hex,
        "X-Request-Id": uuid.uuid4().hex,
        "X-Correlation-Id": uuid.uuid4().hex,
    } | ({"Authorization": f"Bearer {token}"} if token else {})
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def _statement(town: Town, client: _Client) -> dict[str, str]:
    now = int(town.hub.clock().timestamp())
    claims = {
        "iss": str(client.id), "sub": str(client.id), "jti": uuid.uuid4().hex,
        "aud": f"{town.hub.settings.public_url}/oauth/token", "iat": now, "exp": now + 290,
    }  # fmt: skip
    signed = client.signed({"alg": "EdDSA", "typ": "JWT"}, json.dumps(claims).encode())
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signed,
    }


def _recipients(town: Town) -> list[str]:
    names = ("Common Ground Peer Mentors", "Mereford Good Neighbours")
    return [str(town.agencies[name]) for name in names]


def _referral(town: Town) -> dict[str, Any]:
    at = town.hub.clock()
    words = current("support-referral", "en", at)
    return {
        "person": BODY["person"],
        "contact": {"phone": BODY["phone"], "preferred": ["phone"], "never": ["post"]},
        "needs": BODY["needs"],
        "why": BODY["why"],
        "task_note": BODY["task_note"],
        "agreement": {
            "given": True, "method": "in_person", "given_by": "self", "service_agreement": True,
            "notice": {"id": words.id, "version": words.version, "language": words.language},
            "recipients": _recipients(town),
            "classes": ["identity", "contact", "need", "access_needs", "health"],
            "valid_until": (at + timedelta(days=365)).date().isoformat(),
        },
    }  # fmt: skip


def _message(town: Town) -> dict[str, Any]:
    """The same referral as a FHIR message; the Consent names whom and what."""
    at, person = town.hub.clock(), BODY["person"]
    words = current("support-referral", "en", at)
    patient, request = f"urn:uuid:{uuid.uuid4()}", f"urn:uuid:{uuid.uuid4()}"
    notice = f"{codes.HUB_NOTICE}/{words.id}/{words.version}/{words.language}"
    needs = [{"system": codes.HUB_NEED, "code": code} for code in BODY["needs"]]
    resources: Sequence[tuple[str, dict[str, Any]]] = (
        (f"urn:uuid:{uuid.uuid4()}", {
            "resourceType": "MessageHeader", "id": str(uuid.uuid4()),
            "eventCoding": {"system": codes.EVENTS, "code": codes.REQUEST},
            "source": {"endpoint": "https://bench.example"},
            "reason": {"coding": [{"system": codes.REASONS, "code": codes.NEW}]},
            "focus": [{"reference": request}],
        }),
        (request, {
            "resourceType": "ServiceRequest", "status": "active", "intent": "order",
            "identifier": [{"system": "https://bench.example/Id", "value": uuid.uuid4().hex}],
            "subject": {"reference": patient},
            "reasonCode": [{"coding": needs, "text": BODY["why"]}],
            "note": [{"text": BODY["task_note"]}],
        }),
        (patient, {
            "resourceType": "Patient", "birthDate": person["date_of_birth"],
            "name": [{"given": [person["first_name"]], "family": person["family_name"]}],
            "telecom": [{"system": "phone", "value": BODY["phone"]}],
            "address": [{"line": [person["address"]], "district": person["area"],
                         "postalCode": person["postcode"]}],
        }),
        (f"urn:uuid:{uuid.uuid4()}", _consent(town, patient, notice)),
    )  # fmt: skip
    return {
        "resourceType": "Bundle", "type": "message", "id": str(uuid.uuid4()),
        "entry": [{"fullUrl": url, "resource": one} for url, one in resources],
    }  # fmt: skip


def _consent(town: Town, patient: str, notice: str) -> dict[str, Any]:
    year = town.hub.clock().year + 1
    classes = ("identity", "contact", "need", "access_needs", "health")
    return {
        "resourceType": "Consent", "status": "active", "patient": {"reference": patient},
        "scope": {"coding": [{"system": codes.CONSENT_SCOPE, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "policy": [{"uri": notice}],
        "performer": [{"reference": patient}],
        "provision": {
            "type": "permit", "period": {"end": f"{year}-01-01"},
            "class": [{"system": codes.HUB_DATA_CLASS, "code": one} for one in classes],
            "actor": [
                {"role": {"coding": [{"system": codes.PARTICIPATION, "code": "IRCP"}]},
                 "reference": {"identifier": {"system": codes.HUB_AGENCY, "value": one}}}
                for one in _recipients(town)
            ],
        },
    }  # fmt: skip


@contextmanager
def _hub(town: Town) -> Iterator[int]:
    """`hub web` over the town's servers, with quotas that nobody reaches; yields its port."""
    settings, port = town.settings, free_port()
    environ = os.environ | {
        "HUB_DATA": str(settings.data_dir), "HUB_PORT": str(port), "HUB_DEMO": "1",
        "HUB_PUBLIC_URL": settings.public_url, "DATABASE_URL": str(settings.database_url),
        "MIGRATE_DATABASE_URL": str(settings.migrate_database_url),
        "REDIS_URL": str(settings.redis_url), "HUB_SECRET_KEY": settings.secret_key,
        "HUB_CLIENT_CALLS": _QUOTA, "HUB_ADDRESS_CALLS": _QUOTA, "HUB_CLIENT_TOKENS": _QUOTA,
    }  # fmt: skip
    command = [sys.executable, "-m", "referral_hub.cli", "web"]
    server = subprocess.Popen(  # noqa: S603 - this program's own module
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def _segment(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
