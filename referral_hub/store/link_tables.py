"""Tables of one-time links: whom to tell by mail, and what each mail invites to.

An agency with a row in `agency_mail` keeps its inbox, and a mail without content says that
something lies there. An invitation has the id of the outbox row that carries its mail.

Each attempt at the mail carries a token of its own, of which only the hash is kept; all tokens of
an invitation are spent together. Nothing here opens a record: the code's hash stands with the
agency, and what may be read is decided at every look.
"""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from referral_hub.store.columns import Instant, id_column, metadata, party_column

agency_mail = Table(
    "agency_mail",
    metadata,
    Column("agency_id", UUID, ForeignKey("agency.id"), primary_key=True),
    Column("mail_address", Text, nullable=False),
    Column("code_hash", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("updated_at", Instant, nullable=False),
    Column("digest", Boolean, nullable=False, server_default=text("true")),
    Column("digest_tried_at", Instant),
    Column("digest_told_at", Instant),
)

invitation = Table(
    "invitation",
    metadata,
    id_column(),
    Column("task_id", UUID, ForeignKey("task.id"), nullable=False),
    Column("referral_id", UUID, nullable=False),
    party_column("recipient_agency_id"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("wrong_codes", Integer, nullable=False, server_default=text("0")),
    Column("asked_at", Instant),
    Column("opened_at", Instant),
    Column("visit_hash", LargeBinary),
    Column("visit_until", Instant),
    Index(None, "task_id", "created_at"),
    Index(None, "visit_hash", unique=True),
)

invitation_token = Table(
    "invitation_token",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("invitation_id", UUID, ForeignKey("invitation.id", ondelete="CASCADE"), nullable=False),
    Index(None, "invitation_id"),
)
