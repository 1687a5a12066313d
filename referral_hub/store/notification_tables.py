"""The table of notifications: who was told what became of an agreement, and whether they acted.

A notification to a recipient has the id of the outbox row that carries it, which is the effect id
that a partner system knows. One to the sender itself has no task. The same cause tells the same
agency once: that is what makes the worker's clock safe to run twice.
"""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from referral_hub.store.columns import Instant, id_column, metadata, party_column

notification = Table(
    "notification",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    Column("cause_id", UUID, nullable=False),
    Column("task_id", UUID, ForeignKey("task.id")),
    Column("referral_id", UUID, ForeignKey("referral.id"), nullable=False),
    party_column("origin_agency_id"),
    party_column("owner_agency_id"),
    party_column("recipient_agency_id"),
    Column("state", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("told_at", Instant),
    Column("due_at", Instant),
    Column("chased_at", Instant),
    Column("answered_at", Instant),
    Column("answered_by", UUID),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    UniqueConstraint(
        "cause_id",
        "kind",
        "recipient_agency_id",
        "task_id",
        name="uq_notification_once",
        postgresql_nulls_not_distinct=True,
    ),
    Index(None, "due_at", postgresql_where=text("state in ('waiting', 'chased')")),
    Index(None, "referral_id"),
    Index(None, "task_id"),
    Index(
        "ix_notification_origin_open",
        "origin_agency_id",
        "id",
        postgresql_where=text("state in ('waiting', 'chased', 'unanswered')"),
    ),
    Index(
        "ix_notification_owner_open",
        "owner_agency_id",
        "id",
        postgresql_where=text("state in ('waiting', 'chased', 'unanswered')"),
    ),
)
