"""What a client was answered under an idempotency key, for what is written in a transaction.

Accepting a referral asks the same inside its one read (`store.intake`).
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.store.intake import Earlier

_EARLIER = text(
    "SELECT fingerprint, status, content_type, location, answer, created_at FROM idempotency_key"
    " WHERE client_id = :client AND endpoint = :endpoint AND key_hash = :key"
)


def earlier(
    connection: Connection, client_id: UUID, *, endpoint: str, key_hash: bytes
) -> Earlier | None:
    """Return the earlier answer of the acting agency's client; None if there is none."""
    row = connection.execute(
        _EARLIER, {"client": client_id, "endpoint": endpoint, "key": key_hash}
    ).one_or_none()
    return None if row is None else Earlier(*row)
