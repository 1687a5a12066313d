"""Tables of the person's own page: the codes that open it, and the messages that lead to it.

A code that was ended keeps its row, so that the log's entries about it mean something. Only the
code's keyed digest stands here; a visit in a browser has a digest of its own. A message names a
step and how the person is told of it, which is decided when their contact details are read; it has
the id of its outbox row.
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

person_message = Table(
    "person_message",
    metadata,
    id_column(),
    Column("referral_id", UUID, ForeignKey("referral.id"), nullable=False),
    party_column("origin_agency_id"),
    Column("task_id", UUID),
    Column("cause_id", UUID, nullable=False),
    Column("step", Text, nullable=False),
    Column("way", Text),
    Column("made_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", UUID),
    UniqueConstraint("cause_id"),
    Index(None, "referral_id"),
    Index(
        "ix_person_message_to_tell",
        "origin_agency_id",
        "id",
        postgresql_where=text(
            "closed_at IS NULL AND way IN ('phone', 'text', 'post', 'home_visit', 'page')"
        ),
    ),
)

person_round = Table(
    "person_round",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("after", UUID),
)
