"""Keys, opening what the hub sends, and signing what the hub is told.

Two key pairs, because one that decrypts should never sign: X25519 opens messages, Ed25519 signs the
bearer token of each request. Algorithms are fixed here and never taken from a message.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import time
from pathlib import Path
from typing import Any

from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

OLDEST_SECONDS = 3_600
CLOCK_DIFFERENCE_SECONDS = 300
TOKEN_SECONDS = 120
SEALED_HEADER = {"alg", "enc", "kid", "typ", "cty", "epk"}
SIGNED_HEADER = {"alg", "kid", "typ", "cty", "iss", "aud", "jti", "iat"}
TASK_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
SCHEMA = "referral-hub/referral/1"
DOCUMENT_TYPE = "application/vnd.referral-hub.referral+json"


class Refused(Exception):
    """A message that is not from the hub, not for us, or not whole. The text may be sent back."""


class SealedRules(jwe.JWERegistry):
    """joserfc stops at 64 KiB of *encoded* ciphertext; documents may have 64 KiB themselves."""

    max_ciphertext_length = 131_072


class SignedRules(jws.JWSRegistry):
    """Issuer and audience are in the header here, which makes it longer than usual."""

    max_header_length = 2_048


def now() -> float:
    """Seconds since 1970, which is what iat and exp count."""
    return time.time()  # noqa: TID251 - a program of its own has a clock of its own


def load_key(path: Path, curve: str) -> OKPKey:
    """Our private key in `path`, made on the first run."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return OKPKey.import_key(json.loads(path.read_text()))
    key = OKPKey.generate_key("X25519" if curve == "X25519" else "Ed25519")
    with os.fdopen(handle, "w") as file:
        json.dump(key.as_dict(private=True), file)
    return key


class Partnership:
    """Who we are to the hub, and which hub we listen to."""

    def __init__(self, data: Path, *, agency: str = "", hub_url: str = "") -> None:
        self.agency, self.hub_url = agency, hub_url.rstrip("/")
        self.hub_keys: dict[str, OKPKey] = {}
        self._opens = load_key(data / "encryption-key.json", "X25519")
        self._signs = load_key(data / "signing-key.json", "Ed25519")

    def trust(self, hub_jwks: Path) -> None:
        """Accept the hub's signing keys from a file that we were given; nothing is fetched."""
        keys = json.loads(hub_jwks.read_text())["keys"]
        self.hub_keys = {jwk["kid"]: OKPKey.import_key(jwk) for jwk in keys}

    def public_jwks(self) -> dict[str, Any]:
        """What we give to the hub: the public halves."""
        pairs = ((self._opens, "enc"), (self._signs, "sig"))
        public = [{**key.as_dict(private=False), "kid": key.thumbprint()} for key, _ in pairs]
        return {"keys": [{**jwk, "use": use} for jwk, (_, use) in zip(public, pairs, strict=True)]}

    def receive(self, body: bytes, idempotency_key: str | None) -> tuple[str, dict[str, Any]]:
        """The id and the document of a message that has just come in, or Refused."""
        header, document = self._open(body)
        if header["jti"] != idempotency_key or not TASK_ID.fullmatch(header["jti"]):
            raise Refused("idempotency key: not the id that was signed")
        if not -CLOCK_DIFFERENCE_SECONDS <= now() - header["iat"] <= OLDEST_SECONDS:
            raise Refused("issued at: too old, or in the future")
        return header["jti"], document

    def reread(self, body: bytes) -> dict[str, Any]:
        """The document of a message that we kept."""
        return self._open(body)[1]

    def _open(self, body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
        """The order of the steps matters: nothing is believed before step 2."""
        # 1. Decrypt with our own key and the two agreed algorithms; no compression.
        try:
            rules = SealedRules(algorithms=["ECDH-ES+A256KW", "A256GCM"])
            sealed = jwe.decrypt_compact(body, self._opens, registry=rules)
        except (JoseError, ValueError, AssertionError):
            raise Refused("envelope: not sealed to our key") from None
        if set(sealed.protected) != SEALED_HEADER or sealed.protected["typ"] != "referral-hub+jwe":
            raise Refused("envelope: header is not as agreed")
        # 2. Verify with a key of the hub that we were given beforehand.
        header, payload = self._verify(sealed.plaintext or b"")
        # 3. From this hub, and to us.
        if header["iss"] != self.hub_url or header["aud"] != self.agency:
            raise Refused("issuer or audience: not from our hub to us")
        # 4. A document that we can read: a schema number that we do not know may mean anything.
        document = json.loads(payload)
        if document["schema"] != SCHEMA:
            raise Refused(f"schema: only {SCHEMA} is read here")
        if header["cty"] != DOCUMENT_TYPE or not TASK_ID.fullmatch(str(document["task"])):
            raise Refused("content type: not a referral document")
        return header, document

    def _verify(self, signed: bytes) -> tuple[dict[str, Any], bytes]:
        rules = SignedRules(algorithms=["EdDSA"], strict_check_header=False)
        try:
            header = jws.extract_compact(signed, registry=rules).protected
            checked = jws.deserialize_compact(signed, self.hub_keys[header["kid"]], registry=rules)
        except (JoseError, ValueError, TypeError, KeyError):
            raise Refused("signature: not one of the hub's") from None
        if set(header) != SIGNED_HEADER or header["typ"] != "referral-hub+jws":
            raise Refused("signature: header is not as agreed")
        return header, checked.payload

    def bearer_token(self, url: str, body: bytes) -> str:
        """A token for one request: this URL, this body, two minutes."""
        issued = int(now())
        header = {"alg": "EdDSA", "kid": self._signs.thumbprint(), "typ": "JWT"}
        claims = {
            "iss": self.agency,
            "sub": self.agency,
            "aud": url,
            "iat": issued,
            "exp": issued + TOKEN_SECONDS,
            "jti": secrets.token_urlsafe(24),
            "body_sha256": hashlib.sha256(body).hexdigest(),
        }
        payload = json.dumps(claims).encode()
        return jws.serialize_compact(header, payload, self._signs, algorithms=["EdDSA"])
