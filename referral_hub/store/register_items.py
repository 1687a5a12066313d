"""Reading and settling items of the registers: an agency's own, and agreements it is a party of.

An item is never edited: a decision and an end are written once, each only where it is still open,
and what replaces an item names it. Names of people are read under row-level security, so another
agency's staff have none here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.domain.registers import Register
from referral_hub.errors import NotFound

Row = Mapping[str, Any]

_AGREEMENTS = """
    SELECT g.*, s.name AS sender_name, r.name AS recipient_name, p.display_name AS proposer,
           d.display_name AS decider, (
               SELECT min(n.valid_from) FROM sharing_agreement n
               WHERE n.supersedes = g.id AND n.decision = 'approved'
           ) AS superseded_at
    FROM sharing_agreement g
    JOIN agency s ON s.id = g.sender_agency_id JOIN agency r ON r.id = g.recipient_agency_id
    LEFT JOIN staff_user p ON p.id = g.proposed_by LEFT JOIN staff_user d ON d.id = g.decided_by
    WHERE :us IN (g.sender_agency_id, g.recipient_agency_id)
"""
_NOTICES = """
    SELECT g.*, p.display_name AS proposer, d.display_name AS decider, (
               SELECT min(n.valid_from) FROM notice_adoption n
               WHERE n.supersedes = g.id AND n.decision = 'approved'
           ) AS superseded_at, w.words
    FROM notice_adoption g
    LEFT JOIN notice_text w ON w.agency_id = g.agency_id AND w.notice_id = g.notice_id
        AND w.version = g.notice_version AND w.language = g.notice_language
    LEFT JOIN staff_user p ON p.id = g.proposed_by LEFT JOIN staff_user d ON d.id = g.decided_by
    WHERE g.agency_id = :us
"""
_ACTIVITIES = """
    SELECT g.*, p.display_name AS proposer, (
               SELECT n.recorded_at FROM processing_activity n WHERE n.supersedes = g.id
           ) AS superseded_at
    FROM processing_activity g LEFT JOIN staff_user p ON p.id = g.recorded_by
    WHERE g.agency_id = :us
"""
_ITEMS = {
    Register.AGREEMENTS: _AGREEMENTS,
    Register.NOTICES: _NOTICES,
    Register.ACTIVITIES: _ACTIVITIES,
}
_TABLES = {
    Register.AGREEMENTS: "sharing_agreement",
    Register.NOTICES: "notice_adoption",
    Register.ACTIVITIES: "processing_activity",
}
_IN_USE = text(
    """
    WITH acting AS MATERIALIZED (SELECT set_config('app.agency', :agency, true)::uuid AS agency_id)
    SELECT n.notice_id, n.notice_version, n.notice_language, n.notice_hash, n.valid_from,
           n.valid_until, n.words
    FROM acting CROSS JOIN LATERAL (
        SELECT u.*, w.words FROM notice_in_use u
        LEFT JOIN notice_text w ON w.agency_id = u.agency_id AND w.notice_id = u.notice_id
            AND w.version = u.notice_version AND w.language = u.notice_language
        WHERE u.agency_id = acting.agency_id OFFSET 0
    ) n
    """
)


_TEXTS = text(
    "SELECT notice_id, version, language, words, sha256, written_at FROM notice_text"
    " WHERE agency_id = :us ORDER BY written_at DESC LIMIT :most"
)
MOST_TEXTS = 500


@dataclass(frozen=True, slots=True)
class OwnText:
    """Words that an agency wrote itself. They are never edited and never deleted."""

    notice_id: str
    version: str
    language: str
    words: str
    sha256: str
    written_at: datetime

    @property
    def names(self) -> tuple[str, str, str]:
        """Id, version and language."""
        return self.notice_id, self.version, self.language


@dataclass(frozen=True, slots=True)
class InUse:
    """Words that an agency has put in use, from when until when; `words` where it wrote them."""

    notice_id: str
    notice_version: str
    notice_language: str
    notice_hash: str
    valid_from: datetime
    valid_until: datetime | None
    words: str | None = None


def items(connection: Connection, register: Register, us: UUID) -> Sequence[Row]:
    """Return every item of a register that is the agency's, the newest first."""
    rows = connection.execute(text(f"{_ITEMS[register]} ORDER BY g.id DESC"), {"us": us})
    return [dict(row) for row in rows.mappings()]


def item(connection: Connection, register: Register, us: UUID, item_id: UUID) -> Row:
    """Return one item. Raises NotFound for another agency's, and for none."""
    statement = text(f"{_ITEMS[register]} AND g.id = :id")
    found = connection.execute(statement, {"us": us, "id": item_id}).mappings().one_or_none()
    if found is None:
        raise NotFound
    return dict(found)


