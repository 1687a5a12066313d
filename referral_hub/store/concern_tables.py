"""Links through which an employer's staff raise concerns. Only a digest of a link is kept."""

from __future__ import annotations

from sqlalchemy import UUID, Column, ForeignKey, Index, LargeBinary, Table, Text, UniqueConstraint

from referral_hub.store.columns import Instant, agency_column, id_column, metadata

concern_link = Table(
    "concern_link",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("label", Text, nullable=False),
    Column("token_digest", LargeBinary, nullable=False),
    Column("created_by", UUID, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("revoked_by", UUID),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    UniqueConstraint("token_digest"),
    Index(None, "agency_id", "id"),
)
