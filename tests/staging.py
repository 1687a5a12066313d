"""Things that wait for a person, staged as each door stages them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from referral_hub.domain.staging import StagedSource, WaitsBecause
from referral_hub.services.hub import Hub
from referral_hub.services.stage import Parties, Staged, stage, staged_id

PERSON = {
    "first_name": "Agnes",
    "family_name": "Thistlewood",
    "date_of_birth-day": "7",
    "date_of_birth-month": "11",
    "date_of_birth-year": "1938",
    "nhs_number": "",
}
PAGES: dict[str, dict[str, Any]] = {
    "person": PERSON,
    "address": {"area": "MF-HAR", "address": "9 Sailmaker Court", "postcode": ""},
    "needs": {"needs": ["lonely"]},
    "why": {"why": "Has not been out since the autumn", "task_note": "", "priority": "routine"},
}
BESIDE = {"reference": "T-4471", "visit_date": "3 May 2026"}


def staged(
    hub: Hub,
    agency: UUID,
    *,
    sender: UUID | None = None,
    pages: dict[str, dict[str, Any]] | None = None,
    source: StagedSource = StagedSource.CSV,
    line: int | None = 2,
) -> UUID:
    """Stage one item for `agency`; returns its id."""
    parties = Parties(agency_id=agency, sender_id=sender or agency, source=source)
    item = Staged(
        staged_id(hub),
        WaitsBecause.PERSON_INCOMPLETE,
        PAGES if pages is None else pages,
        BESIDE,
        line=line,
    )
    return stage(hub, parties, item)
