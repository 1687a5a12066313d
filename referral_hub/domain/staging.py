"""Staged intake: the closed lists of what waits for a person before it can be a referral.

Where it came from, where it stands, why it waits and why it was turned down are codes, so that a
list of what waits names nobody. A reason for turning down is a code too and never free text: it
goes back to whoever sent the item, and must not carry anything about the person.
"""

from __future__ import annotations

from enum import StrEnum


class StagedSource(StrEnum):
    """Which door it came through."""

    CSV = "csv"
    CONCERN = "concern"
    API = "api"
    FHIR = "fhir"


class StagedState(StrEnum):
    """Where it stands. Its content is kept only while it waits."""

    WAITING = "waiting"
    IMPORTED = "imported"
    REJECTED = "rejected"


class WaitsBecause(StrEnum):
    """Why the hub could not go on by itself."""

    PERSON_INCOMPLETE = "person_incomplete"
    NEEDS_MISSING = "needs_missing"
    AGREEMENT_UNCLEAR = "agreement_unclear"
    PERSON_NOT_KNOWN = "person_not_known"
    NO_CONSENT = "no_consent"
    NOT_MATCHED = "not_matched"


class StagedRejection(StrEnum):
    """Why a person turned it down."""

    NOT_ENOUGH_INFORMATION = "not_enough_information"
    DUPLICATE = "duplicate"
    PERSON_SAID_NO = "person_said_no"
    NOT_OURS = "not_ours"
    HELPED_ALREADY = "helped_already"
    NOT_GENUINE = "not_genuine"
