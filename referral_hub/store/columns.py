"""What every table shares: naming convention, types, and how a row names an agency."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    UUID,
    Column,
    DateTime,
    ForeignKey,
    MetaData,
    Text,
)

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


def id_column() -> Column[object]:
    """The primary key."""
    return Column("id", UUID, primary_key=True)


def agency_column(
    name: str, *, nullable: bool = False, primary_key: bool = False
) -> Column[object]:
    """A reference to an agency of the register."""
    return Column(name, UUID, ForeignKey("agency.id"), nullable=nullable, primary_key=primary_key)


def party_column(name: str) -> Column[object]:
    """A party of a row that is written with its referral.

    No foreign key: agencies are never deleted, row-level security already compares the party
    that writes, and every acceptance would lock the same few agency rows (docs/decisions/0003).
    """
    return Column(name, UUID, nullable=False)
