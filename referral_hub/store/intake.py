"""The one read of accepting a referral: everything that routing and consent may look at.

A single statement sets the agency for row-level security and returns the facts as JSON. Each fact
is a subquery that depends on the first CTE, so none can be evaluated before the agency is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from referral_hub.domain.geography import place_key
from referral_hub.store import services, staging, wire
from referral_hub.store.access_tokens import TokenRow, in_force, token_row
from referral_hub.store.direct import Link, Values
from referral_hub.store.staging import StagedRow

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class Intake:
    """Rows as JSON objects, named as their tables; `subject` is None for a new person.

    What every referral of an agency shares (agreements, services, standing) stays JSON text, so
    that the same text need not be read into values twice; of services, one line for each.
    """

    owner_agency_id: UUID | None
    subject: Json | None
    wrapped_subject_key: bytes | None
    consent_events: Sequence[Json]
    proxies: Sequence[Json]
    agreements: str
    services: str
    standing: str
    notices: Sequence[Json] = ()
    point: tuple[float, float] | None = None

    def __repr__(self) -> str:
        return "<Intake>"


@dataclass(frozen=True, slots=True, repr=False)
class Home:
    """Where somebody lives: a code of the hub's areas, and the postcode where it is known."""

    area: str
    postcode: str | None = None

    def __repr__(self) -> str:
        return "<Home>"


_FACTS = f"""
    WITH acting AS MATERIALIZED (
        SELECT set_config('app.agency', $1::text, true)::uuid AS agency_id
    ), person AS MATERIALIZED (
        SELECT s.* FROM acting CROSS JOIN LATERAL (
            SELECT * FROM subject
            WHERE origin_agency_id = acting.agency_id
            AND nhs_index = $4::bytea AND erased_at IS NULL LIMIT 1
        ) s
    ), home AS MATERIALIZED (
        SELECT a.owner_agency_id FROM acting JOIN area a ON a.code = $2::text
        WHERE acting.agency_id IS NOT NULL
    ), near AS MATERIALIZED (
        SELECT x.* FROM acting CROSS JOIN LATERAL (
            SELECT {services.FACTS} FROM {services.CAPPED}
            WHERE v.areas @> ARRAY[$2::text] AND v.needs && $3::text[] AND {services.LISTED}
            AND acting.agency_id IS NOT NULL
        ) x
    )
    SELECT
        (SELECT owner_agency_id FROM home) AS owner_agency_id,
        (SELECT row_to_json(p)::text FROM
            (SELECT id, never_share_with, conflicts, deceased, minor_until FROM person) p
        ) AS subject,
        (SELECT wrapped_key FROM person) AS wrapped_subject_key,
        (SELECT json_agg(e)::text FROM consent_event e
            WHERE e.origin_agency_id = acting.agency_id
            AND e.subject_id = (SELECT id FROM person)) AS consent_events,
        (SELECT json_agg(x)::text FROM proxy_authority x
            WHERE x.origin_agency_id = acting.agency_id
            AND x.subject_id = (SELECT id FROM person)) AS proxies,
        (SELECT json_agg(g)::text FROM agreement_in_force g
            WHERE g.sender_agency_id = acting.agency_id) AS agreements,
        (SELECT json_agg(n)::text FROM notice_in_use n
            WHERE n.agency_id = acting.agency_id) AS notices,
        (SELECT string_agg(row_to_json(x)::text, E'\\n') FROM near x) AS services,
        (SELECT json_agg(t)::text FROM agency_standing t WHERE acting.agency_id IS NOT NULL
            AND (t.agency_id IN (SELECT agency_id FROM near)
                 OR t.agency_id = (SELECT owner_agency_id FROM home))) AS standing,
        (SELECT json_build_array(p.latitude, p.longitude)::text FROM place p
            WHERE p.key = POSTCODE::text AND acting.agency_id IS NOT NULL) AS point
"""
_GATHER = _FACTS.replace("POSTCODE", "$5") + " FROM acting"


def _about_caller(first: int) -> str:
    """Four columns about a caller, whose seven parameters (`_of_caller`) begin at `first`."""
    token, at, client, endpoint, key, keys, draft = (f"${first + place}" for place in range(7))
    return f"""
        {in_force(token, at)} AS caller,
        (SELECT json_agg(k.jwk)::text FROM api_client_key k
            WHERE {keys}::boolean AND k.client_id = {client}::uuid
            AND k.agency_id = acting.agency_id) AS client_keys,
        (SELECT row_to_json(i)::text FROM idempotency_key i
            WHERE i.client_id = {client}::uuid AND i.endpoint = {endpoint}::text
            AND i.key_hash = {key}::bytea AND i.agency_id = acting.agency_id) AS earlier,
        (SELECT row_to_json(x)::text FROM (
            SELECT s.id, s.source, s.state, s.why, s.received_at, s.settled_at, s.referral_id,
                   s.reason, CASE WHEN s.key_hash = {key}::bytea AND s.client_id = {client}::uuid
                   AND s.endpoint = {endpoint}::text THEN s.fingerprint END AS fingerprint
            FROM staged_item s WHERE s.sender_agency_id = acting.agency_id
            AND (s.client_id = {client}::uuid AND s.endpoint = {endpoint}::text
                 AND s.key_hash = {key}::bytea OR s.id = {draft}::uuid)
            ORDER BY fingerprint IS NULL LIMIT 1) x) AS waited
    FROM acting
    """


_NAMED = """,
        (SELECT json_agg(a.id)::text FROM agency a
            WHERE a.id = ANY($13::uuid[]) AND acting.agency_id IS NOT NULL) AS named,"""
