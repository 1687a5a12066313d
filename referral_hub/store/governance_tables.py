"""Tables of what an officer keeps: notices in use, processing activities, searches, findings."""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from referral_hub.store.columns import Instant, agency_column, id_column, metadata

notice_text = Table(
    "notice_text",
    metadata,
    Column("agency_id", UUID, ForeignKey("agency.id"), primary_key=True),
    Column("notice_id", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("words", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("written_by", UUID, nullable=False),
    Column("written_at", Instant, nullable=False),
)

notice_adoption = Table(
    "notice_adoption",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("notice_id", Text, nullable=False),
    Column("notice_version", Text, nullable=False),
    Column("notice_language", Text, nullable=False),
    Column("notice_hash", Text, nullable=False),
    Column("document", Text),
    Column("valid_from", Instant, nullable=False),
    Column("valid_until", Instant),
    Column("review_on", Date, nullable=False),
    Column("supersedes", UUID),
    Column("proposed_by", UUID, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("decided_by", UUID),
    Column("decided_at", Instant),
    Column("decision", Text),
    Column("ended_at", Instant),
    Index(None, "agency_id"),
)

processing_activity = Table(
    "processing_activity",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("purposes", Text, nullable=False),
    Column("lawful_basis", Text, nullable=False),
    Column("people", Text, nullable=False),
    Column("information", Text, nullable=False),
    Column("recipients", Text, nullable=False),
    Column("transfers", Text, nullable=False),
    Column("retention", Text, nullable=False),
    Column("security", Text, nullable=False),
    Column("document", Text),
    Column("review_on", Date, nullable=False),
    Column("supersedes", UUID),
    Column("recorded_by", UUID, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("supersedes"),
    Index(None, "agency_id"),
)

saved_search = Table(
    "saved_search",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("user_id", UUID, ForeignKey("staff_user.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("filters", JSONB, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("user_id", "name"),
    Index(None, "agency_id"),
)

refusal_review = Table(
    "refusal_review",
    metadata,
    Column("entry_id", UUID, ForeignKey("log_entry.id"), primary_key=True),
    agency_column("agency_id"),
    Column("finding", Text, nullable=False),
    Column("reviewed_by", UUID, nullable=False),
    Column("reviewed_at", Instant, nullable=False),
    Column("review_entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    Index(None, "agency_id", "reviewed_at"),
)

oversight_look = Table(
    "oversight_look",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("user_id", UUID, nullable=False),
    Column("referral_id", UUID, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    Index(None, "user_id", "referral_id", "at"),
)
