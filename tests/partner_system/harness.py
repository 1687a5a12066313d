"""The example as a real process, and a real server that verifies as the hub does."""

import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from adapters.contract import DocumentKind, ReferralDocument, Sender
from adapters.formats.hub_json import HubJson
from referral_hub.crypto.jwks import HubSigner
from referral_hub.crypto.partner import (
    MessageHead,
    PartnerTokenRefused,
    TokenExpectation,
    seal_for_partner,
    verify_partner_token,
)
from referral_hub.web.forms.partner import (
    AcceptBody,
    AcknowledgeBody,
    CloseBody,
    ContactBody,
    DeclineBody,
)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BODIES = {
    "accept": AcceptBody,
    "decline": DeclineBody,
    "contact": ContactBody,
    "close": CloseBody,
    "acknowledge": AcknowledgeBody,
}
AGENCY = "01890000-0000-7000-8000-000000000002"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(EXAMPLES)}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "partner_system", *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def public_keys(data: Path) -> dict[str, Any]:
    keys: dict[str, Any] = json.loads(run("init", "--data", str(data)).stdout)
    return keys


def key_for(jwks: dict[str, Any], use: str) -> dict[str, Any]:
    return next(jwk for jwk in jwks["keys"] if jwk["use"] == use)


@dataclass
class Answer:
    """What the partner told the hub, and what the hub finds wrong with it."""

    path: str
    body: dict[str, Any]
    fault: str | None

    @property
    def unacceptable(self) -> dict[str, Any]:
        return BODIES[self.path.rpartition("/")[2]]().validate(self.body)


@dataclass
class Hub:
    """Receives answers, verifying each token as the hub does; sends sealed messages."""

    signer: HubSigner
    jwks: dict[str, Any] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    heard: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def wait(self, count: int = 1, seconds: float = 15) -> list[Answer]:
        while len(self.answers) < count:
            self.heard.clear()
            if len(self.answers) < count and not self.heard.wait(seconds):
                raise TimeoutError(f"{len(self.answers)} of {count} answers came")
        return self.answers

    def message(
        self, jwk: dict[str, Any], document: bytes, effect_id: str = "effect-1", **head: Any
    ) -> bytes:
        values = {
            "issuer": self.url,
            "audience": AGENCY,
            "message_id": effect_id,
            "issued_at": datetime.now(UTC),  # noqa: TID251 - a real message of this moment
            "content_type": HubJson.content_type,
        }
        return seal_for_partner(
            document,
            recipient_jwk=jwk,
            hub_signer=self.signer,
            head=MessageHead(**{**values, **head}),
        )


def document(kind: DocumentKind = DocumentKind.OFFER, task: str = "task-1", **fields: Any) -> bytes:
    told = {f"{name.replace('__', '.')}": value for name, value in fields.items()}
    return HubJson().write(
        ReferralDocument(
            kind=kind,
            task_id=task,
            reference="RH-4KT2",
            sender=Sender("agency-1", "High Street Surgery"),
            recipient_id=AGENCY,
            issued_at=datetime(2026, 3, 1, tzinfo=UTC),
            log_entry="entry-1",
            fields=told,
        )
    )


@contextmanager
def running_hub(signer: HubSigner) -> Iterator[Hub]:
    hub = Hub(signer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            expected = TokenExpectation(
                issuer=AGENCY,
                audience=f"{hub.url}{self.path}",
                body=body,
                at=datetime.now(UTC),  # noqa: TID251 - the token is of this moment
            )
            fault = None
            try:
                token = self.headers["Authorization"].removeprefix("Bearer ")
                verify_partner_token(token, jwks=hub.jwks, expected=expected)
            except PartnerTokenRefused as refused:
                fault = refused.fault.value
            status = hub.statuses.pop(0) if hub.statuses else 200
            hub.answers.append(Answer(self.path, json.loads(body), fault))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            hub.heard.set()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Partner:
    """A running partner system."""

    process: subprocess.Popen[str]
    port: int
    code: str
    data: Path
    jwks: dict[str, Any]

    @property
    def encryption_jwk(self) -> dict[str, Any]:
        return key_for(self.jwks, "enc")

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        answered = (response.status, dict(response.getheaders()), response.read().decode())
        connection.close()
        return answered

    def deliver(self, message: bytes, effect_id: str = "effect-1") -> tuple[int, dict[str, Any]]:
        status, _, text = self.request(
            "POST",
            "/referrals",
            message,
            Content_Type="application/jose",
            Idempotency_Key=effect_id,
        )
        return status, json.loads(text)

    def form(self, path: str, cookie: str = "", **fields: str) -> tuple[int, dict[str, str], str]:
        return self.request(
            "POST",
            path,
            urlencode(fields).encode(),
            Origin=f"http://127.0.0.1:{self.port}",
            Cookie=cookie,
        )

    def sign_in(self) -> str:
        _, headers, _ = self.form("/sign-in", code=self.code)
        return headers["Set-Cookie"].partition(";")[0]

    def page(self, cookie: str) -> str:
        return self.request("GET", "/", Cookie=cookie)[2]

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=20)


Start = Callable[..., Partner]


def start(data: Path, hub: Hub, answer: str = "ask-me") -> Partner:
    jwks = public_keys(data)
    hub.jwks = jwks
    hub_keys = data.parent / f"{data.name}-hub-keys.json"
    hub_keys.write_text(json.dumps(hub.signer.public_jwks()))
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "partner_system", "serve"),
            *("--data", str(data), "--port", "0", "--hub-url", hub.url),
            *("--hub-jwks", str(hub_keys), "--agency", AGENCY, "--answer", answer),
        ],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready, code = process.stdout.readline(), process.stdout.readline()
    port = int(ready.rstrip().rstrip("/").rpartition(":")[2])
    return Partner(process, port, code.rpartition(": ")[2].strip(), data, jwks)
