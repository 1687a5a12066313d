"""Entries of the log that say that somebody's data was handed out or looked at.

For a person (all about them, from whichever of their referrals) or for a window of time. An
agency's officer finds its own side and no more, as everywhere; rows come in the order of the log,
some hundreds at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import UUID as SqlUuid

from referral_hub.store.audit_log import BUNDLE_AT_ONCE, COLUMNS, NAMES, OURS, AuditRow

EXPOSING = "(e.type IN ('release', 'view') OR (e.type = 'override' AND e.outcome = 'permit'))"


@dataclass(frozen=True, slots=True)
class Sought:
    """Which exposures: None is any. `delivery` is what a release's entry calls its effect.

    With `channel` an entry that does not say its channel counts too: it may have been that one.
    `oldest` is the first id looked at, `below` the first that is not.
    """

    subject: UUID | None = None
    referrals: Sequence[UUID] = ()
    user: UUID | None = None
    party: UUID | None = None
    referral: UUID | None = None
    delivery: UUID | None = None
    channel: str | None = None
    oldest: UUID | None = None
    below: UUID | None = None


_CONDITIONS = {
    "subject": "(e.subject_id = :subject OR e.referral_id = ANY(:referrals))",
    "user": "e.actor_user_id = :user",
    "party": ":party IN (e.sender_agency_id, e.recipient_agency_id, e.actor_agency_id)",
    "referral": "e.referral_id = :referral",
    "delivery": "position(:delivery IN e.entry) > 0",
    "channel": "(position(:channel IN e.entry) > 0 OR position(:says IN e.entry) = 0)",
    "oldest": "e.id >= :oldest",
    "below": "e.id < :below",
}

_SAYS = b'"channel":'
# How a value stands in the canonical bytes of an entry.
_WRITTEN: Mapping[str, Callable[[object], bytes]] = {
    "delivery": lambda value: f'"{value}"'.encode(),
    "channel": lambda value: f'"channel":"{value}"'.encode(),
}


def exposures(
    connection: Connection, us: UUID, sought: Sought, *, size: int
) -> Iterator[list[AuditRow]]:
    """Yield the entries below log size `size` that `us` may see, in the order of the log."""
    given: dict[str, object] = {"us": us, "size": size}
    if sought.channel is not None:
        given["says"] = _SAYS
    clauses = [f"e.seq >= 0 AND e.seq < :size AND {EXPOSING} AND ({OURS})"]
    for name, clause in _CONDITIONS.items():
        value = getattr(sought, name)
        if value is not None:
            clauses.append(clause)
            given[name] = _WRITTEN[name](value) if name in _WRITTEN else value
    statement = text(
        f"SELECT {COLUMNS} FROM log_entry e{NAMES} WHERE {' AND '.join(clauses)} ORDER BY e.seq"
    )
    if sought.subject is not None:
        given["referrals"] = list(sought.referrals)
        statement = statement.bindparams(bindparam("referrals", type_=ARRAY(SqlUuid)))
    options = {"stream_results": True, "yield_per": BUNDLE_AT_ONCE}
    for rows in connection.execute(statement, given, execution_options=options).partitions():
        yield [AuditRow(*row) for row in rows]
