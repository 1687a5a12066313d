"""Tables of tasks: one recipient's turn at one slot of a referral, and what happened to it.

A task's clock is told from its history; `step` and `step_at` are which step comes next and when,
for the version `clock_version`. A version without its clock is found by an index of its own. A line
of history that is a step of a clock names the line that began it (`cause_id`), and the unique index
over both is why each step happens once.
"""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from referral_hub.store.columns import Instant, id_column, metadata, party_column

_OPEN = (
    "state in ('held', 'routed', 'offered', 'information_asked', 'accepted', 'in_progress',"
    " 'on_hold')"
)
task = Table(
    "task",
    metadata,
    id_column(),
    Column("referral_id", UUID, ForeignKey("referral.id"), nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("service_id", UUID),
    party_column("origin_agency_id"),
    party_column("owner_agency_id"),
    party_column("recipient_agency_id"),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("outcome", Text),
    Column("decision", JSONB, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("released_at", Instant),
    Column("moved_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("seen_at", Instant),
    Column("clock_version", Integer),
    Column("step", Text),
    Column("step_at", Instant),
    Column("next_position", SmallInteger),
    Column("give_help", Text),
    Column("helper_agreed_at", Instant),
    Column("minutes_a_week", Integer),
    Column("hard_case", Boolean, nullable=False, server_default=text("false")),
    Index(None, "referral_id", "slot"),
    Index(
        "ix_task_unwound",
        "id",
        postgresql_where=text(f"{_OPEN} and clock_version is distinct from version"),
    ),
    Index(None, "step_at", postgresql_where=text("step_at is not null")),
    Index("ix_task_open_recipient", "recipient_agency_id", postgresql_where=text(_OPEN)),
    Index("ix_task_open_origin", "origin_agency_id", postgresql_where=text(_OPEN)),
    Index(None, "recipient_agency_id", "id"),
    Index(None, "owner_agency_id", "state"),
    Index(None, "service_id", "state", "moved_at"),
    Index(
        "ix_task_held_origin",
        "origin_agency_id",
        "id",
        postgresql_where=text("state = 'held'"),
    ),
    Index(
        "uq_task_open_slot",
        "referral_id",
        "slot",
        unique=True,
        postgresql_where=text(_OPEN),
    ),
)

task_event = Table(
    "task_event",
    metadata,
    id_column(),
    Column("task_id", UUID, ForeignKey("task.id"), nullable=False),
    Column("referral_id", UUID, nullable=False),
    party_column("origin_agency_id"),
    party_column("owner_agency_id"),
    party_column("recipient_agency_id"),
    Column("event", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("actor_user_id", UUID),
    Column("actor_agency_id", UUID),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("cause_id", UUID),
    Index(None, "referral_id", "id"),
    Index(
        "uq_task_event_step",
        "task_id",
        "cause_id",
        "event",
        unique=True,
        postgresql_where=text("cause_id is not null"),
    ),
)
