"""What must hold at any moment of the year, asked of the database by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg

from referral_hub.domain.task_clocks import CLOSES, OPENS
from referral_hub.domain.transitions import OPEN, TaskState
from referral_hub.domain.working_days import Nation, packaged
from referral_hub.domain.working_hours import Hours
from tests.hub_bench import Bench

HOURS = Hours(packaged()[Nation.ENGLAND_AND_WALES], OPENS, CLOSES)
MOVING_ON = [TaskState.DECLINED, TaskState.NO_ANSWER, TaskState.WITHHELD, TaskState.RETURNED]
_NEWEST = """
    SELECT DISTINCT ON (t.referral_id, t.slot) t.*, r.withdrawn_at, r.plan
    FROM task t JOIN referral r ON r.id = t.referral_id ORDER BY t.referral_id, t.slot, t.id DESC
"""
CHECKS = {
    "without owner": (
        "SELECT t.id FROM task t LEFT JOIN agency a ON a.id = t.owner_agency_id AND a.active"
        " AND a.kind = 'council' WHERE a.id IS NULL"
    ),
    # an open part has a step ahead, or had its last one and is the council's to see
    "open without a next step": f"""
        SELECT n.id FROM ({_NEWEST}) n WHERE n.state = ANY(%(open)s) AND n.step_at IS NULL
        AND n.moved_at < %(late)s
        AND NOT EXISTS (SELECT 1 FROM task_event e WHERE e.task_id = n.id AND e.event = 'due'
                        AND e.state = n.state AND e.cause_id IS NOT NULL)
    """,  # noqa: S608 - our own words
    "stuck: a step long due": f"""
        SELECT n.id FROM ({_NEWEST}) n WHERE n.state = ANY(%(open)s) AND n.step_at < %(late)s
    """,  # noqa: S608 - our own words
    # a turn that ended is followed by another, or by those parts that its needs go on as
    "stuck: nobody was asked next": f"""
        SELECT n.id FROM ({_NEWEST}) n WHERE n.state = ANY(%(moving)s)
        AND n.withdrawn_at IS NULL AND n.moved_at < %(late)s
        AND NOT EXISTS (
            SELECT 1 FROM jsonb_array_elements(n.plan -> n.slot -> 'then') p
            JOIN task o ON o.referral_id = n.referral_id AND o.slot = p.value::int)
    """,  # noqa: S608 - our own words
    "stuck: work that gave up": "SELECT id FROM outbox WHERE state = 'dead' AND kind = 'advance'",
    "twice: two with one need at once": """
        SELECT id FROM (
            SELECT id, state, moved_at, lead(created_at) OVER w AS next_at
            FROM task WINDOW w AS (PARTITION BY referral_id, slot ORDER BY id)) t
        WHERE next_at IS NOT NULL AND (state = ANY(%(open)s) OR next_at < moved_at)
    """,
    "twice: an offer released again": (
        "SELECT task_id FROM release WHERE stage = 'offer' GROUP BY task_id HAVING count(*) > 1"
    ),
    "twice: asked again who had refused": """
        SELECT a.id FROM task a JOIN task b ON b.referral_id = a.referral_id AND b.slot = a.slot
        AND b.id > a.id AND b.service_id = a.service_id
        WHERE a.state IN ('declined', 'no_answer', 'returned')
    """,
    "a step twice": (
        "SELECT task_id FROM task_event WHERE cause_id IS NOT NULL"
        " GROUP BY task_id, cause_id, event HAVING count(*) > 1"
    ),
    "passed over without a reminder": """
        SELECT e.id FROM task_event e WHERE e.event = 'expire'
        AND EXISTS (SELECT 1 FROM task_event c WHERE c.id = e.cause_id AND c.event = 'deliver')
        AND (SELECT count(*) FROM task_event s WHERE s.cause_id = e.cause_id
             AND s.event IN ('remind', 'escalate') AND s.id < e.id) <> 2
    """,
    "a step without its log entry": (
        "SELECT e.id FROM task_event e LEFT JOIN log_entry l ON l.id = e.entry_id"
        " WHERE l.id IS NULL"
    ),
    "a disclosure without its log entry": (
        "SELECT d.id FROM release d LEFT JOIN log_entry l ON l.id = d.entry_id"
        " WHERE l.seq IS NULL OR l.outcome <> 'permit'"
    ),
}
_SILENCES = """
    SELECT c.at AS began, e.at AS ended, r.priority FROM task_event e
    JOIN task_event c ON c.id = e.cause_id AND c.event = 'deliver'
    JOIN referral r ON r.id = e.referral_id WHERE e.event = 'expire'
"""


def faults(bench: Bench, at: datetime, *, hub_is_up: bool) -> list[str]:
    """Return what does not hold at `at`, with how often; nothing where all is well."""
    values = {
        "open": sorted(OPEN),
        "moving": list(MOVING_ON),
        "late": at - timedelta(hours=1) if hub_is_up else at - timedelta(days=60),
    }
    found = []
    with psycopg.connect(bench.url) as owner:
        for name, query in CHECKS.items():
            count = len(owner.execute(query.encode(), values).fetchall())
            if count:
                found.append(f"{name}: {count}")
    return found


def hurried(bench: Bench) -> int:
    """Count who were passed over before ten working days, or their urgent hours, were over."""
    rows = bench.rows(_SILENCES)
    shortest = {"routine": timedelta(hours=80), "urgent": timedelta(hours=4)}
    return sum(
        HOURS.between(row["began"], row["ended"]) < shortest[row["priority"]] for row in rows
    )
