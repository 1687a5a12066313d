"""Tables of matters: requests, breaches and complaints, their steps, sealed words, and what an
officer decided about each item of an access request.

Codes, ids and instants are readable; whatever anybody wrote stands in `matter_words`. A step and a
decision are added and never changed; a later decision about the same item counts.
"""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from referral_hub.store.columns import Instant, agency_column, id_column, metadata

matter = Table(
    "matter",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("kind", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("subject_id", UUID, ForeignKey("subject.id")),
    Column("referral_id", UUID),
    Column("about_id", UUID, ForeignKey("matter.id")),
    Column("details", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("clock", Text, nullable=False),
    Column("due_at", Instant),
    Column("opened_by", UUID, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("version", Integer, nullable=False, server_default=text("1")),
    UniqueConstraint("reference"),
    Index(
        "ix_matter_open", "agency_id", "due_at", "id", postgresql_where=text("closed_at is null")
    ),
    Index(None, "agency_id", "id"),
    Index(None, "subject_id"),
    Index(
        "uq_matter_open_request",
        "subject_id",
        unique=True,
        postgresql_where=text("kind = 'access_request' and closed_at is null"),
    ),
)

matter_step = Table(
    "matter_step",
    metadata,
    id_column(),
    Column("matter_id", UUID, ForeignKey("matter.id"), nullable=False),
    agency_column("agency_id"),
    Column("event", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("happened_at", Instant, nullable=False),
    Column("recorded_by", UUID, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    UniqueConstraint("entry_id"),
    Index(None, "matter_id", "id"),
)

matter_words = Table(
    "matter_words",
    metadata,
    id_column(),
    Column("matter_id", UUID, ForeignKey("matter.id"), nullable=False),
    agency_column("agency_id"),
    Column("step_id", UUID, ForeignKey("matter_step.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("sealed_words", LargeBinary, nullable=False),
    Column("key_version", Integer, nullable=False),
    Index(None, "matter_id", "id"),
)

matter_item = Table(
    "matter_item",
    metadata,
    id_column(),
    Column("matter_id", UUID, ForeignKey("matter.id"), nullable=False),
    agency_column("agency_id"),
    Column("step_id", UUID, ForeignKey("matter_step.id"), nullable=False),
    Column("item", Text, nullable=False),
    Column("handling", Text, nullable=False),
    Column("exemption", Text),
    Index(None, "matter_id", "item", "id"),
)
