"""What an agency has begun about people and not finished, still sealed (`hub_worker` only).

Staged items are found by the agency's own blind indexes. A draft has none, since it changes with
every page: drafts are handed out one after the other for the caller to open and compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.store.drafts import DraftKind

Row = Mapping[str, Any]

AT_ONCE = 100
_STAGED = text(
    """
    SELECT id, sender_agency_id, source, received_at, sealed FROM staged_item
    WHERE agency_id = :us AND state = 'waiting' AND indexes && CAST(:indexes AS bytea[])
    ORDER BY id LIMIT :most
    """
)
_DRAFTS = text(
    """
    SELECT id, user_id, kind, version, updated_at, sealed_form FROM draft
    WHERE agency_id = :us AND kind = :kind AND id > :after ORDER BY id LIMIT :most
    """
)


def staged(
    connection: Connection, us: UUID, indexes: Sequence[bytes], *, most: int
) -> Sequence[Row]:
    """Return what waits for `us` about whoever has one of these indexes, the oldest first."""
    if not indexes:
        return []
    rows = connection.execute(_STAGED, {"us": us, "indexes": list(indexes), "most": most})
    return [dict(row) for row in rows.mappings()]


def drafts(connection: Connection, us: UUID, kind: DraftKind) -> Iterator[Row]:
    """Yield every draft of a kind of an agency's staff, `AT_ONCE` read at a time."""
    after = UUID(int=0)
    while True:
        given = {"us": us, "kind": kind.value, "after": after, "most": AT_ONCE}
        rows = connection.execute(_DRAFTS, given).mappings().all()
        yield from (dict(row) for row in rows)
        if len(rows) < AT_ONCE:
            return
        after = rows[-1]["id"]
