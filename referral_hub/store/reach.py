"""How an agency is reached, as its own administrator reads and writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from referral_hub.store.change import to_json


@dataclass(frozen=True, slots=True, repr=False)
class ReachRow:
    """A transport, and where and how documents leave on it."""

    transport: str
    url: str | None
    format: str
    addressing: Mapping[str, str]
    pinned: tuple[str, ...]
    encryption_jwk: Mapping[str, Any] | None
    plain_since: datetime | None
    enabled: bool
    messages_back: str

    def __repr__(self) -> str:
        return f"<ReachRow by {self.transport}>"


_OWN = text(
    "SELECT transport, url, format, addressing, pinned, encryption_jwk, plain_since, enabled,"
    " messages_back"
    " FROM agency_endpoint WHERE agency_id = acting_agency()"
)
_CHOOSE = text(
    """
    INSERT INTO agency_endpoint (agency_id, transport, url, format, addressing, pinned,
                                 encryption_jwk, plain_since, enabled, updated_at, messages_back)
    SELECT acting_agency(), r.transport, r.url, r.format, r.addressing, r.pinned,
           r.encryption_jwk, r.plain_since, true, r.updated_at, r.messages_back
    FROM json_populate_recordset(NULL::agency_endpoint, :rows) r
    ON CONFLICT (agency_id) DO UPDATE SET transport = excluded.transport, url = excluded.url,
        format = excluded.format, addressing = excluded.addressing, pinned = excluded.pinned,
        encryption_jwk = excluded.encryption_jwk, plain_since = excluded.plain_since,
        messages_back = excluded.messages_back, enabled = true, updated_at = excluded.updated_at
    """
)


def own(connection: Connection) -> ReachRow | None:
    """Return how the acting agency is reached; None where nothing but the inbox was ever chosen."""
    row = connection.execute(_OWN).one_or_none()
    if row is None:
        return None
    return ReachRow(**{**row._mapping, "pinned": tuple(row.pinned)})


def nation(connection: Connection) -> str:
    """Return whose bank holidays count for the acting agency."""
    found: str = connection.execute(
        text("SELECT nation FROM agency WHERE id = acting_agency()")
    ).scalar_one()
    return found


def choose(connection: Connection, row: Mapping[str, Any]) -> None:
    """Store how the acting agency is reached, in place of what was chosen before."""
    connection.execute(_CHOOSE, {"rows": to_json([row])})
