"""Tables of the registers and of staff: agencies, services, agreements, accounts, drafts."""

from __future__ import annotations

from sqlalchemy import (
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

from referral_hub.store.columns import (
    Instant,
    Texts,
    agency_column,
    id_column,
    metadata,
)

agency = Table(
    "agency",
    metadata,
    id_column(),
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
    agency_column("owner_agency_id"),
)

agency_contact = Table(
    "agency_contact",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("address", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("officer_contact", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index(None, "agency_id", "id"),
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
    id_column(),
    agency_column("agency_id"),
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
    id_column(),
    agency_column("sender_agency_id"),
    agency_column("recipient_agency_id"),
    Column("purposes", Texts, nullable=False),
    Column("classes", Texts, nullable=False),
    Column("article6", Text, nullable=False),
    Column("article9", Text),
    Column("evidence", JSONB, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_until", Instant, nullable=False),
    Column("document", Text),
    Column("review_on", Date),
    Column("proposed_agency_id", UUID),
    Column("approver_agency_id", UUID),
    Column("supersedes", UUID),
    Column("proposed_by", UUID),
    Column("proposed_at", Instant),
    Column("decided_by", UUID),
    Column("decided_at", Instant),
    Column("decision", Text),
    Column("ended_at", Instant),
    Index(None, "sender_agency_id", "recipient_agency_id"),
    Index(None, "supersedes"),
)

staff_user = Table(
    "staff_user",
    metadata,
    id_column(),
    agency_column("agency_id"),
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
    agency_column("agency_id"),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Index(None, "user_id"),
)

draft = Table(
    "draft",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("user_id", UUID, ForeignKey("staff_user.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("sealed_form", LargeBinary, nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("updated_at", Instant, nullable=False),
    Index(None, "user_id"),
)
