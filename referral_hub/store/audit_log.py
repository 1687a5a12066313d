"""What a data protection officer reads of the log: their own agency's side of it.

Row-level security shows an agency the entries it sent, received or acted in. This module shows
less: as a mere recipient it sees what reached it. A decision that was refused, or a referral that
was never sent, would tell one agency that another has a person it wants to keep from it. Lists are
`store.log_search`. The limit: a bundle is chosen by a full scan, unless its period is short.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import UUID as SqlUuid

from referral_hub.errors import NotFound
from referral_hub.store.log_check import COMMITTED_ROWS, CommittedRow

BUNDLE_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: None is any. Each of `codes` stands somewhere among an entry's codes, and not
    in an entry that says that somebody searched for it. `basis` is a key of `LawfulBasis` and its
    code, like `article6:e`.

    `oldest` is the first id looked at, `below` the first that is not.
    """

    type: str | None = None
    outcome: str | None = None
    party: UUID | None = None
    user: UUID | None = None
    referral: UUID | None = None
    subject: UUID | None = None
    basis: str | None = None
    codes: Sequence[str] = ()
    oldest: UUID | None = None
    below: UUID | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True, repr=False)
class AuditRow:
    """An entry with the names behind its ids; users and references only where they are ours."""

    id: UUID
    seq: int | None
    entry: bytes
    type: str
    at: datetime
    outcome: str | None
    sender_agency_id: UUID
    recipient_agency_id: UUID | None
    actor_agency_id: UUID | None
    actor_user_id: UUID | None
    subject_id: UUID | None
    referral_id: UUID | None
    user_name: str | None
    user_role: str | None
    reference: str | None

    def __repr__(self) -> str:
        return "<AuditRow>"


COLUMNS = (
    "e.id, e.seq, e.entry, e.type, e.at, e.outcome, e.sender_agency_id, e.recipient_agency_id,"
    " e.actor_agency_id, e.actor_user_id, e.subject_id, e.referral_id, u.display_name,"
    " coalesce(u.role, CASE WHEN p.id IS NOT NULL THEN 'person' END), r.reference"
)
NAMES = (
    " LEFT JOIN staff_user u ON u.id = e.actor_user_id LEFT JOIN referral r ON r.id = e.referral_id"
    " LEFT JOIN person_code p ON p.id = e.actor_user_id"
)
REACHED = (
    "(e.type = 'release' OR e.referral_id IS NULL"
    " OR EXISTS (SELECT 1 FROM referral f WHERE f.id = e.referral_id))"
    " AND (e.type <> 'decision' OR e.outcome = 'permit')"
)
_SIDES = (
    "e.sender_agency_id = :us",
    "e.actor_agency_id = :us",
    f"e.recipient_agency_id = :us AND {REACHED}",
)
OURS = " OR ".join(f"({side})" for side in _SIDES)
_SHOWN_WHOLE = "(e.sender_agency_id = :us OR e.type <> 'decision' OR e.outcome = 'permit')"
_CONDITIONS = {
    "type": "e.type = :type",
    "outcome": "e.outcome = :outcome",
    "party": ":party IN (e.sender_agency_id, e.recipient_agency_id, e.actor_agency_id)",
    "user": "e.actor_user_id = :user",
    "referral": "e.referral_id = :referral",
    "subject": "e.subject_id = :subject",
    "oldest": "e.id >= :oldest",
    "below": "e.id < :below",
    "id": "e.id = :id",
}


def one(connection: Connection, us: UUID, entry_id: UUID) -> AuditRow:
    """Return one entry that `us` may see. Raises NotFound for any other, and for none."""
    statement = text(f"SELECT {COLUMNS} FROM log_entry e{NAMES} WHERE e.id = :id AND ({OURS})")
    row = connection.execute(statement, {"us": us, "id": entry_id}).one_or_none()
    if row is None:
        raise NotFound
    return AuditRow(*row)


def count_for_bundle(
    connection: Connection, us: UUID, wanted: Wanted, *, size: int, most: int
) -> int:
    """Return how many wanted entries below log size `size` `us` may take away, `most` at most."""
    where, given = _for_bundle(us, wanted, size)
    counted = text(f"SELECT count(*) FROM (SELECT 1 FROM log_entry e WHERE {where} LIMIT :most) s")
    return int(connection.execute(counted, {**given, "most": most}).scalar_one())


def for_bundle(
    connection: Connection, us: UUID, wanted: Wanted, *, size: int
) -> Iterator[list[AuditRow]]:
    """Yield the same entries in the order of the log, some hundreds at a time."""
    where, given = _for_bundle(us, wanted, size)
    statement = text(f"SELECT {COLUMNS} FROM log_entry e{NAMES} WHERE {where} ORDER BY e.seq")
    options = {"stream_results": True, "yield_per": BUNDLE_AT_ONCE}
    for rows in connection.execute(statement, given, execution_options=options).partitions():
        yield [AuditRow(*row) for row in rows]


