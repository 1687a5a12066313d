"""Which columns of a service routing looks at, and which services: words for statements.

What people read (descriptions, addresses of pages) is not among them, so a decision over hundreds
of services does not carry it. A closed service is in nobody's plan, not even as left out. Nor is a
confidential place: how far it is away would tell where it is.
"""

from __future__ import annotations

_COLUMNS = (
    "id",
    "agency_id",
    "name",
    "needs",
    "areas",
    "minimum_age",
    "maximum_age",
    "capacity",
    "capacity_as_of",
    "wait_days",
    "languages",
    "access",
    "last_offered_at",
    "paused_until",
    "eligibility",
    "exclusions",
    "tasks",
    "manners",
    "cover",
    "opening",
    "backup_service_id",
    "missed_visit_alarm",
)
FACTS = (
    ", ".join(f"v.{name}" for name in _COLUMNS)
    + ", CASE WHEN NOT v.location_confidential THEN v.latitude END AS latitude"
    + ", CASE WHEN NOT v.location_confidential THEN v.longitude END AS longitude"
    + ", v.active AND v.status = 'active' AS active, c.at_limit, c.time_full, c.hard_full"
    + ", c.rests_until"
)
CAPPED = """service v LEFT JOIN LATERAL (
    SELECT at_limit, time_full, hard_full, rests_until FROM service_cap WHERE service_id = v.id
) c ON v.open_people_limit IS NOT NULL OR v.rest_days IS NOT NULL
    OR v.minutes_limit IS NOT NULL OR v.hard_cases_limit IS NOT NULL"""
LISTED = "v.status IN ('active', 'temporarily closed')"
