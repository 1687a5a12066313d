"""Which columns of a service routing looks at, and which services: words for statements.

What people read (descriptions, addresses of pages) is not among them, so a decision over hundreds
of services does not carry it. A closed service is in nobody's plan, not even as left out.
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
    "latitude",
    "longitude",
)
FACTS = (
    ", ".join(f"v.{name}" for name in _COLUMNS)
    + ", v.active AND v.status = 'active' AS active, c.at_limit, c.rests_until"
)
CAPPED = """service v LEFT JOIN LATERAL (
    SELECT at_limit, rests_until FROM service_cap WHERE service_id = v.id
) c ON v.open_people_limit IS NOT NULL OR v.rest_days IS NOT NULL"""
LISTED = "v.status IN ('active', 'temporarily closed')"
