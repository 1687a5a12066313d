"""A partner's system as a real server on this machine that opens what it is sent."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwe, jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from referral_hub.services.demo import register_partner
from tests.hub_bench import Bench

Document = dict[str, Any]


class _Signed(JWSRegistry):
    max_header_length = 4096


@dataclass(frozen=True)
class Received:
    """One POST: the id it came under, its bytes as they came, and what was in them."""

    effect_id: str
    body: bytes
    document: Document


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is no error here."""


class PartnerSystem:
    """Keeps what arrives; answers 201, or what `answers` says next: (status, headers)."""

    def __init__(self) -> None:
        self.key = OKPKey.generate_key("X25519", {"kid": "box-1", "use": "enc"})
        self.signing = OKPKey.generate_key("Ed25519", {"kid": "sign-1", "use": "sig"})
        self.received: list[Received] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.during: Callable[[], object] | None = None
        self._server = _Quiet(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/referrals"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def encryption_jwk(self) -> dict[str, Any]:
        return {**self.key.as_dict(private=False), "kid": "box-1", "use": "enc"}

    @property
    def documents(self) -> list[Document]:
        return [received.document for received in self.received]

    @property
    def effects(self) -> list[str]:
        return [received.effect_id for received in self.received]

    def register(self, bench: Bench, name: str = "Mereford Time Bank") -> None:
        signing = {**self.signing.as_dict(private=False), "kid": "sign-1", "use": "sig"}
        register_partner(
            bench.hub,
            name,
            url=self.url,
            encryption_jwk=self.encryption_jwk,
            signing_jwks={"keys": [signing]},
        )

    def open(self, body: bytes, *, verify_with: dict[str, Any]) -> Document:
        """Decrypt with our key and verify the hub's signature."""
        opened = jwe.decrypt_compact(body, self.key, algorithms=["ECDH-ES+A256KW", "A256GCM"])
        assert opened.plaintext is not None
        hub_key = OKPKey.import_key(verify_with["keys"][0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            signed = self._verified(opened.plaintext, hub_key)
        document: Document = json.loads(signed.payload)
        return document

    @staticmethod
    def _verified(message: bytes, hub_key: OKPKey) -> Any:
        """The library prefers another name than EdDSA, which RFC 8037 gave it."""
        registry = _Signed(algorithms=["EdDSA"], strict_check_header=False)
        return jws.deserialize_compact(message, hub_key, registry=registry)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        partner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = partner.answers.pop(0) if partner.answers else (201, {})
                if status < 300:
                    document = unsealed(partner.key, body)
                    effect_id = self.headers["Idempotency-Key"]
                    partner.received.append(Received(effect_id, body, document))
                if partner.during is not None:
                    partner.during()
                answer = b'{"receipt": "R-1"}'
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def unsealed(key: OKPKey, body: bytes) -> Document:
    """The JSON inside, without asking who signed it."""
    document: Document = json.loads(unsealed_bytes(key, body))
    return document


def unsealed_bytes(key: OKPKey, body: bytes) -> bytes:
    """What is inside, without asking who signed it."""
    opened = jwe.decrypt_compact(body, key, algorithms=["ECDH-ES+A256KW", "A256GCM"])
    assert opened.plaintext is not None
    registry = _Signed(algorithms=["EdDSA"], strict_check_header=False)
    return jws.extract_compact(opened.plaintext, registry).payload


@contextmanager
def partner_system() -> Iterator[PartnerSystem]:
    partner = PartnerSystem()
    try:
        yield partner
    finally:
        partner.stop()
