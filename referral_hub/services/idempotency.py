"""One key of one client at one address stands for one request, and has one answer.

The answer's row is written in the transaction of what it is about, so both are true together or
not at all. The same request again gets the first answer byte for byte; another request under the
same key is `KeyReused`. Answers hold references, ids and codes, and are kept for two days
(`store.housekeeping`); a request is known by its keyed fingerprint alone.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from referral_hub.crypto.fingerprints import request_fingerprint
from referral_hub.errors import Conflict, HubError
from referral_hub.services.hub import Hub
from referral_hub.store.intake import Earlier


class KeyReused(HubError):
    """The idempotency key has been used for another request."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request; use a new one.")


class InFlight(Conflict):
    """A request under the same idempotency key is being written at this moment."""

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is being handled. Send it again.")


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """An answer as it goes out, and as it goes out again when the request is repeated."""

    status: int
    content_type: str
    body: bytes
    location: str | None = None
    repeated: bool = False

    def __repr__(self) -> str:
        return f"<Written {self.status}>"


@dataclass(frozen=True, slots=True, repr=False)
class Keyed:
    """A request under a key. `content` are its bytes without a seal that is new each time."""

    client_id: UUID
    agency_id: UUID
    endpoint: str
    key: str
    content: bytes
    sealed: bool = False

    def __repr__(self) -> str:
        return f"<Keyed at {self.endpoint}>"

    @property
    def key_hash(self) -> bytes:
        """What is kept of the idempotency key."""
        return hashlib.sha256(self.key.encode("utf-8", "surrogatepass")).digest()

    @property
    def lock(self) -> int:
        """The number of the advisory lock that stands for this key of this client here."""
        named = b"\0".join([self.client_id.bytes, self.endpoint.encode()])
        digest = hashlib.sha256(named + self.key_hash).digest()
        return int.from_bytes(digest[:8], "big", signed=True)

    def fingerprint(self, hub: Hub) -> bytes:
        """What is kept of the request."""
        kind = b"sealed" if self.sealed else b"plain"
        return request_fingerprint(hub.settings.secret_key, kind, self.content)

    def identity(self, hub: Hub) -> Mapping[str, Any]:
        """By which a request is known again, as columns; neither key nor content is in them."""
        return {
            "client_id": self.client_id,
            "endpoint": self.endpoint,
            "key_hash": self.key_hash,
            "fingerprint": self.fingerprint(hub),
        }

    def row(self, hub: Hub, written: Written, at: datetime) -> Mapping[str, Any]:
        """The row that is written with what `written` tells."""
        return {
            **self.identity(hub),
            "agency_id": self.agency_id,
            "status": written.status,
            "content_type": written.content_type,
            "location": written.location,
            "answer": written.body,
            "created_at": at,
        }


def require_same(hub: Hub, keyed: Keyed, fingerprint: bytes) -> None:
    """Raise KeyReused unless `fingerprint` is that of this request."""
    if not hmac.compare_digest(fingerprint, keyed.fingerprint(hub)):
        raise KeyReused


def again(hub: Hub, keyed: Keyed, earlier: Earlier) -> Written:
    """Return the first answer, if this is the first request again. Raises KeyReused."""
    require_same(hub, keyed, earlier.fingerprint)
    return Written(
        earlier.status, earlier.content_type, earlier.answer, earlier.location, repeated=True
    )
