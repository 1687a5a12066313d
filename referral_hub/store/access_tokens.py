"""Access tokens and the ids that are spent with them, in one statement each.

An assertion and a proof are used once across all processes: their ids go into `used_jti` in the
statement that stores the token, and without fresh ids there is no token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from referral_hub.store import wire
from referral_hub.store.change import to_json
from referral_hub.store.direct import Link


@dataclass(frozen=True, slots=True)
class SpentId:
    """An id that may be used once: of what kind, by which client, and until when to remember it.

    The hash covers kind and client, so an id of one kind cannot be taken for one of another.
    """

    kind: str
    client_id: UUID
    value: str
    expires_at: datetime

    @property
    def digest(self) -> bytes:
        """What is remembered of it."""
        text = f"{self.kind}\0{self.client_id}\0{self.value}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to store; `proof_key` is the thumbprint that it is bound to (RFC 9449)."""

    digest: bytes
    client_id: UUID
    key_id: UUID
    scopes: Sequence[str]
    proof_key: str | None
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenRow:
    """What a token in force stands for: never more scopes than its client has now."""

    client_id: UUID
    scopes: frozenset[str]
    proof_key: str | None
    plain_json: bool


_ACTING = (
    "acting AS MATERIALIZED (SELECT set_config('app.agency', %(agency)s, true)::uuid AS agency_id)"
)
_SPENT = """
    spent AS (
        INSERT INTO used_jti (issuer, jti_hash, expires_at)
        SELECT acting.agency_id, r.jti_hash, r.expires_at
        FROM acting, json_populate_recordset(NULL::used_jti, %(spent)s) AS r
        ON CONFLICT DO NOTHING RETURNING 1
    )
"""
_ISSUE = f"""
    WITH {_ACTING}, {_SPENT}, issued AS (
        INSERT INTO access_token (token_hash, client_id, agency_id, key_id, scopes, proof_key,
                                  issued_at, expires_at)
        SELECT r.token_hash, r.client_id, acting.agency_id, r.key_id, r.scopes, r.proof_key,
               r.issued_at, r.expires_at
        FROM acting, json_populate_recordset(NULL::access_token, %(token)s) AS r
        WHERE (SELECT count(*) FROM spent) = %(wanted)s
        RETURNING 1
    )
    SELECT EXISTS (SELECT 1 FROM issued)
"""


def in_force(token: str, at: str) -> str:
    """Return the subquery of a token in force, for a statement whose first CTE is `acting`.

    `token` and `at` are that statement's placeholders.
    """
    return f"""
    (SELECT row_to_json(x)::text FROM (
        SELECT c.id AS client_id, c.plain_json, t.proof_key,
               ARRAY(SELECT unnest(t.scopes) INTERSECT SELECT unnest(c.scopes)) AS scopes
        FROM access_token t JOIN api_client c ON c.id = t.client_id
        WHERE t.token_hash = {token}::bytea AND t.agency_id = acting.agency_id
        AND t.expires_at > {at}::timestamptz AND c.disabled_at IS NULL
        AND EXISTS (SELECT 1 FROM agency a WHERE a.id = t.agency_id AND a.active)
        LIMIT 1) x)
"""


_FIND = f"""
    WITH acting AS MATERIALIZED (
        SELECT set_config('app.agency', $1::text, true)::uuid AS agency_id
    )
    SELECT {in_force("$2", "$3")} FROM acting
"""
_FIND_AND_SPEND = f"""
    WITH {_ACTING}, {_SPENT}
    SELECT {in_force("%(token)s", "%(at)s")} AS found,
        (SELECT count(*) FROM spent) AS fresh
    FROM acting
"""
_REVOKE = f"""
    WITH {_ACTING}, {_SPENT}, gone AS (
        DELETE FROM access_token t USING acting
        WHERE t.token_hash = %(token)s::bytea AND t.client_id = %(client)s::uuid
        AND t.agency_id = acting.agency_id AND (SELECT count(*) FROM spent) = %(wanted)s
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM spent) + 0 * (SELECT count(*) FROM gone)
"""


def issue(connection: Connection, agency_id: UUID, new: NewToken, spent: Sequence[SpentId]) -> bool:
    """Store a token and spend `spent`; False if any id was seen before or the key has just gone."""
    row = {
        "token_hash": new.digest,
        "client_id": new.client_id,
        "key_id": new.key_id,
        "scopes": list(new.scopes),
        "proof_key": new.proof_key,
        "issued_at": new.issued_at,
        "expires_at": new.expires_at,
    }
    try:
        stored = connection.exec_driver_sql(
            _ISSUE,
            {
                "agency": str(agency_id),
                "spent": _rows(spent),
                "token": to_json([row]),
                "wanted": len(spent),
            },
        )
    except IntegrityError:
        return False
    return bool(stored.scalar())


def find(link: Link, agency_id: UUID, digest: bytes, *, at: datetime) -> TokenRow | None:
    """Return what a token stands for at `at`; None unless it is in force. One statement."""
    asked = (str(agency_id).encode(), digest, wire.instant(at))
    ((found,),) = link.run(_FIND, asked)
    return token_row(found)


def find_and_spend(
    connection: Connection, agency_id: UUID, digest: bytes, *, proof: SpentId, at: datetime
) -> TokenRow | None:
    """Like `find`, and spend a proof's id in the same statement; None for one seen before."""
    row = connection.exec_driver_sql(
        _FIND_AND_SPEND,
        {"agency": str(agency_id), "token": digest, "at": at, "spent": _rows([proof])},
    ).one()
    return token_row(row.found) if row.fresh else None


def revoke(
    connection: Connection, agency_id: UUID, *, client_id: UUID, digest: bytes, spent: SpentId
) -> bool:
    """Delete a token if it is this client's; False if the id was seen before."""
    done = connection.exec_driver_sql(
        _REVOKE,
        {
            "agency": str(agency_id),
            "client": str(client_id),
            "token": digest,
            "spent": _rows([spent]),
            "wanted": 1,
        },
    )
    return bool(done.scalar())


def token_row(found: str | bytes | None) -> TokenRow | None:
    """Return the JSON that `in_force` selects as a value."""
    if found is None:
        return None
    row = orjson.loads(found)
    return TokenRow(
        UUID(row["client_id"]), frozenset(row["scopes"]), row["proof_key"], row["plain_json"]
    )


def _rows(spent: Iterable[SpentId]) -> str:
    return to_json([{"jti_hash": one.digest, "expires_at": one.expires_at} for one in spent])