_GATHER_FOR_CALLER = _FACTS.replace("POSTCODE", "$12") + _NAMED + _about_caller(5)
_FIND_CALLER = f"""
    WITH acting AS MATERIALIZED (
        SELECT set_config('app.agency', $1::text, true)::uuid AS agency_id
    ) SELECT {_about_caller(2)}
"""


@dataclass(frozen=True, slots=True)
class CallerAsked:
    """By which token and under which idempotency key a client calls; its keys where wanted.

    `draft_id` is what stands for the sender's own name of what it sends, if it has one; `named` are
    agencies that it names: agreed to, wished for or ruled out.
    """

    agency_id: UUID
    client_id: UUID
    token_digest: bytes
    at: datetime
    endpoint: str
    key_hash: bytes
    with_keys: bool
    draft_id: UUID | None = None
    named: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, repr=False)
class CallerFound:
    """What is known of the caller: its token in force, its public keys, an earlier answer, and
    what waits or waited under the same key or name. `agencies` are those of the named that exist.
    """

    token: TokenRow | None
    keys: Sequence[Json]
    earlier: Earlier | None
    waited: Waited | None
    agencies: frozenset[UUID] = frozenset()

    def __repr__(self) -> str:
        return "<CallerFound>"


@dataclass(frozen=True, slots=True, repr=False)
class Earlier:
    """What was answered under this key before, byte for byte, and to which request."""

    fingerprint: bytes
    status: int
    content_type: str
    location: str | None
    answer: bytes
    created_at: datetime

    def __repr__(self) -> str:
        return "<Earlier>"


@dataclass(frozen=True, slots=True)
class Waited:
    """An item that came in an earlier message; `fingerprint` is None where under another key."""

    row: StagedRow
    fingerprint: bytes | None


def gather(
    link: Link,
    agency_id: UUID,
    *,
    home: Home,
    needs: Iterable[str],
    nhs_index: bytes | None = None,
) -> Intake:
    """Return what `agency_id` needs to accept a referral with `needs` of someone at `home`.

    The person is found by that agency's own blind index of the NHS number.
    """
    asked = (*_asked(agency_id, home.area, needs, nhs_index), _key(home))
    (row,) = link.run(_GATHER, asked)
    return _intake(row)


def gather_for_caller(
    link: Link,
    caller: CallerAsked,
    *,
    home: Home,
    needs: Iterable[str],
    nhs_index: bytes | None = None,
) -> tuple[Intake, CallerFound]:
    """Like `gather`, and in the same statement whether the caller may call and what it was told.

    Nothing of the first may be used before the second has been looked at.
    """
    asked = (
        *_asked(caller.agency_id, home.area, needs, nhs_index),
        *_of_caller(caller),
        _key(home),
        wire.identifiers(caller.named),
    )
    ((*facts, named, token, keys, earlier, waited),) = link.run(_GATHER_FOR_CALLER, asked)
    agencies = frozenset() if named is None else frozenset(map(UUID, orjson.loads(named)))
    found = replace(_found(caller, (token, keys, earlier, waited)), agencies=agencies)
    return _intake(tuple(facts)), found


def find_caller(link: Link, caller: CallerAsked) -> CallerFound:
    """Return whether the caller may call and what it was told, where nothing else is asked."""
    asked = (str(caller.agency_id).encode(), *_of_caller(caller))
    (row,) = link.run(_FIND_CALLER, asked)
    return _found(caller, row)


def _asked(agency_id: UUID, area: str, needs: Iterable[str], nhs_index: bytes | None) -> Values:
    return (str(agency_id).encode(), area.encode(), wire.texts(needs), nhs_index)


def _of_caller(caller: CallerAsked) -> Values:
    return (
        caller.token_digest,
        wire.instant(caller.at),
        wire.identifier(caller.client_id),
        caller.endpoint.encode(),
        caller.key_hash,
        wire.TRUE if caller.with_keys else wire.FALSE,
        None if caller.draft_id is None else wire.identifier(caller.draft_id),
    )


def _found(caller: CallerAsked, row: Values) -> CallerFound:
    token, keys, earlier, waited = row
    return CallerFound(
        token_row(token), _rows(keys), _earlier(earlier), _waited(caller.agency_id, waited)
    )


def _waited(agency_id: UUID, found: bytes | None) -> Waited | None:
    if found is None:
        return None
    row = orjson.loads(found)
    fingerprint = row.pop("fingerprint")
    item = staging.of_message(agency_id, row)
    return Waited(item, None if fingerprint is None else _bytes(fingerprint))


def _key(home: Home) -> bytes | None:
    return place_key(home.postcode).encode() if home.postcode else None


def _earlier(found: bytes | None) -> Earlier | None:
    if found is None:
        return None
    row = orjson.loads(found)
    return Earlier(
        _bytes(row["fingerprint"]),
        row["status"],
        row["content_type"],
        row["location"],
        _bytes(row["answer"]),
        datetime.fromisoformat(row["created_at"]),
    )


def _bytes(text: str) -> bytes:
    """Read a bytea as PostgreSQL writes it into JSON."""
    return bytes.fromhex(text.removeprefix("\\x"))


def _intake(row: Values) -> Intake:
    owner, subject, wrapped, events, proxies, agreements, notices, found, standing, point = row
    return Intake(
        owner_agency_id=None if owner is None else wire.read_id(owner),
        subject=None if subject is None else orjson.loads(subject),
        wrapped_subject_key=wrapped,
        consent_events=_rows(events),
        proxies=_rows(proxies),
        agreements=_text(agreements),
        services="" if found is None else found.decode(),
        standing=_text(standing),
        notices=_rows(notices),
        point=None if point is None else tuple(orjson.loads(point)),
    )


def _rows(found: bytes | None) -> Sequence[Json]:
    return () if found is None else tuple(orjson.loads(found))


def _text(found: bytes | None) -> str:
    return "[]" if found is None else found.decode()
