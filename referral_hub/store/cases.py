"""What the release service reads for a batch: facts and ciphertext of many tasks in a fixed number
of statements.

Runs as `hub_worker`, which alone may read sealed records. However many tasks a batch has, it is
eight statements: no N+1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class CaseRows:
    """Everything consent may look at for one referral, and its sealed record.

    The sender's agreements stay JSON text, which all of its cases share and which is read once.
    """

    referral: Row
    subject: Row
    consent_events: Sequence[Row]
    proxies: Sequence[Row]
    agreements: str
    sealed: Row

    def __repr__(self) -> str:
        return "<CaseRows>"


@dataclass(frozen=True, slots=True, repr=False)
class CaseBatch:
    """Cases by referral id, and the standing of every agency concerned, and the plans' services."""

    cases: Mapping[UUID, CaseRows]
    standings: Mapping[UUID, Row]
    services: Mapping[UUID, Row]

    def __repr__(self) -> str:
        return "<CaseBatch>"


_REFERRALS = text(
    """
    SELECT r.id, r.reference, r.origin_agency_id, r.owner_agency_id, r.subject_id, r.priority,
        r.purpose, r.plan, r.created_at, r.withdrawn_at, r.unsafe_to_contact,
        (SELECT row_to_json(x) FROM (
            SELECT id, lacks_capacity, assessment_id, assessed_on, decision_id, decided_on,
                recorded_at
            FROM capacity_record WHERE referral_id = r.id ORDER BY id DESC LIMIT 1) x) AS capacity,
        (SELECT row_to_json(x) FROM (
            SELECT k.id, k.gillick_id, k.parental_id, k.child_agrees, k.parent_agrees,
                d.id AS decision_id, d.share
            FROM child_record k LEFT JOIN child_decision d ON d.child_record_id = k.id
            WHERE k.referral_id = r.id ORDER BY k.id DESC, d.id DESC LIMIT 1) x) AS child
    FROM referral r WHERE r.id = ANY(:ids)
    """
)
_SUBJECTS = text(
    "SELECT id, origin_agency_id, wrapped_key, never_share_with, conflicts, deceased, minor_until,"
    " erased_at FROM subject WHERE id = ANY(:ids)"
)
_SEALED = text(
    "SELECT DISTINCT ON (referral_id) referral_id, version, wrapped_record_key, key_commitment,"
    " ciphertext_hash, field_ids, ciphertexts FROM sealed_record"
    " WHERE referral_id = ANY(:ids) ORDER BY referral_id, version DESC"
)
_EVENTS = text("SELECT * FROM consent_event WHERE subject_id = ANY(:ids)")
_PROXIES = text("SELECT * FROM proxy_authority WHERE subject_id = ANY(:ids)")
_AGREEMENTS = text(
    "SELECT sender_agency_id, json_agg(g ORDER BY id)::text AS agreements FROM agreement_in_force g"
    " WHERE sender_agency_id = ANY(:ids) GROUP BY sender_agency_id"
)
_NONE: Row = {"agreements": "[]"}
_STANDINGS = text(
    "SELECT s.*, e.encryption_jwk IS NOT NULL AS sealed FROM agency_standing s"
    " LEFT JOIN agency_endpoint e ON e.agency_id = s.agency_id WHERE s.agency_id = ANY(:ids)"
)
_SERVICES = text("SELECT id, active, status, paused_until FROM service WHERE id = ANY(:ids)")
_ENDPOINTS = text(
    "SELECT e.*, COALESCE(l.field_ids, '{}') AS field_order FROM agency_endpoint e"
    " LEFT JOIN agency_layout l ON l.agency_id = e.agency_id"
    " WHERE e.agency_id = ANY(:ids) AND e.transport <> 'inbox'"
)


def load(
    connection: Connection, referral_ids: Iterable[UUID], recipients: Iterable[UUID]
) -> CaseBatch:
    """Return the cases of `referral_ids` and the standing of `recipients` and of every plan's
    agencies.
    """
    referrals = _by(connection, _REFERRALS, set(referral_ids), "id")
    found = [row for rows in referrals.values() for row in rows]
    subjects = _by(connection, _SUBJECTS, {row["subject_id"] for row in found}, "id")
    events = _by(connection, _EVENTS, set(subjects), "subject_id")
    proxies = _by(connection, _PROXIES, set(subjects), "subject_id")
    origins = {row["origin_agency_id"] for row in found}
    agreements = _single(_by(connection, _AGREEMENTS, origins, "sender_agency_id"))
    sealed = _by(connection, _SEALED, set(referrals), "referral_id")
    agencies = set(recipients) | _planned(found, "agency")
    return CaseBatch(
        cases={
            row["id"]: CaseRows(
                referral=row,
                subject=subjects[row["subject_id"]][0],
                consent_events=events[row["subject_id"]],
                proxies=proxies[row["subject_id"]],
                agreements=agreements.get(row["origin_agency_id"], _NONE)["agreements"],
                sealed=sealed[row["id"]][0],
            )
            for row in found
        },
        standings=_single(_by(connection, _STANDINGS, agencies, "agency_id")),
        services=_single(_by(connection, _SERVICES, _planned(found, "service"), "id")),
    )


def endpoints_of(connection: Connection, agency_ids: set[UUID]) -> dict[UUID, Row]:
    """Return how agencies with a system of their own are reached; the others have the inbox."""
    return _single(_by(connection, _ENDPOINTS, agency_ids, "agency_id"))


def _by(
    connection: Connection, statement: Any, ids: set[UUID], column: str
) -> defaultdict[UUID, list[Row]]:
    grouped: defaultdict[UUID, list[Row]] = defaultdict(list)
    if ids:
        found = connection.execute(statement, {"ids": list(ids)})
        names = list(found.keys())
        place = names.index(column)
        for row in found:
            grouped[row[place]].append(dict(zip(names, row, strict=True)))
    return grouped


def _single(grouped: Mapping[UUID, Sequence[Row]]) -> dict[UUID, Row]:
    return {key: rows[0] for key, rows in grouped.items()}


def _planned(referrals: Iterable[Row], what: str) -> set[UUID]:
    return {
        UUID(candidate[what])
        for row in referrals
        for slot in row["plan"]
        for candidate in slot["candidates"]
        if candidate[what]
    }
