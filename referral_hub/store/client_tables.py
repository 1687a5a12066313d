"""Tables of partner systems that call the hub: clients, their public keys, their access tokens,
and what was answered under an idempotency key.

Nothing here can be used to sign or to call: keys are public halves, tokens are hashes. A token
hangs on the key that it was asked for with, so removing the key ends it in the same instant.
"""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from referral_hub.store.columns import (
    Instant,
    Texts,
    agency_column,
    id_column,
    metadata,
    party_column,
)

api_client = Table(
    "api_client",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("name", Text, nullable=False),
    Column("scopes", Texts, nullable=False),
    Column("plain_json", Boolean, nullable=False, server_default=text("false")),
    Column("created_by", UUID, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    UniqueConstraint("agency_id", "name"),
)

api_client_key = Table(
    "api_client_key",
    metadata,
    id_column(),
    Column("client_id", UUID, ForeignKey("api_client.id"), nullable=False),
    agency_column("agency_id"),
    Column("kid", Text, nullable=False),
    Column("jwk", JSONB, nullable=False),
    Column("added_by", UUID, nullable=False),
    Column("added_at", Instant, nullable=False),
    UniqueConstraint("client_id", "kid"),
)

access_token = Table(
    "access_token",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("client_id", UUID, ForeignKey("api_client.id"), nullable=False),
    agency_column("agency_id"),
    Column("key_id", UUID, ForeignKey("api_client_key.id", ondelete="CASCADE"), nullable=False),
    Column("scopes", Texts, nullable=False),
    Column("proof_key", Text),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "client_id"),
    Index(None, "key_id"),
    Index(None, "expires_at"),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("client_id", UUID, primary_key=True),
    Column("endpoint", Text, primary_key=True),
    Column("key_hash", LargeBinary, primary_key=True),
    party_column("agency_id"),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("location", Text),
    Column("answer", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "created_at"),
)
