"""What the partner endpoint reads and remembers: registered keys, and token ids used once.

Both stand behind row-level security of the agency that the caller claims to be, so a wrong claim
finds nothing. An id is kept as its hash until its token would have expired anyway;
`store.housekeeping` forgets it then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

_KEYS = text(
    "SELECT e.signing_jwks FROM agency_endpoint e JOIN agency a ON a.id = e.agency_id"
    " WHERE e.agency_id = acting_agency() AND e.enabled AND a.active"
)
_USE = text(
    "INSERT INTO used_jti (issuer, jti_hash, expires_at) VALUES (:issuer, :jti_hash, :expires_at)"
    " ON CONFLICT DO NOTHING RETURNING 1"
)


def signing_keys(connection: Connection) -> Mapping[str, Any] | None:
    """Return the acting agency's JWK Set; None unless it takes part and its endpoint is enabled."""
    found: Mapping[str, Any] | None = connection.execute(_KEYS).scalar()
    return found


def use_once(connection: Connection, issuer: UUID, token_id: str, *, expires_at: datetime) -> bool:
    """Remember a token id until `expires_at`; False when any process has seen it before."""
    inserted = connection.execute(
        _USE,
        {
            "issuer": issuer,
            "jti_hash": hashlib.sha256(token_id.encode("utf-8", "surrogatepass")).digest(),
            "expires_at": expires_at,
        },
    )
    return inserted.scalar() is not None
