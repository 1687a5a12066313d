"""Tables of the public directory: where records come from, records and their places, and words.

What stands here is published, so every agency reads all of it, and each writes only what it brought
in. `words`, `hours` and the arrays are made for the search from `record`, which is what is
published.
"""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE, JSONB, TSVECTOR

from referral_hub.store.columns import Ids, Instant, Texts, agency_column, id_column, metadata

directory_source = Table(
    "directory_source",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("name", Text, nullable=False),
    Column("url", Text),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("lease_until", Instant),
    Column("good_at", Instant),
    UniqueConstraint("agency_id", "name"),
    Index(None, "due_at"),
)

directory_run = Table(
    "directory_run",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("source_id", UUID, ForeignKey("directory_source.id"), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("counts", JSONB, nullable=False),
    Column("problems", JSONB, nullable=False),
    Index(None, "source_id", "id"),
    Index(None, "agency_id"),
)

directory_entry = Table(
    "directory_entry",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("source_id", UUID, ForeignKey("directory_source.id")),
    Column("service_id", UUID, ForeignKey("service.id")),
    Column("digest", LargeBinary, nullable=False),
    Column("record", JSONB, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("organization_id", UUID),
    Column("organization_name", Text, nullable=False),
    Column("words", TSVECTOR, nullable=False),
    Column("needs", Texts, nullable=False),
    Column("access", Texts, nullable=False),
    Column("languages", Texts, nullable=False),
    Column("areas", Texts, nullable=False),
    Column("minimum_age", Double),
    Column("maximum_age", Double),
    Column("free", Boolean),
    Column("hours", INT4MULTIRANGE),
    Column("terms", Ids, nullable=False),
    Column("located", Boolean, nullable=False),
    Column("modified_at", Instant),
    Column("seen_in", UUID),
    UniqueConstraint("service_id"),
    Index(None, "words", postgresql_using="gin"),
    Index(None, "needs", postgresql_using="gin"),
    Index(None, "terms", postgresql_using="gin"),
    Index(None, "source_id"),
    Index(None, "agency_id"),
)

directory_place = Table(
    "directory_place",
    metadata,
    Column(
        "entry_id",
        UUID,
        ForeignKey("directory_entry.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    id_column(),
    agency_column("agency_id"),
    Column("words", Text, nullable=False),
    Column("postcode", Text),
    Column("latitude", Double),
    Column("longitude", Double),
    Index(None, "latitude", "longitude"),
    Index(None, "id"),
    Index(None, "agency_id"),
)

directory_term = Table(
    "directory_term",
    metadata,
    agency_column("agency_id", primary_key=True),
    id_column(),
    Column("taxonomy_id", UUID, nullable=False),
    Column("taxonomy", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("parent_id", UUID),
    Column("uri", Text),
)

directory_word = Table(
    "directory_word",
    metadata,
    Column("word", Text, primary_key=True),
    Column("parts", Texts, nullable=False),
    Index(None, "parts", postgresql_using="gin"),
)

service_details = Table(
    "service_details",
    metadata,
    Column("service_id", UUID, ForeignKey("service.id"), primary_key=True),
    agency_column("agency_id"),
    Column("venue", Text),
    Column("address", Text),
    Column("town", Text),
    Column("county", Text),
    Column("postcode", Text),
    Column("verified_by", UUID),
    Column("verified_at", Instant),
    Column("reminded_at", Instant),
    Index(None, "agency_id"),
)

service_figures = Table(
    "service_figures",
    metadata,
    Column("service_id", UUID, ForeignKey("service.id"), primary_key=True),
    agency_column("agency_id"),
    Column("accepted", SmallInteger),
    Column("with_outcome", SmallInteger),
    Column("as_of", Instant, nullable=False),
)

place = Table(
    "place",
    metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("latitude", Double, nullable=False),
    Column("longitude", Double, nullable=False),
    Column("area", Text, ForeignKey("area.code")),
)
