"""Clients of partner systems and their public keys, each behind its own agency's row-level
security.

`for_authentication` is the one look-up before the agency is known: `client_agency` says whose
client an id is, and the same statement then acts for that agency and no other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from referral_hub.errors import Conflict, NotFound
from referral_hub.store.engine import NOBODY

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client as its agency registered it. `last_token_at` is None where no token is in force."""

    id: UUID
    agency_id: UUID
    name: str
    scopes: Sequence[str]
    plain_json: bool
    created_at: datetime
    disabled_at: datetime | None
    keys: int
    last_token_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A client's public key."""

    id: UUID
    kid: str
    jwk: Mapping[str, str]
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Registered:
    """What authenticating a client needs; `keys` are key id → (row id, public JWK)."""

    agency_id: UUID
    scopes: Sequence[str]
    keys: Mapping[str, tuple[UUID, Mapping[str, Any]]]

    @property
    def jwks(self) -> Mapping[str, object]:
        """The registered keys as a JWK Set."""
        return {"keys": [jwk for _, jwk in self.keys.values()]}


_CLIENTS = """
    SELECT c.id, c.agency_id, c.name, c.scopes, c.plain_json, c.created_at, c.disabled_at,
           (SELECT count(*) FROM api_client_key k WHERE k.client_id = c.id) AS keys,
           (SELECT max(t.issued_at) FROM access_token t WHERE t.client_id = c.id) AS last_token_at
    FROM api_client c WHERE c.agency_id = :agency
"""
_REGISTERED = """
    WITH acting AS MATERIALIZED (
        SELECT set_config('app.agency',
            COALESCE(client_agency(%(client)s::uuid)::text, %(nobody)s), true)::uuid AS agency_id
    )
    SELECT acting.agency_id,
        (SELECT row_to_json(x)::text FROM (
            SELECT c.scopes,
                (SELECT json_agg(json_build_object('id', k.id, 'kid', k.kid, 'jwk', k.jwk))
                 FROM api_client_key k WHERE k.client_id = c.id) AS keys
            FROM api_client c
            WHERE c.id = %(client)s::uuid AND c.agency_id = acting.agency_id
            AND c.disabled_at IS NULL
            AND EXISTS (SELECT 1 FROM agency a WHERE a.id = c.agency_id AND a.active)
            LIMIT 1) x) AS found
    FROM acting
"""


def for_authentication(connection: Connection, client_id: UUID) -> Registered | None:
    """Return an enabled client of an active agency, in one autocommit statement."""
    row = connection.exec_driver_sql(
        _REGISTERED, {"client": str(client_id), "nobody": NOBODY}
    ).one()
    if row.found is None:
        return None
    found = orjson.loads(row.found)
    keys = {key["kid"]: (UUID(key["id"]), key["jwk"]) for key in found["keys"] or ()}
    return Registered(row.agency_id, tuple(found["scopes"]), keys)


def list_all(connection: Connection, agency_id: UUID) -> list[ClientRow]:
    """Return the clients of the acting agency, oldest first."""
    rows = connection.execute(text(_CLIENTS + " ORDER BY c.id"), {"agency": agency_id})
    return [ClientRow(*row) for row in rows]


def one(connection: Connection, agency_id: UUID, client_id: UUID) -> ClientRow:
    """Return one client of the acting agency. Raises NotFound."""
    row = connection.execute(
        text(_CLIENTS + " AND c.id = :id"), {"agency": agency_id, "id": client_id}
    ).one_or_none()
    if row is None:
        raise NotFound
    return ClientRow(*row)


def keys_of(connection: Connection, client_id: UUID) -> list[KeyRow]:
    """Return a client's keys, oldest first."""
    rows = connection.execute(
        text("SELECT id, kid, jwk, added_at FROM api_client_key WHERE client_id = :id ORDER BY id"),
        {"id": client_id},
    )
    return [KeyRow(*row) for row in rows]


def add(connection: Connection, row: Row) -> None:
    """Insert a client. Raises Conflict where the agency has one of this name."""
    try:
        connection.execute(
            text(
                "INSERT INTO api_client (id, agency_id, name, scopes, plain_json, created_by,"
                " created_at) VALUES (:id, :agency_id, :name, :scopes, :plain_json, :created_by,"
                " :created_at)"
            ),
            dict(row),
        )
    except IntegrityError:
        raise Conflict("Your agency has a client of this name; choose another name.") from None


def change(
    connection: Connection, client_id: UUID, *, scopes: Sequence[str], plain_json: bool
) -> None:
    """Set what a client may do; tokens already issued never have more than the client."""
    connection.execute(
        text("UPDATE api_client SET scopes = :scopes, plain_json = :plain WHERE id = :id"),
        {"id": client_id, "scopes": list(scopes), "plain": plain_json},
    )


def set_disabled(connection: Connection, client_id: UUID, at: datetime | None) -> None:
    """Disable (with its tokens, so that enabling again revives none) or enable a client."""
    connection.execute(
        text("UPDATE api_client SET disabled_at = :at WHERE id = :id"),
        {"id": client_id, "at": at},
    )
    connection.execute(text("DELETE FROM access_token WHERE client_id = :id"), {"id": client_id})


def add_key(connection: Connection, row: Row) -> None:
    """Insert a key. Raises Conflict where the client has one of this id."""
    try:
        connection.execute(
            text(
                "INSERT INTO api_client_key (id, client_id, agency_id, kid, jwk, added_by,"
                " added_at) VALUES (:id, :client_id, :agency_id, :kid, CAST(:jwk AS jsonb),"
                " :added_by, :added_at)"
            ),
            {**row, "jwk": json.dumps(row["jwk"])},
        )
    except IntegrityError:
        raise Conflict("This client has a key of this id already.") from None


def remove_key(connection: Connection, client_id: UUID, key_id: UUID) -> KeyRow:
    """Delete a key, and with it every token that was asked for with it. Raises NotFound."""
    row = connection.execute(
        text(
            "DELETE FROM api_client_key WHERE id = :key AND client_id = :client"
            " RETURNING id, kid, jwk, added_at"
        ),
        {"key": key_id, "client": client_id},
    ).one_or_none()
    if row is None:
        raise NotFound
    return KeyRow(*row)
