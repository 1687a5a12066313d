"""The table of codes that open a person's own page: one that works for each referral.

A code that was ended keeps its row, so that the log's entries about it mean something. Only the
code's keyed digest stands here; a visit in a browser has a digest of its own.
"""

from __future__ import annotations

from sqlalchemy import UUID, Column, ForeignKey, Index, LargeBinary, Table, Text, text

from referral_hub.store.columns import Instant, id_column, metadata, party_column

person_code = Table(
    "person_code",
    metadata,
    id_column(),
    Column("referral_id", UUID, ForeignKey("referral.id"), nullable=False),
    party_column("origin_agency_id"),
    Column("given_by", Text, nullable=False),
    Column("code_digest", LargeBinary, nullable=False),
    Column("made_by", UUID, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("visit_hash", LargeBinary),
    Column("visit_began", Instant),
    Column("visit_until", Instant),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    Index(
        "ix_person_code_live", "referral_id", unique=True, postgresql_where=text("ended_at IS NULL")
    ),
    Index(None, "visit_hash", unique=True),
)
