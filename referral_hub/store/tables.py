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
from sqlalchemy.dialects.postgresql import JSONB

from referral_hub.store import directory_tables  # noqa: F401 - its tables join the metadata
from referral_hub.store.callback_tables import callback, callback_endpoint, callback_signer
from referral_hub.store.client_tables import (
    access_token,
    api_client,
    api_client_key,
    idempotency_key,
)
from referral_hub.store.columns import (
    Ids,
    Instant,
    Texts,
    id_column,
    metadata,
    party_column,
)
from referral_hub.store.concern_tables import concern_link
from referral_hub.store.delivery_tables import agency_layout, delivery_breaker, delivery_stop
from referral_hub.store.emergency_tables import (
    emergency_access,
    emergency_alert,
    emergency_note,
)
from referral_hub.store.figure_tables import figure, figure_count, figure_note
from referral_hub.store.governance_tables import (
    notice_adoption,
    notice_text,
    oversight_look,
    processing_activity,
    refusal_review,
    saved_search,
)
from referral_hub.store.import_tables import csv_import, import_mapping, import_part, import_row
from referral_hub.store.link_tables import agency_mail, invitation, invitation_token
from referral_hub.store.log_tables import (
    log_checkpoint,
    log_cosignature,
    log_entry,
    log_opening,
    log_tile,
    used_jti,
)
from referral_hub.store.matter_tables import (
    matter,
    matter_item,
    matter_step,
    matter_words,
)
from referral_hub.store.notification_tables import notification
from referral_hub.store.person_tables import person_code, person_message, person_round
from referral_hub.store.register_tables import (
    agency,
    agency_contact,
    agency_endpoint,
    area,
    draft,
    service,
    sharing_agreement,
    staff_session,
    staff_user,
)
from referral_hub.store.retention_tables import appraisal, legal_hold
from referral_hub.store.staging_tables import staged_item
from referral_hub.store.standing_tables import (
    capacity_record,
    child_decision,
    child_record,
    statement,
)
from referral_hub.store.task_tables import task, task_event

__all__ = [
    "access_token",
    "agency",
    "agency_contact",
    "agency_endpoint",
    "agency_layout",
    "agency_mail",
    "api_client",
    "api_client_key",
    "appraisal",
    "area",
    "callback",
    "callback_endpoint",
    "callback_signer",
    "capacity_record",
    "child_decision",
    "child_record",
    "concern_link",
    "consent_event",
    "csv_import",
    "delivery_breaker",
    "delivery_stop",
    "draft",
    "emergency_access",
    "emergency_alert",
    "emergency_note",
    "figure",
    "figure_count",
    "figure_note",
    "idempotency_key",
    "import_mapping",
    "import_part",
    "import_row",
    "invitation",
    "invitation_token",
    "legal_hold",
    "log_checkpoint",
    "log_cosignature",
    "log_entry",
    "log_opening",
    "log_tile",
    "matter",
    "matter_item",
    "matter_step",
    "matter_words",
    "message",
    "metadata",
    "notice_adoption",
    "notice_text",
    "notification",
    "outbox",
    "oversight_look",
    "person_code",
    "person_message",
    "person_round",
    "processing_activity",
    "proxy_authority",
    "referral",
    "refusal_review",
    "release",
    "saved_search",
    "sealed_record",
    "service",
    "sharing_agreement",
    "staff_session",
    "staff_user",
    "staged_item",
    "statement",
    "subject",
    "task",
    "task_event",
    "used_jti",
]

subject = Table(
    "subject",
    metadata,
    id_column(),
    party_column("origin_agency_id"),
    Column("wrapped_key", LargeBinary),
    Column("key_version", Integer, nullable=False),
    Column("nhs_index", LargeBinary),
    Column("never_share_with", Ids, nullable=False, server_default=text("'{}'")),
    Column("conflicts", Ids, nullable=False, server_default=text("'{}'")),
    Column("deceased", Boolean, nullable=False, server_default=text("false")),
    Column("minor_until", Date),
    Column("created_at", Instant, nullable=False),
    Column("erased_at", Instant),
    Column("schedule", Text),
    UniqueConstraint("origin_agency_id", "nhs_index"),
    Index(None, "key_version"),
)

referral = Table(
    "referral",
    metadata,
    id_column(),
    Column("reference", Text, nullable=False),
    party_column("origin_agency_id"),
    party_column("owner_agency_id"),
    Column("subject_id", UUID, ForeignKey("subject.id"), nullable=False),
    Column("author_user_id", UUID, nullable=False),
    Column("draft_id", UUID, nullable=False),
    Column("priority", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("plan", JSONB, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("withdrawn_at", Instant),
    Column("unsafe_to_contact", Boolean, nullable=False, server_default=text("false")),
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
    party_column("origin_agency_id"),
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
    id_column(),
    party_column("origin_agency_id"),
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
    Column("entry_id", UUID, ForeignKey("log_entry.id")),
    UniqueConstraint("entry_id"),
    Index(None, "subject_id", "recorded_at"),
    Index(
        "ix_consent_event_ends",
        "valid_until",
        "id",
        postgresql_where=text("state in ('given', 'renewed')"),
    ),
)

proxy_authority = Table(
    "proxy_authority",
    metadata,
    id_column(),
    party_column("origin_agency_id"),
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

message = Table(
    "message",
    metadata,
    id_column(),
    Column("task_id", UUID, ForeignKey("task.id"), nullable=False),
    Column("referral_id", UUID, nullable=False),
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
    Index(None, "task_id", "id"),
)

release = Table(
    "release",
    metadata,
    id_column(),
    Column("task_id", UUID, ForeignKey("task.id"), nullable=False),
    Column("referral_id", UUID, nullable=False),
    Column("record_version", Integer, nullable=False),
    party_column("origin_agency_id"),
    party_column("recipient_agency_id"),
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
    id_column(),
    Column("kind", Text, nullable=False),
    Column("task_id", UUID),
    Column("referral_id", UUID),
    Column("slot", SmallInteger, nullable=False),
    party_column("origin_agency_id"),
    party_column("owner_agency_id"),
    party_column("recipient_agency_id"),
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
