"""Caps that protect helpers by time and by hard cases, besides those by people.

A service states how many minutes its helpers have in a week or a month, how long one person usually
takes in a week, and how many hard cases it has at most; whoever accepts somebody may say how long
they will take and that the case is hard. A month is 52/12 weeks, so everything stays whole minutes.
On the way down what was stated is lost.
"""

from __future__ import annotations

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_STATED = {
    "minutes_limit": "INTEGER",
    "minutes_per": "TEXT",
    "usual_minutes": "INTEGER",
    "hard_cases_limit": "SMALLINT",
}
_SAID = {"minutes_a_week": "INTEGER", "hard_case": "BOOLEAN DEFAULT false NOT NULL"}
_BEFORE = """
    CREATE VIEW service_cap AS
    SELECT v.id AS service_id, l.open_people >= v.open_people_limit AS at_limit,
        l.last_ended_at + make_interval(days => v.rest_days) AS rests_until
    FROM service v CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE t.state <> 'closed') AS open_people,
            max(t.moved_at) FILTER (WHERE t.state = 'closed') AS last_ended_at
        FROM task t WHERE t.service_id = v.id AND t.state IN (
            'routed', 'offered', 'information_asked', 'accepted', 'in_progress', 'on_hold', 'closed'
        )
    ) l
    WHERE v.open_people_limit IS NOT NULL OR v.rest_days IS NOT NULL
"""
# whether a service that caps its helpers has room for one more; not how many people it helps
_CAP = """
    CREATE VIEW service_cap AS
    SELECT v.id AS service_id, l.open_people >= v.open_people_limit AS at_limit,
        CASE v.minutes_per WHEN 'month' THEN l.minutes * 52 >= v.minutes_limit * 12
            ELSE l.minutes >= v.minutes_limit END AS time_full,
        l.hard_cases >= v.hard_cases_limit AS hard_full,
        l.last_ended_at + make_interval(days => v.rest_days) AS rests_until
    FROM service v CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE t.state <> 'closed') AS open_people,
            coalesce(sum(coalesce(t.minutes_a_week, v.usual_minutes))
                FILTER (WHERE t.state <> 'closed'), 0) AS minutes,
            count(*) FILTER (WHERE t.state <> 'closed' AND t.hard_case) AS hard_cases,
            max(t.moved_at) FILTER (WHERE t.state = 'closed') AS last_ended_at
        FROM task t WHERE t.service_id = v.id AND t.state IN (
            'routed', 'offered', 'information_asked', 'accepted', 'in_progress', 'on_hold', 'closed'
        )
    ) l
    WHERE v.open_people_limit IS NOT NULL OR v.rest_days IS NOT NULL
        OR v.minutes_limit IS NOT NULL OR v.hard_cases_limit IS NOT NULL
"""


def upgrade() -> None:
    """Add the columns, and count by them."""
    for table, columns in (("service", _STATED), ("task", _SAID)):
        added = ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in columns.items())
        op.execute(f"ALTER TABLE {table} {added}")
    op.execute(f"GRANT UPDATE ({', '.join(_STATED)}) ON service TO hub_app")
    op.execute(f"GRANT UPDATE ({', '.join(_SAID)}) ON task TO hub_app, hub_worker")
    _view(_CAP)


def downgrade() -> None:
    """Count people alone again."""
    _view(_BEFORE)
    for table, columns in (("task", _SAID), ("service", _STATED)):
        dropped = ", ".join(f"DROP COLUMN {name}" for name in columns)
        op.execute(f"ALTER TABLE {table} {dropped}")


def _view(made: str) -> None:
    op.execute("DROP VIEW service_cap")
    op.execute(made)
    op.execute("GRANT SELECT ON service_cap TO hub_app, hub_worker")
