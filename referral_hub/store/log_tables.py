"""Tables of the log: entries, what they mean (sealed), tiles, checkpoints, cosignatures, witnesses,
the policies that decisions name, spent token ids."""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from referral_hub.store.columns import (
    Instant,
    id_column,
    metadata,
)

log_entry = Table(
    "log_entry",
    metadata,
    id_column(),
    Column("seq", BigInteger),
    Column("entry", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("type", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("sender_agency_id", UUID),
    Column("recipient_agency_id", UUID),
    Column("actor_agency_id", UUID),
    Column("actor_user_id", UUID),
    Column("subject_id", UUID),
    Column("referral_id", UUID),
    Column("outcome", Text),
    Index("uq_log_entry_seq", "seq", unique=True),
    Index("ix_log_entry_pending", "id", postgresql_where=text("seq is null")),
    Index("ix_log_entry_policy", "id", postgresql_where=text("type = 'policy'")),
    Index(None, "sender_agency_id", "type", "id"),
    Index(None, "recipient_agency_id", "type", "id"),
    Index(None, "actor_agency_id", "type", "id"),
    Index(None, "sender_agency_id", "recipient_agency_id", "id"),
    Index(
        "ix_log_entry_person", "subject_id", "id", postgresql_where=text("subject_id is not null")
    ),
    Index(
        "ix_log_entry_user",
        "actor_user_id",
        "id",
        postgresql_where=text("actor_user_id is not null"),
    ),
    Index(None, "referral_id", "id"),
    Index(
        "ix_log_entry_third",
        "actor_agency_id",
        "id",
        postgresql_where=text(
            "actor_agency_id <> sender_agency_id"
            " and actor_agency_id is distinct from recipient_agency_id"
        ),
    ),
    *(
        Index(
            f"ix_log_entry_{side}_refused",
            f"{side}_agency_id",
            "outcome",
            "id",
            postgresql_where=text("outcome in ('hold', 'refuse')"),
        )
        for side in ("sender", "actor")
    ),
)

log_opening = Table(
    "log_opening",
    metadata,
    Column("entry_id", UUID, ForeignKey("log_entry.id"), primary_key=True),
    Column("subject_id", UUID),
    Column("agency_id", UUID, nullable=False),
    Column("sealed_openings", LargeBinary, nullable=False),
    Column("key_version", Integer),
    Index(None, "subject_id"),
)

log_tile = Table(
    "log_tile",
    metadata,
    Column("level", SmallInteger, primary_key=True),
    Column("idx", BigInteger, primary_key=True),
    Column("hashes", LargeBinary, nullable=False),
)

log_checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("size"),
)

log_cosignature = Table(
    "log_cosignature",
    metadata,
    Column("size", BigInteger, ForeignKey("log_checkpoint.size"), primary_key=True),
    Column("key_id", LargeBinary, primary_key=True),
    Column("line", LargeBinary, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "key_id", "size"),
)

witness_state = Table(
    "witness_state",
    metadata,
    Column("key_id", LargeBinary, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

policy_version = Table(
    "policy_version",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("tables", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("kept_at", Instant, nullable=False),
)

used_jti = Table(
    "used_jti",
    metadata,
    Column("issuer", UUID, primary_key=True),
    Column("jti_hash", LargeBinary, primary_key=True),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)
