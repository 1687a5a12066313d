"""Counts for an officer's overview: each statement reads one agency's side of one period.

Counts, codes and references only. The reason of a decision stands in its entry; it is cut out of
the bytes by pattern, so that an entry that was tampered with cannot fail the page that would lead
somebody to it. The period begins at an id, because ids are time-ordered and indexed by agency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Decided:
    """How often the agency's own decisions ended so."""

    outcome: str
    reason: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Disclosed:
    """How many disclosures went from one agency to another; `other` is the one that is not ours."""

    sender: str
    recipient: str
    count: int
    other: UUID


@dataclass(frozen=True, slots=True)
class Held:
    """How many of the agency's referrals wait for the same reason, and since when."""

    reason: str | None
    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Expiring:
    """A referral's reference or another agency's name, and when the consent or agreement ends."""

    what: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What one member of staff opened: all looks, those out of hours, most people in one day, and
    looks at somebody of their own surname.
    """

    user_id: UUID
    name: str | None
    looks: int
    out_of_hours: int
    most_people: int
    own_surname: int


_DECIDED = text(
    """
    SELECT outcome, reason, count(*) FROM (
        SELECT outcome,
               substring(encode(entry, 'escape') FROM '"reason":"([a-z0-9_]{1,64})"') AS reason
        FROM log_entry
        WHERE sender_agency_id = :us AND id >= :oldest AND type = 'decision'
            AND outcome IS NOT NULL
    ) d GROUP BY outcome, reason ORDER BY count(*) DESC, outcome, reason LIMIT :most
    """
)
_DISCLOSED = text(
    """
    SELECT s.name, r.name, d.count, CASE WHEN s.id = :us THEN r.id ELSE s.id END FROM (
        SELECT sender_agency_id, recipient_agency_id, count(*) AS count FROM log_entry
        WHERE type = 'release' AND id >= :oldest
            AND (sender_agency_id = :us OR recipient_agency_id = :us)
        GROUP BY sender_agency_id, recipient_agency_id
    ) d JOIN agency s ON s.id = d.sender_agency_id JOIN agency r ON r.id = d.recipient_agency_id
    ORDER BY d.count DESC, s.name, r.name LIMIT :most
    """
)
_OVERRIDES = text(
    "SELECT count(*) FROM log_entry WHERE type = 'override' AND id >= :oldest"
    " AND (sender_agency_id = :us OR actor_agency_id = :us)"
)
_HELD = text(
    """
    SELECT reason, count(*), min(moved_at) FROM task
    WHERE origin_agency_id = :us AND state = 'held'
    GROUP BY reason ORDER BY min(moved_at) LIMIT :most
    """
)
_ENDED = """
    SELECT 1 FROM consent_event n WHERE n.subject_id = {e}.subject_id AND n.purpose = {e}.purpose
    AND n.state IN ('refused', 'withdrawn', 'expired', 'terminated', 'invalidated')
    AND n.recorded_at >= {e}.recorded_at
    AND (n.recipients = '{{}}' OR named.agency = ANY(n.recipients))
