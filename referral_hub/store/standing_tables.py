"""Tables of what is known about deciding for a person: capacity, children, and the words behind it.

A record says which and when, in codes; who assessed or decided, and why, stands in `statement`,
sealed under the person's key, so that erasing the person ends it. A later record of a referral
replaces an earlier one: rows are added and never changed.
"""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from referral_hub.store.columns import Instant, id_column, metadata, party_column

statement = Table(
    "statement",
    metadata,
    id_column(),
    party_column("origin_agency_id"),
    Column("subject_id", UUID, ForeignKey("subject.id"), nullable=False),
    Column("referral_id", UUID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sealed_words", LargeBinary, nullable=False),
    Column("recorded_by", UUID, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index(None, "referral_id"),
)

capacity_record = Table(
    "capacity_record",
    metadata,
    id_column(),
    party_column("origin_agency_id"),
    Column("subject_id", UUID, ForeignKey("subject.id"), nullable=False),
    Column("referral_id", UUID, nullable=False),
    Column("lacks_capacity", Boolean, nullable=False),
    Column("assessment_id", UUID),
    Column("assessed_on", Date),
    Column("decision_id", UUID),
    Column("decided_on", Date),
    Column("recorded_by", UUID, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    Index(None, "referral_id", "id"),
)

child_record = Table(
    "child_record",
    metadata,
    id_column(),
    party_column("origin_agency_id"),
    Column("subject_id", UUID, ForeignKey("subject.id"), nullable=False),
    Column("referral_id", UUID, nullable=False),
    Column("gillick_id", UUID),
    Column("parental_id", UUID),
    Column("child_agrees", Boolean),
    Column("parent_agrees", Boolean),
    Column("recorded_by", UUID, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    Index(None, "referral_id", "id"),
)

child_decision = Table(
    "child_decision",
    metadata,
    id_column(),
    Column("child_record_id", UUID, ForeignKey("child_record.id"), nullable=False),
    Column("task_id", UUID, nullable=False),
    Column("referral_id", UUID, nullable=False),
    party_column("origin_agency_id"),
    party_column("owner_agency_id"),
    Column("share", Boolean, nullable=False),
    Column("wrapped_for_origin", LargeBinary, nullable=False),
    Column("wrapped_for_owner", LargeBinary, nullable=False),
    Column("key_commitment", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("decided_by", UUID, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    Index(None, "child_record_id"),
    Index(None, "referral_id"),
)
