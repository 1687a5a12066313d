"""How long a record is kept, as data, and the day on which somebody has to look at it again.

A review day is when an appraisal is due, never when something is destroyed. Whether a record is
about mental health stands in no code that is readable here, so a person says which schedule it is
kept by (`services.retention.keep_by`); nothing that is said makes it shorter. A child is known by
the month after their 18th birthday, so theirs is reckoned some days too late rather than too early.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

from referral_hub.domain.codes import AgencyKind

ADULT_AT = 18


class Schedule(StrEnum):
    """Which rule a record is kept by."""

    ADULT_HEALTH = "adult_health"
    ADULT_SOCIAL_CARE = "adult_social_care"
    CHILDREN = "children"
    MENTAL_HEALTH = "mental_health"


class Appraisal(StrEnum):
    """What becomes of a record that is due."""

    DESTROY = "destroy"
    KEEP = "keep"
    PRESERVE = "preserve"


class KeepReason(StrEnum):
    """Why a record is kept beyond its day, or for good."""

    STILL_NEEDED = "still_needed"
    MENTAL_HEALTH = "mental_health"
    COMPLAINT_OR_CLAIM = "complaint_or_claim"
    LONG_TERM_CONDITION = "long_term_condition"
    HISTORICAL_VALUE = "historical_value"


class KeptBecause(StrEnum):
    """Why a person who asked to be erased is not (UK GDPR Articles 12(5) and 17)."""

    PUBLIC_TASK = "public_task"
    HEALTH_OR_CARE = "health_or_care"
    ARCHIVING = "archiving"
    LEGAL_CLAIMS = "legal_claims"
    STILL_NEEDED = "still_needed"
    MANIFESTLY_UNFOUNDED = "manifestly_unfounded"


class LegalHoldReason(StrEnum):
    """Why nothing about a person may be destroyed for now."""

    COURT_PROCEEDINGS = "court_proceedings"
    PUBLIC_INQUIRY = "public_inquiry"
    POLICE_INVESTIGATION = "police_investigation"
    COMPLAINT = "complaint"
    SUBJECT_ACCESS_REQUEST = "subject_access_request"


@dataclass(frozen=True, slots=True)
class Terms:
    """A schedule's years after closing, and the birthday before which a child's record is kept."""

    years: int
    birthday: int | None
    kinds: frozenset[str]


@cache
def terms() -> Mapping[Schedule, Terms]:
    """Return the schedules of the packaged table. Raises ValueError where a row is missing."""
    text = files("referral_hub.domain").joinpath("retention.toml").read_text(encoding="utf-8")
    table = {name: row for name, row in tomllib.loads(text).items() if name != "version"}
    if set(table) != {code.value for code in Schedule}:
        raise ValueError("retention.toml: each schedule needs exactly one row")
    return {
        code: Terms(
            table[code]["years"], table[code].get("birthday"), frozenset(table[code]["kinds"])
        )
        for code in Schedule
    }


def schedule_for(kind: AgencyKind, *, child: bool) -> Schedule:
    """Return the schedule of a record that an agency of this kind made."""
    if child:
        return Schedule.CHILDREN
    named = [code for code, row in terms().items() if kind.value in row.kinds]
    return next(iter(named), Schedule.ADULT_SOCIAL_CARE)


def review_day(schedule: Schedule, closed: date, *, minor_until: date | None = None) -> date:
    """Return when a record that closed on `closed` is to be appraised.

    `minor_until` is the first of the month after the 18th birthday of somebody who was a child.
    """
    row = terms()[schedule]
    after = later(closed, row.years)
    if row.birthday is None or minor_until is None:
        return after
    return max(after, later(minor_until, row.birthday - ADULT_AT))


def later(day: date, years: int) -> date:
    """Return the same day some years on; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def shortest() -> int:
    """Return the fewest years that any schedule keeps a record."""
    return min(row.years for row in terms().values())
