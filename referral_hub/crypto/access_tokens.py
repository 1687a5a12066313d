"""Access tokens: opaque to the client, kept as a hash, and recognised before any database is asked.

A token is base64url of agency id, client id, 24 random bytes and a tag under the hub's own secret.
The tag tells a token that this hub issued from anything else at the cost of one HMAC: made-up
tokens reach neither the database nor a body parser, a limit per client cannot be used up in
somebody else's name, and the agency is known in time for row-level security to look its rows up.
The tag is no authorisation: whether a token still stands for anything is the database's answer each
time, so revoking works at once.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

ENTROPY = 24
_TAG = 16
_WHOLE = 16 + 16 + ENTROPY + _TAG
TOKEN_LENGTH = _WHOLE * 4 // 3
_LABEL = b"referral-hub/access-token/v1"


@dataclass(frozen=True, slots=True, repr=False)
class IssuedToken:
    """A token of this hub: for whom it was issued, and the hash that the database keeps."""

    agency_id: UUID
    client_id: UUID
    digest: bytes

    def __repr__(self) -> str:
        return f"<IssuedToken of {self.client_id}>"


def new_access_token(secret: str, *, agency_id: UUID, client_id: UUID) -> tuple[str, IssuedToken]:
    """Return a fresh token, 96 URL-safe characters, and what is to be kept of it."""
    body = agency_id.bytes + client_id.bytes + secrets.token_bytes(ENTROPY)
    token = urlsafe_b64encode(body + _tag(secret, body)).decode()
    return token, IssuedToken(agency_id, client_id, _digest(token))


def recognise(secret: str, token: str) -> IssuedToken | None:
    """Return what `token` was issued for; None for anything that this hub did not issue."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        whole = urlsafe_b64decode(token)
    except ValueError:
        return None
    body, tag = whole[:-_TAG], whole[-_TAG:]
    if not hmac.compare_digest(tag, _tag(secret, body)) or urlsafe_b64encode(whole) != token.encode(
        "ascii"
    ):
        return None
    return IssuedToken(UUID(bytes=body[:16]), UUID(bytes=body[16:32]), _digest(token))


def _tag(secret: str, body: bytes) -> bytes:
    key = hashlib.sha256(_LABEL + secret.encode()).digest()
    return hmac.digest(key, body, "sha256")[:_TAG]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii")).digest()
