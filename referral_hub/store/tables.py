"""Every table, as SQLAlchemy Core; `migrations/` creates the same and `make check` compares the
two.

What is readable here without a key is pseudonymous: random ids, codes, instants and states.
Everything a person said or is stands in `sealed_*`, `wrapped_*` and `ciphertexts` columns.
Row-level security, grants and the two sign-in functions are not expressible in metadata and stand
in the migrations; `tests/store` proves them against a running server.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    UUID,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Instant = DateTime(timezone=True)
Texts = ARRAY(Text)
Ids = ARRAY(UUID)


def _id() -> Column[object]:
    return Column("id", UUID, primary_key=True)


def _agency(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, UUID, ForeignKey("agency.id"), nullable=nullable)


def _party(name: str) -> Column[object]:
    """A party of a row that is written with its referral.

    No foreign key: agencies are never deleted, row-level security already compares the party
    that writes, and every acceptance would lock the same few agency rows (docs/decisions/0003).
    """
    return Column(name, UUID, nullable=False)


agency = Table(
    "agency",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("joined_at", Instant, nullable=False),
    Column("insured_until", Instant),
    UniqueConstraint("name"),
)

area = Table(
    "area",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    _agency("owner_agency_id"),
)

agency_endpoint = Table(
    "agency_endpoint",
    metadata,
    Column("agency_id", UUID, ForeignKey("agency.id"), primary_key=True),
    Column("transport", Text, nullable=False),
    Column("url", Text),
    Column("encryption_jwk", JSONB),
    Column("signing_jwks", JSONB),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("updated_at", Instant, nullable=False),
)

service = Table(
    "service",
    metadata,
    _id(),
    _agency("agency_id"),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("needs", Texts, nullable=False),
    Column("areas", Texts, nullable=False),
    Column("minimum_age", SmallInteger),
    Column("maximum_age", SmallInteger),
    Column("capacity", Text, nullable=False),
    Column("capacity_as_of", Instant),
    Column("wait_days", SmallInteger),
    Column("languages", Texts, nullable=False),
    Column("access", Texts, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("last_offered_at", Instant),
    Index(None, "areas", postgresql_using="gin"),
    Index(None, "agency_id"),
)

sharing_agreement = Table(
    "sharing_agreement",
    metadata,
    _id(),
    _agency("sender_agency_id"),
    _agency("recipient_agency_id"),
    Column("purposes", Texts, nullable=False),
    Column("classes", Texts, nullable=False),
    Column("article6", Text, nullable=False),
    Column("article9", Text),
    Column("evidence", JSONB, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_until", Instant, nullable=False),
    Index(None, "sender_agency_id", "recipient_agency_id"),
)

staff_user = Table(
    "staff_user",
    metadata,
    _id(),
    _agency("agency_id"),
    Column("username", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("sealed_totp", LargeBinary),
    Column("key_version", Integer),
    Column("totp_counter", BigInteger, nullable=False, server_default=text("0")),
    Column("disabled_at", Instant),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("username"),
    Index(None, "agency_id"),
)

staff_session = Table(
    "staff_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", UUID, ForeignKey("staff_user.id", ondelete="CASCADE"), nullable=False),
    _agency("agency_id"),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Index(None, "user_id"),
)

draft = Table(
    "draft",
    metadata,
    _id(),
    _agency("agency_id"),
    Column("user_id", UUID, ForeignKey("staff_user.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("sealed_form", LargeBinary, nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("updated_at", Instant, nullable=False),
    Index(None, "user_id"),
)

subject = Table(
    "subject",
    metadata,
    _id(),
    _party("origin_agency_id"),
    Column("wrapped_key", LargeBinary),
    Column("key_version", Integer, nullable=False),
    Column("nhs_index", LargeBinary),
    Column("never_share_with", Ids, nullable=False, server_default=text("'{}'")),
    Column("conflicts", Ids, nullable=False, server_default=text("'{}'")),
    Column("deceased", Boolean, nullable=False, server_default=text("false")),
    Column("minor_until", Date),
    Column("created_at", Instant, nullable=False),
    Column("erased_at", Instant),
    UniqueConstraint("origin_agency_id", "nhs_index"),
    Index(None, "key_version"),
)

referral = Table(
    "referral",
    metadata,
    _id(),
    Column("reference", Text, nullable=False),
    _party("origin_agency_id"),
    _party("owner_agency_id"),
    Column("subject_id", UUID, ForeignKey("subject.id"), nullable=False),
    Column("author_user_id", UUID, nullable=False),
    Column("draft_id", UUID, nullable=False),
    Column("priority", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("plan", JSONB, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("withdrawn_at", Instant),
    UniqueConstraint("reference"),
    UniqueConstraint("origin_agency_id", "draft_id"),
    Index(None, "origin_agency_id", "id"),
    Index(None, "owner_agency_id", "id"),
    Index(None, "subject_id"),
)

sealed_record = Table(
    "sealed_record",
    metadata,
    Column("referral_id", UUID, ForeignKey("referral.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    _party("origin_agency_id"),
    Column("subject_id", UUID, ForeignKey("subject.id"), nullable=False),
    Column("wrapped_record_key", LargeBinary, nullable=False),
    Column("key_commitment", LargeBinary, nullable=False),
    Column("ciphertext_hash", LargeBinary, nullable=False),
    Column("field_ids", Texts, nullable=False),
    Column("ciphertexts", ARRAY(LargeBinary), nullable=False),
)

consent_event = Table(
    "consent_event",
    metadata,
    _id(),
    _party("origin_agency_id"),
    Column("subject_id", UUID, ForeignKey("subject.id"), nullable=False),
    Column("referral_id", UUID),
    Column("state", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("classes", Texts, nullable=False),
    Column("recipients", Ids, nullable=False),
    Column("confidentiality", Text, nullable=False),
    Column("service_agreement", Boolean, nullable=False),
    Column("notice_id", Text, nullable=False),
    Column("notice_version", Text, nullable=False),
    Column("notice_language", Text, nullable=False),
    Column("notice_hash", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("given_by", Text, nullable=False),
    Column("proxy_id", UUID),
    Column("evidence", JSONB, nullable=False),
    Column("taken_by", UUID, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_until", Instant),
    Column("recorded_at", Instant, nullable=False),
    Column("supersedes", UUID),
    Index(None, "subject_id", "recorded_at"),
)

proxy_authority = Table(
    "proxy_authority",
    metadata,
    _id(),
    _party("origin_agency_id"),
    Column("subject_id", UUID, ForeignKey("subject.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("evidence_id", Text),
    Column("purposes", Texts, nullable=False),
    Column("classes", Texts, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_until", Instant),
    Column("flagged", Boolean, nullable=False, server_default=text("false")),
    Index(None, "subject_id"),
)

task = Table(
    "task",
    metadata,
    _id(),
    Column("referral_id", UUID, ForeignKey("referral.id"), nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("service_id", UUID),
    _party("origin_agency_id"),
    _party("owner_agency_id"),
    _party("recipient_agency_id"),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("outcome", Text),
    Column("decision", JSONB, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("released_at", Instant),
    Column("moved_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Index(None, "referral_id", "slot"),
    Index(None, "recipient_agency_id", "id"),
    Index(None, "owner_agency_id", "state"),
    Index(
        "uq_task_open_slot",
        "referral_id",
        "slot",
        unique=True,
        postgresql_where=text(
            "state in ('held', 'routed', 'offered', 'information_asked', 'accepted',"
            " 'in_progress', 'on_hold')"
        ),
    ),
)

task_event = Table(
    "task_event",
    metadata,
    _id(),
    Column("task_id", UUID, ForeignKey("task.id"), nullable=False),
    Column("referral_id", UUID, nullable=False),
    _party("origin_agency_id"),
    _party("owner_agency_id"),
    _party("recipient_agency_id"),
    Column("event", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("actor_user_id", UUID),
    Column("actor_agency_id", UUID),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "referral_id", "id"),
)

message = Table(
    "message",
    metadata,
    _id(),
    Column("task_id", UUID, ForeignKey("task.id"), nullable=False),
    Column("referral_id", UUID, nullable=False),
    _party("origin_agency_id"),
    _party("recipient_agency_id"),
    _party("author_agency_id"),
    Column("kind", Text, nullable=False),
    Column("wrapped_for_origin", LargeBinary, nullable=False),
    Column("wrapped_for_recipient", LargeBinary, nullable=False),
    Column("key_commitment", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "task_id", "id"),
)

release = Table(
    "release",
    metadata,
    _id(),
    Column("task_id", UUID, ForeignKey("task.id"), nullable=False),
    Column("referral_id", UUID, nullable=False),
    Column("record_version", Integer, nullable=False),
    _party("origin_agency_id"),
    _party("recipient_agency_id"),
    Column("stage", Text, nullable=False),
    Column("field_ids", Texts, nullable=False),
    Column("wrapped_keys", LargeBinary),
    Column("key_version", Integer),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    Column("effect_id", UUID, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("entry_id"),
    Index(None, "task_id"),
    Index(None, "referral_id"),
    Index(None, "effect_id"),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("task_id", UUID),
    Column("referral_id", UUID, nullable=False),
    Column("slot", SmallInteger, nullable=False),
    _party("origin_agency_id"),
    _party("owner_agency_id"),
    _party("recipient_agency_id"),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    Column("last_code", Text),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Index(None, "due_at", postgresql_where=text("state = 'due'")),
    Index(None, "task_id"),
    Index(
        "ix_outbox_dead", "owner_agency_id", postgresql_where=text("state in ('dead', 'refused')")
    ),
)

log_entry = Table(
    "log_entry",
    metadata,
    _id(),
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
    Index(None, "sender_agency_id", "id"),
    Index(None, "recipient_agency_id", "id"),
    Index(None, "actor_agency_id", "id"),
    Index(None, "referral_id"),
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

used_jti = Table(
    "used_jti",
    metadata,
    Column("issuer", UUID, primary_key=True),
    Column("jti_hash", LargeBinary, primary_key=True),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)
