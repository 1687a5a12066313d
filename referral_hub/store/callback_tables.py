"""Tables of callbacks: where an agency wants to be called, what it verifies with, and what is told.

A callback has the id of the outbox row that carries it. It is written by a trigger on `task_event`,
in the transaction of the change itself, so that no code path can change a task and forget to tell.
Another on `staged_item` tells a sender what became of what it sent and what then waited.
"""

from __future__ import annotations

from sqlalchemy import UUID, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from referral_hub.store.columns import Instant, Texts, agency_column, id_column, metadata

callback_endpoint = Table(
    "callback_endpoint",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("url", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("disabled_code", Text),
    Column("pinned", Texts, nullable=False, server_default=text("'{}'")),
    Index(None, "agency_id", postgresql_where=text("disabled_at is null")),
)

callback_signer = Table(
    "callback_signer",
    metadata,
    id_column(),
    Column("endpoint_id", UUID, ForeignKey("callback_endpoint.id"), nullable=False),
    agency_column("agency_id"),
    Column("scheme", Text, nullable=False),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("retires_at", Instant),
    Index(None, "endpoint_id"),
)

callback = Table(
    "callback",
    metadata,
    id_column(),
    Column("endpoint_id", UUID, ForeignKey("callback_endpoint.id"), nullable=False),
    agency_column("agency_id"),
    Column("task_id", UUID),
    Column("event", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("staged_id", UUID),
    Index(None, "endpoint_id"),
)
