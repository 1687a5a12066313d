"""Tables of emergency access: who claimed one and used it, what they wrote, and who must review it.

An alert is a row for each officer's agency concerned, written in the statement that grants the
access: it needs no queue to be seen, and it stays until that agency has reviewed.
"""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from referral_hub.store.columns import Instant, id_column, metadata, party_column

emergency_access = Table(
    "emergency_access",
    metadata,
    id_column(),
    Column("referral_id", UUID, ForeignKey("referral.id"), nullable=False),
    Column("task_id", UUID, ForeignKey("task.id"), nullable=False),
    Column("slot", SmallInteger, nullable=False),
    party_column("origin_agency_id"),
    party_column("actor_agency_id"),
    Column("user_id", UUID, nullable=False),
    Column("role", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("note_id", UUID, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closes_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("override_entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    Column("use_entry_id", UUID, ForeignKey("log_entry.id")),
    UniqueConstraint("override_entry_id"),
    UniqueConstraint("use_entry_id"),
    Index(None, "task_id", "user_id"),
)

emergency_note = Table(
    "emergency_note",
    metadata,
    id_column(),
    Column("access_id", UUID, ForeignKey("emergency_access.id"), nullable=False),
    Column("task_id", UUID, nullable=False),
    party_column("origin_agency_id"),
    party_column("recipient_agency_id"),
    party_column("author_agency_id"),
    Column("kind", Text, nullable=False),
    Column("wrapped_for_origin", LargeBinary, nullable=False),
    Column("wrapped_for_recipient", LargeBinary, nullable=False),
    Column("key_commitment", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "access_id"),
)

emergency_alert = Table(
    "emergency_alert",
    metadata,
    id_column(),
    Column("access_id", UUID, ForeignKey("emergency_access.id"), nullable=False),
    party_column("agency_id"),
    party_column("origin_agency_id"),
    party_column("actor_agency_id"),
    Column("reference", Text, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("reviewed_at", Instant),
    Column("reviewer_id", UUID),
    Column("outcome", Text),
    Column("review_entry_id", UUID, ForeignKey("log_entry.id")),
    UniqueConstraint("access_id", "agency_id"),
    Index(
        "ix_emergency_alert_waiting",
        "agency_id",
        "id",
        postgresql_where=text("reviewed_at is null"),
    ),
)
