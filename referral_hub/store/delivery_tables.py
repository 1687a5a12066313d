"""Tables of what holds deliveries back: stops by people, and breakers that all workers share.

An agency's layout is the order in which it wants a referral's fields on paper and in tables.
A stop names one agency or one way out, never both. A breaker's destination is an agency with a
system of its own or the mail server. None of it is about a person.
"""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from referral_hub.store.columns import Instant, Texts, agency_column, id_column, metadata

delivery_stop = Table(
    "delivery_stop",
    metadata,
    id_column(),
    agency_column("operator_agency_id"),
    agency_column("agency_id", nullable=True),
    Column("way", Text),
    Column("stopped_by", UUID),
    Column("stopped_at", Instant, nullable=False),
    CheckConstraint("num_nonnulls(agency_id, way) = 1", name="one_thing"),
    Index(
        None,
        "operator_agency_id",
        "agency_id",
        "way",
        unique=True,
        postgresql_nulls_not_distinct=True,
    ),
)

agency_layout = Table(
    "agency_layout",
    metadata,
    agency_column("agency_id", primary_key=True),
    Column("field_ids", Texts, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

delivery_breaker = Table(
    "delivery_breaker",
    metadata,
    Column("destination", UUID, primary_key=True),
    Column("way", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("opened_at", Instant),
    Column("retry_at", Instant),
    Column("last_code", Text),
    Column("changed_at", Instant, nullable=False),
    Index("ix_delivery_breaker_open", "retry_at", postgresql_where=text("opened_at is not null")),
)