def keeps_registers(connection: Connection, agency_id: UUID) -> bool:
    """Whether an agency has somebody who could approve."""
    found = connection.execute(text("SELECT keeps_registers(:id)"), {"id": agency_id})
    return bool(found.scalar_one())


def decide(
    connection: Connection,
    register: Register,
    item_id: UUID,
    *,
    by: UUID,
    settled: tuple[str, datetime],
) -> bool:
    """Write the decision of a second person; False where it is decided or ended already."""
    decision, at = settled
    done = connection.execute(
        text(
            f"UPDATE {_TABLES[register]} SET decided_by = :by, decided_at = :at,"
            " decision = :decision WHERE id = :id AND decided_at IS NULL AND ended_at IS NULL"
        ),
        {"id": item_id, "by": by, "at": at, "decision": decision},
    )
    return bool(done.rowcount)


def end(connection: Connection, register: Register, item_id: UUID, at: datetime) -> bool:
    """End an item now; False where it has ended already."""
    done = connection.execute(
        text(f"UPDATE {_TABLES[register]} SET ended_at = :at WHERE id = :id AND ended_at IS NULL"),
        {"id": item_id, "at": at},
    )
    return bool(done.rowcount)


def notices_in_use(connection: Connection, us: UUID) -> Sequence[InUse]:
    """Return the words that two people of the agency have approved; sets the agency itself."""
    return [InUse(*row) for row in connection.execute(_IN_USE, {"agency": str(us)})]


def own_texts(connection: Connection, us: UUID) -> Sequence[OwnText]:
    """Return the words that an agency wrote itself, the newest first; at most `MOST_TEXTS`."""
    rows = connection.execute(_TEXTS, {"us": us, "most": MOST_TEXTS})
    return [OwnText(*row) for row in rows]


def is_superseded(connection: Connection, register: Register, item_id: UUID) -> bool:
    """Whether something approved, or not decided yet, replaces this item."""
    open_ = {
        Register.ACTIVITIES: "",
        Register.AGREEMENTS: " AND decision IS DISTINCT FROM 'turned_down' AND ended_at IS NULL",
        Register.NOTICES: " AND decision IS DISTINCT FROM 'turned_down' AND ended_at IS NULL",
    }
    found = connection.execute(
        text(f"SELECT 1 FROM {_TABLES[register]} WHERE supersedes = :id{open_[register]} LIMIT 1"),
        {"id": item_id},
    )
    return found.scalar() is not None


_DUE = text(
    """
    SELECT 'agreements', g.id, CASE WHEN g.sender_agency_id = :us THEN r.name ELSE s.name END,
           g.review_on
    FROM sharing_agreement g JOIN agreement_in_force f ON f.id = g.id
    JOIN agency s ON s.id = g.sender_agency_id JOIN agency r ON r.id = g.recipient_agency_id
    WHERE :us IN (g.sender_agency_id, g.recipient_agency_id) AND f.valid_until > :at
        AND (g.review_on IS NULL OR g.review_on <= :soon)
    UNION ALL
    SELECT 'notices', g.id, g.notice_id || ' ' || g.notice_version || ' ' || g.notice_language,
           g.review_on
    FROM notice_adoption g JOIN notice_in_use f ON f.id = g.id
    WHERE g.agency_id = :us AND (f.valid_until IS NULL OR f.valid_until > :at)
        AND g.review_on <= :soon
    UNION ALL
    SELECT 'activities', g.id, g.name, g.review_on FROM processing_activity g
    WHERE g.agency_id = :us AND g.ended_at IS NULL AND g.review_on <= :soon
        AND NOT EXISTS (SELECT 1 FROM processing_activity n WHERE n.supersedes = g.id)
    ORDER BY 4 NULLS FIRST, 3 LIMIT 50
    """
)
_WAITING = text(
    """
    SELECT (SELECT count(*) FROM sharing_agreement WHERE decided_at IS NULL AND ended_at IS NULL
                AND proposed_at IS NOT NULL AND approver_agency_id = :us)
         + (SELECT count(*) FROM notice_adoption WHERE decided_at IS NULL AND ended_at IS NULL
                AND agency_id = :us)
    """
)


@dataclass(frozen=True, slots=True)
class Due:
    """An item that is due for review; `review_on` None had no day."""

    register: str
    id: UUID
    name: str
    review_on: date | None


def due(connection: Connection, us: UUID, *, at: datetime, soon: date) -> Sequence[Due]:
    """Return what is in force and due for review by `soon`, the oldest first."""
    return [Due(*row) for row in connection.execute(_DUE, {"us": us, "at": at, "soon": soon})]


def waiting(connection: Connection, us: UUID) -> int:
    """Return how many proposals wait for the agency's second person."""
    return int(connection.execute(_WAITING, {"us": us}).scalar_one())
