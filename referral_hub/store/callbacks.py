"""Callback addresses, their signers, and what is to be told, as rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.errors import NotFound


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """Where an agency wants to be called; `disabled_code` says why it is not."""

    id: UUID
    agency_id: UUID
    url: str
    created_at: datetime
    disabled_at: datetime | None
    disabled_code: str | None


@dataclass(frozen=True, slots=True, repr=False)
class SignerRow:
    """A sealed signer of an endpoint."""

    id: UUID
    endpoint_id: UUID
    scheme: str
    sealed_secret: bytes

    def __repr__(self) -> str:
        return f"<SignerRow {self.id}>"


@dataclass(frozen=True, slots=True)
class CallbackRow:
    """A step of a task, or the end of an item that waited, to be told: ids and codes alone."""

    id: UUID
    endpoint_id: UUID
    url: str
    disabled: bool
    task_id: UUID | None
    event: str
    state: str
    at: datetime
    pinned: Sequence[str] = ()
    staged_id: UUID | None = None


_ENDPOINTS = (
    "SELECT id, agency_id, url, created_at, disabled_at, disabled_code FROM callback_endpoint"
)
_CALLBACKS = text(
    "SELECT b.id, b.endpoint_id, e.url, e.disabled_at IS NOT NULL, b.task_id, b.event, b.state,"
    " b.at, e.pinned, b.staged_id FROM callback b JOIN callback_endpoint e ON e.id = b.endpoint_id"
    " WHERE b.id = ANY(:ids)"
)
_SIGNERS = text(
    "SELECT id, endpoint_id, scheme, sealed_secret FROM callback_signer"
    " WHERE endpoint_id = ANY(:ids) AND (retires_at IS NULL OR retires_at > :at)"
    " ORDER BY endpoint_id, made_at DESC, scheme"
)
_ADD_SIGNER = text(
    "INSERT INTO callback_signer (id, endpoint_id, agency_id, scheme, sealed_secret, key_version,"
    " made_at) VALUES (:id, :endpoint_id, :agency_id, :scheme, :sealed_secret, :key_version,"
    " :made_at)"
)


def listed(connection: Connection) -> list[EndpointRow]:
    """Return the acting agency's endpoints, oldest first."""
    rows = connection.execute(text(f"{_ENDPOINTS} WHERE agency_id = acting_agency() ORDER BY id"))
    return [EndpointRow(*row) for row in rows]


def one(connection: Connection, endpoint_id: UUID) -> EndpointRow:
    """Return one of the acting agency's endpoints. Raises NotFound."""
    row = connection.execute(
        text(f"{_ENDPOINTS} WHERE id = :id AND agency_id = acting_agency()"), {"id": endpoint_id}
    ).one_or_none()
    if row is None:
        raise NotFound
    return EndpointRow(*row)


def add(connection: Connection, row: Mapping[str, Any]) -> None:
    """Insert an endpoint of the acting agency."""
    connection.execute(
        text(
            "INSERT INTO callback_endpoint (id, agency_id, url, created_at, pinned)"
            " VALUES (:id, :agency_id, :url, :created_at, :pinned)"
        ),
        dict(row),
    )


def add_signer(connection: Connection, row: Mapping[str, Any]) -> None:
    """Insert a signer of one of the acting agency's endpoints."""
    connection.execute(_ADD_SIGNER, dict(row))


def retire(connection: Connection, endpoint_id: UUID, until: datetime) -> None:
    """Let the signers that are in use sign until then and no longer."""
    connection.execute(
        text(
            "UPDATE callback_signer SET retires_at = :until WHERE endpoint_id = :id"
            " AND (retires_at IS NULL OR retires_at > :until)"
        ),
        {"id": endpoint_id, "until": until},
    )


def switch(
    connection: Connection, endpoint_id: UUID, *, disabled_at: datetime | None, code: str | None
) -> bool:
    """Switch an endpoint off or on; False when it was so already."""
    done = connection.execute(
        text(
            "UPDATE callback_endpoint SET disabled_at = :at, disabled_code = :code"
            " WHERE id = :id AND (disabled_at IS NULL) <> (CAST(:at AS timestamptz) IS NULL)"
        ),
        {"id": endpoint_id, "at": disabled_at, "code": code},
    )
    return done.rowcount == 1


def pin(connection: Connection, endpoint_id: UUID, addresses: Sequence[str]) -> None:
    """Keep where an endpoint's name leads now."""
    connection.execute(
        text("UPDATE callback_endpoint SET pinned = :pinned WHERE id = :id"),
        {"id": endpoint_id, "pinned": list(addresses)},
    )


def to_tell(connection: Connection, ids: Collection[UUID]) -> dict[UUID, CallbackRow]:
    """Return callbacks by id (`hub_worker`)."""
    return {row.id: CallbackRow(*row) for row in connection.execute(_CALLBACKS, {"ids": list(ids)})}


def signers(
    connection: Connection, endpoints: Collection[UUID], at: datetime
) -> dict[UUID, Sequence[SignerRow]]:
    """Return the signers in use at `at`, the newest first, by endpoint (`hub_worker`)."""
    found: dict[UUID, list[SignerRow]] = {}
    for row in connection.execute(_SIGNERS, {"ids": list(endpoints), "at": at}):
        found.setdefault(row.endpoint_id, []).append(SignerRow(*row))
    return dict(found)