"""
_CONSENTS = text(
    f"""
    SELECT r.reference, e.valid_until FROM consent_event e JOIN referral r ON r.id = e.referral_id
    WHERE e.origin_agency_id = :us AND e.state IN ('given', 'renewed')
      AND e.valid_until > :at AND e.valid_until <= :soon
      AND EXISTS (
        SELECT 1 FROM unnest(e.recipients) AS named(agency)
        WHERE NOT EXISTS ({_ENDED.format(e="e")}) AND NOT EXISTS (
            SELECT 1 FROM consent_event f WHERE f.subject_id = e.subject_id
            AND f.purpose = e.purpose AND f.state IN ('given', 'renewed')
            AND named.agency = ANY(f.recipients)
            AND (f.valid_until IS NULL OR f.valid_until > e.valid_until)
            AND NOT EXISTS ({_ENDED.format(e="f")})))
    ORDER BY e.valid_until, r.reference LIMIT :most
    """
)
_AGREEMENTS = text(
    """
    SELECT a.name, g.valid_until FROM agreement_in_force g
    JOIN agency a ON a.id = g.recipient_agency_id
    WHERE g.sender_agency_id = :us AND g.valid_until > :at AND g.valid_until <= :soon
    ORDER BY g.valid_until, a.name LIMIT :most
    """
)
_READING = text(
    """
    SELECT d.actor_user_id, u.display_name, sum(d.looks)::int, sum(d.out_of_hours)::int,
           max(d.people)::int, (
               SELECT count(*) FROM log_entry n
               WHERE n.actor_user_id = d.actor_user_id AND n.id >= :oldest AND n.type = 'admin'
                   AND n.outcome = 'own_surname' AND n.sender_agency_id = :us
           )::int
    FROM (
        SELECT actor_user_id, (at AT TIME ZONE 'Europe/London')::date AS day, count(*) AS looks,
               count(*) FILTER (
                   WHERE extract(hour FROM at AT TIME ZONE 'Europe/London') NOT BETWEEN 7 AND 19
                      OR extract(isodow FROM at AT TIME ZONE 'Europe/London') > 5
               ) AS out_of_hours,
               count(DISTINCT subject_id) AS people
        FROM log_entry
        WHERE actor_agency_id = :us AND id >= :oldest AND type = 'view'
            AND actor_user_id IS NOT NULL
        GROUP BY actor_user_id, day
    ) d LEFT JOIN staff_user u ON u.id = d.actor_user_id
    GROUP BY d.actor_user_id, u.display_name
    ORDER BY sum(d.looks) DESC, u.display_name LIMIT :most
    """
)


def decided(connection: Connection, us: UUID, oldest: UUID) -> Sequence[Decided]:
    """Return the agency's decisions since `oldest`, by outcome and reason, the most first."""
    given = {"us": us, "oldest": oldest, "most": MOST_ROWS}
    return [Decided(*row) for row in connection.execute(_DECIDED, given)]


def disclosed(connection: Connection, us: UUID, oldest: UUID) -> Sequence[Disclosed]:
    """Return disclosures from and to the agency since `oldest`, by pair."""
    given = {"us": us, "oldest": oldest, "most": MOST_ROWS}
    return [Disclosed(*row) for row in connection.execute(_DISCLOSED, given)]


def overrides(connection: Connection, us: UUID, oldest: UUID) -> int:
    """Return how many times consent was overridden, by the agency or about its people."""
    given = {"us": us, "oldest": oldest}
    return int(connection.execute(_OVERRIDES, given).scalar_one())


def held(connection: Connection, us: UUID) -> Sequence[Held]:
    """Return what waits now, by reason, the longest wait first."""
    given = {"us": us, "most": MOST_ROWS}
    return [Held(*row) for row in connection.execute(_HELD, given)]


def expiring_consents(
    connection: Connection, us: UUID, *, at: datetime, within: timedelta
) -> Sequence[Expiring]:
    """Return agreements, as references, that end within `within` and that somebody who was named
    rests on: neither taken back for them since, nor followed by one that lasts longer.
    """
    given = {"us": us, "at": at, "soon": at + within, "most": MOST_ROWS}
    return [Expiring(*row) for row in connection.execute(_CONSENTS, given)]


def expiring_agreements(
    connection: Connection, us: UUID, *, at: datetime, within: timedelta
) -> Sequence[Expiring]:
    """Return the agency's sharing agreements that end within `within`."""
    given = {"us": us, "at": at, "soon": at + within, "most": MOST_ROWS}
    return [Expiring(*row) for row in connection.execute(_AGREEMENTS, given)]


def reading(connection: Connection, us: UUID, oldest: UUID) -> Sequence[Reading]:
    """Return what each member of staff opened since `oldest`, the most first.

    Out of hours is outside 7 to 20 o'clock in London, or at a weekend.
    """
    given = {"us": us, "oldest": oldest, "most": MOST_ROWS}
    return [Reading(*row) for row in connection.execute(_READING, given)]
