"""What a service states about itself, so that routing can tell who could help and the directory
can say so: words of Open Referral UK where it has them, and what it has none for.

Public facts, which every agency may read and only the agency itself changes. A location may be
confidential, and so is no part of what any page or feed shows without looking at that column. On
the way down what was stated is lost from the table.
"""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_COLUMNS = {
    "url": "TEXT",
    "email": "TEXT",
    "fees": "TEXT",
    "alert": "TEXT",
    "assured_date": "DATE",
    "assurer_email": "TEXT",
    "last_modified": "TIMESTAMP WITH TIME ZONE",
    "status": "TEXT DEFAULT 'active' NOT NULL",
    "paused_until": "DATE",
    "capacity_note": "TEXT",
    "eligibility": "TEXT[] DEFAULT '{}' NOT NULL",
    "exclusions": "TEXT[] DEFAULT '{}' NOT NULL",
    "tasks": "TEXT[] DEFAULT '{}' NOT NULL",
    "manners": "TEXT[] DEFAULT '{}' NOT NULL",
    "cover": "JSONB DEFAULT '[]' NOT NULL",
    "opening": "JSONB DEFAULT '[]' NOT NULL",
    "backup_service_id": "UUID",
    "missed_visit_alarm": "BOOLEAN DEFAULT false NOT NULL",
    "open_people_limit": "SMALLINT",
    "rest_days": "SMALLINT",
    "latitude": "DOUBLE PRECISION",
    "longitude": "DOUBLE PRECISION",
    "location_confidential": "BOOLEAN DEFAULT false NOT NULL",
}
# whether a service that caps its helpers has room for one more; not how many people it helps
_CAP = """
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


def upgrade() -> None:
    """Add the columns and the index that routing and the directory look services up by."""
    added = ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in _COLUMNS.items())
    op.execute(f"ALTER TABLE service {added}")
    op.execute(
        "ALTER TABLE service ADD CONSTRAINT fk_service_backup_service_id_service"
        " FOREIGN KEY (backup_service_id) REFERENCES service (id) ON DELETE SET NULL"
    )
    op.execute("DROP INDEX ix_service_areas")
    op.execute("CREATE INDEX ix_service_areas_needs ON service USING gin (areas, needs)")
    op.execute(
        "CREATE INDEX ix_task_service_id_state_moved_at ON task (service_id, state, moved_at)"
    )
    op.execute(f"GRANT UPDATE ({', '.join(_COLUMNS)}) ON service TO hub_app")
    op.execute(_CAP)
    op.execute("GRANT SELECT ON service_cap TO hub_app, hub_worker")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP VIEW service_cap")
    op.execute("DROP INDEX ix_task_service_id_state_moved_at")
    op.execute("DROP INDEX ix_service_areas_needs")
    op.execute("CREATE INDEX ix_service_areas ON service USING gin (areas)")
    op.execute(
        "ALTER TABLE service " + ", ".join(f"DROP COLUMN {name}" for name in reversed(_COLUMNS))
    )
