"""The table of staged intake: what waits for a person of one agency.

`sealed` and `indexes` are emptied as soon as the item is imported or rejected: what it said then
stands in the referral, or nowhere. `indexes` are blind indexes under the receiving agency's own
key, so that a hint about a duplicate can never reach across agencies. What came in a message of a
system's knows which one (client, address, hash of the key, fingerprint) for as long as it is here,
which is longer than an answer under an idempotency key is kept.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    UUID,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from referral_hub.store.columns import Instant, agency_column, id_column, metadata

staged_item = Table(
    "staged_item",
    metadata,
    id_column(),
    agency_column("agency_id"),
    agency_column("sender_agency_id"),
    Column("source", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("batch_id", UUID),
    Column("line", Integer),
    Column("sealed", LargeBinary),
    Column("key_version", Integer),
    Column("indexes", ARRAY(LargeBinary), nullable=False, server_default=text("'{}'")),
    Column("received_at", Instant, nullable=False),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    Column("draft_id", UUID),
    Column("settled_at", Instant),
    Column("settled_by", UUID),
    Column("referral_id", UUID, ForeignKey("referral.id")),
    Column("reason", Text),
    Column("client_id", UUID),
    Column("endpoint", Text),
    Column("key_hash", LargeBinary),
    Column("fingerprint", LargeBinary),
    Index("ix_staged_item_waiting", "agency_id", "id", postgresql_where=text("state = 'waiting'")),
    Index(None, "batch_id", "line"),
    Index(None, "indexes", postgresql_using="gin"),
    Index("uq_staged_item_message", "client_id", "endpoint", "key_hash", unique=True),
)
