"""Tables of file imports: mappings with their versions, files in sealed parts, and kept rows.

A file lies here only in parts sealed for its agency, and only until it has been imported. What is
readable without a key is how many rows became what. `import_row` remembers, as a blind index under
the agency's key, which rows became something, so that a row counts once whatever file it is in.
"""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    BigInteger,
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
from sqlalchemy.dialects.postgresql import JSONB

from referral_hub.store.columns import Instant, agency_column, id_column, metadata

import_mapping = Table(
    "import_mapping",
    metadata,
    Column("agency_id", UUID, ForeignKey("agency.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("mapping", JSONB, nullable=False),
    Column("saved_by", UUID, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("entry_id", UUID, ForeignKey("log_entry.id"), nullable=False),
)

csv_import = Table(
    "csv_import",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("user_id", UUID, nullable=False),
    Column("mapping_version", Integer, nullable=False),
    Column("file_index", LargeBinary),
    Column("state", Text, nullable=False),
    Column("refusal", Text),
    Column("size", BigInteger, nullable=False, server_default=text("0")),
    Column("foreseen", JSONB),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("position", BigInteger, nullable=False, server_default=text("0")),
    Column("line", Integer, nullable=False, server_default=text("0")),
    Column("lease_until", Instant),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(
        "uq_csv_import_file",
        "agency_id",
        "file_index",
        "mapping_version",
        unique=True,
        postgresql_where=text("state <> 'discarded'"),
    ),
    Index(
        "ix_csv_import_due",
        "created_at",
        postgresql_where=text("state in ('checking', 'importing')"),
    ),
    Index(None, "agency_id", "id"),
)

import_part = Table(
    "import_part",
    metadata,
    id_column(),
    agency_column("agency_id"),
    Column("import_id", UUID, ForeignKey("csv_import.id", ondelete="CASCADE"), nullable=False),
    Column("part", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_version", Integer, nullable=False),
    UniqueConstraint("import_id", "part", "number"),
)

import_row = Table(
    "import_row",
    metadata,
    Column("agency_id", UUID, ForeignKey("agency.id"), primary_key=True),
    Column("row_index", LargeBinary, primary_key=True),
    Column("import_id", UUID, ForeignKey("csv_import.id"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("referral_id", UUID, ForeignKey("referral.id")),
    Column("staged_id", UUID),
    Index(None, "import_id", "line"),
)
