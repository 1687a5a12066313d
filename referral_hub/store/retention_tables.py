"""Tables of retention: what becomes of a person's records, and holds that stop all destroying."""

from __future__ import annotations

from sqlalchemy import UUID, Column, Date, ForeignKey, Index, Table, Text, text

from referral_hub.store.columns import Instant, agency_column, id_column, metadata

appraisal = Table(
    "appraisal",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("subject_id", UUID, ForeignKey("subject.id"), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("review_on", Date),
    Column("proposed_by", UUID, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("decided_by", UUID),
    Column("decided_at", Instant),
    Column("decision", Text),
    Index(
        "uq_appraisal_open",
        "subject_id",
        unique=True,
        postgresql_where=text("decided_at is null"),
    ),
    Index(None, "subject_id", "id"),
)

legal_hold = Table(
    "legal_hold",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("subject_id", UUID, ForeignKey("subject.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("placed_by", UUID, nullable=False),
    Column("placed_at", Instant, nullable=False),
    Column("lift_asked_by", UUID),
    Column("lift_asked_at", Instant),
    Column("lifted_by", UUID),
    Column("lifted_at", Instant),
    Index(None, "subject_id", unique=True, postgresql_where=text("lifted_at is null")),
)
