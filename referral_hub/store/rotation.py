"""Rows that hold something wrapped by a root key, below the newest root version, and putting them
back.

A row goes back only if it is still what was read, so a rotation may run beside the web and a second
one beside the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A table, the key column of its rows, what in it is wrapped, and what else binds it."""

    name: str
    key: str
    wrapped: tuple[str, ...]
    bound: tuple[str, ...]
    source: str = ""

    @property
    def table(self) -> str:
        """What to select from: the table, joined with what its context needs."""
        return self.source or self.name


KINDS = (
    Kind("subject", "id", ("wrapped_key",), ("origin_agency_id",)),
    Kind(
        "release",
        "id",
        ("wrapped_keys",),
        (
            "task_id",
            "stage",
            "referral_id",
            "record_version",
            "recipient_agency_id",
            "origin_agency_id",
            "subject_id",
        ),
        "(SELECT d.*, r.subject_id FROM release d JOIN referral r ON r.id = d.referral_id) release",
    ),
    Kind(
        "message",
        "id",
        ("wrapped_for_origin", "wrapped_for_recipient"),
        ("task_id", "origin_agency_id", "recipient_agency_id"),
    ),
    Kind(
        "emergency_note",
        "id",
        ("wrapped_for_origin", "wrapped_for_recipient"),
        ("task_id", "origin_agency_id", "recipient_agency_id"),
    ),
    Kind(
        "child_decision",
        "id",
        ("wrapped_for_origin", "wrapped_for_owner"),
        ("task_id", "origin_agency_id", "owner_agency_id"),
    ),
    Kind("matter_words", "id", ("sealed_words",), ("matter_id", "agency_id", "kind")),
    Kind("log_opening", "entry_id", ("sealed_openings",), ("agency_id",)),
    Kind("draft", "id", ("sealed_form",), ("user_id",)),
    Kind("staged_item", "id", ("sealed",), ("agency_id",)),
    Kind("import_part", "id", ("sealed",), ("agency_id", "import_id", "part", "number")),
    Kind("staff_user", "id", ("sealed_totp",), ()),
    Kind("callback_signer", "id", ("sealed_secret",), ()),
)


def below(connection: Connection, kind: Kind, *, version: int, most: int) -> list[Row]:
    """Return rows of `kind` that are wrapped under a root older than `version`, key and columns."""
    columns = ", ".join((kind.key, *kind.wrapped, *kind.bound))
    rows = connection.execute(
        text(
            f"SELECT {columns} FROM {kind.table} WHERE key_version < :version"
            f" AND {kind.wrapped[0]} IS NOT NULL ORDER BY {kind.key} LIMIT :most"
        ),
        {"version": version, "most": most},
    )
    return [dict(row) for row in rows.mappings()]


def put_back(
    connection: Connection,
    kind: Kind,
    *,
    rewrapped: Sequence[tuple[Row, Mapping[str, bytes]]],
    version: int,
) -> int:
    """Store new wrappings, each only over the very bytes that were read; returns how many were."""
    changes = ", ".join(f"{name} = :new_{name}" for name in kind.wrapped)
    same = " AND ".join(f"{name} = :old_{name}" for name in kind.wrapped)
    statement = text(
        f"UPDATE {kind.name} SET {changes}, key_version = :version"
        f" WHERE {kind.key} = :key AND {same}"
    )
    done = 0
    for row, fresh in rewrapped:
        key: UUID = row[kind.key]
        old = {f"old_{name}": row[name] for name in kind.wrapped}
        new = {f"new_{name}": fresh[name] for name in kind.wrapped}
        found = connection.execute(statement, {"key": key, "version": version, **old, **new})
        done += found.rowcount
    return done