def sealed_openings(connection: Connection, entry_ids: Sequence[UUID]) -> dict[UUID, CommittedRow]:
    """Return what opens these entries' commitments, by entry id (`hub_worker` only)."""
    rows = connection.execute(_OPENINGS, {"ids": list(entry_ids)})
    return {row.id: CommittedRow(*row) for row in rows}


@dataclass(frozen=True, slots=True)
class WrappedRow:
    """What was handed to a recipient, and the place of its entry; never the keys themselves."""

    seq: int | None
    recipient_agency_id: UUID
    task_id: UUID
    stage: str
    effect_id: UUID
    field_ids: Sequence[str]
    sha256: str | None


def wrapped_keys(
    connection: Connection, us: UUID, wanted: Wanted, *, size: int
) -> list[WrappedRow]:
    """Return what `us` handed out or was handed, for the entries of a bundle and for those that
    are no numbered release (`hub_worker` only), in the order of the log.
    """
    where, given = _for_bundle(us, wanted, size)
    statement = text(
        "SELECT e.seq, d.recipient_agency_id, d.task_id, d.stage, d.effect_id, d.field_ids,"
        " encode(sha256(d.wrapped_keys), 'hex')"
        " FROM release d JOIN log_entry e ON e.id = d.entry_id"
        " WHERE :us IN (d.origin_agency_id, d.recipient_agency_id)"
        f" AND (e.seq IS NULL OR e.type <> 'release' OR ({where})) ORDER BY e.seq, d.id"
    )
    return [WrappedRow(*row) for row in connection.execute(statement, given)]


def agencies(connection: Connection) -> dict[UUID, str]:
    """Return every agency's name by id, in the order of the names."""
    rows = connection.execute(text("SELECT id, name FROM agency ORDER BY name"))
    return {row.id: row.name for row in rows}


def staff(connection: Connection) -> dict[UUID, str]:
    """Return the acting agency's staff by id, in the order of the names."""
    rows = connection.execute(text("SELECT id, display_name FROM staff_user ORDER BY display_name"))
    return {row.id: row.display_name for row in rows}


def referral_called(connection: Connection, reference: str) -> UUID | None:
    """Return the referral with this reference if the acting agency may see it."""
    found: UUID | None = connection.execute(
        text("SELECT id FROM referral WHERE reference = :reference"), {"reference": reference}
    ).scalar()
    return found


def looked_already(connection: Connection, *, us: UUID, user: UUID, code: str, since: UUID) -> bool:
    """Whether this user has an access entry with this code since the instant of the id `since`."""
    found = connection.execute(
        text(
            "SELECT 1 FROM log_entry WHERE actor_agency_id = :us AND actor_user_id = :user"
            " AND type = 'access' AND id >= :since AND position(:code IN entry) > 0 LIMIT 1"
        ),
        {"us": us, "user": user, "since": since, "code": _quoted(code)},
    )
    return found.scalar() is not None


def count_pending(connection: Connection) -> int:
    """Return how many entries of all agencies wait for a number (`hub_worker` only)."""
    found = connection.execute(text("SELECT count(*) FROM log_entry WHERE seq IS NULL"))
    return int(found.scalar_one())


_OPENINGS = text(f"{COMMITTED_ROWS} WHERE e.id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(SqlUuid))
)


def conditions(wanted: Wanted) -> tuple[str, Mapping[str, Any]]:
    """Return what is wanted as SQL over `e`, each condition beginning with AND, and its values."""
    given: dict[str, Any] = {
        name: getattr(wanted, name) for name in _CONDITIONS if getattr(wanted, name) is not None
    }
    clauses = [_CONDITIONS[name] for name in given]
    if wanted.basis is not None:
        key, _, code = wanted.basis.partition(":")
        given["basis"] = f'"{key}":"{code}"'.encode("ascii")
        clauses.append("position(:basis IN e.entry) > 0")
    for place, code in enumerate(wanted.codes):
        given[f"code{place}"] = _quoted(code)
        clauses.append(f"e.type <> 'access' AND position(:code{place} IN e.entry) > 0")
    return "".join(f" AND {clause}" for clause in clauses), given


def _for_bundle(us: UUID, wanted: Wanted, size: int) -> tuple[str, Mapping[str, Any]]:
    wanted_rows, given = conditions(wanted)
    where = f"e.seq >= 0 AND e.seq < :size AND ({OURS}) AND {_SHOWN_WHOLE}{wanted_rows}"
    return where, {"us": us, "size": size, **given}


def _quoted(code: str) -> bytes:
    """The code as it stands in an entry's bytes; it is a code, so JSON escapes nothing in it."""
    return f'"{code}"'.encode("ascii")
