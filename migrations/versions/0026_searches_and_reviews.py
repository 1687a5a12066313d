"""Saved searches of an officer, and what an officer found about refusals and holds.

A saved search may be removed by its agency; a finding is written once and stays. On the way down
both are lost from their tables; that they were made stays in the log.
"""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE saved_search (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        user_id UUID NOT NULL,
        name TEXT NOT NULL,
        filters JSONB NOT NULL,
        shared BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_saved_search PRIMARY KEY (id),
        CONSTRAINT fk_saved_search_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_saved_search_user_id_staff_user
            FOREIGN KEY (user_id) REFERENCES staff_user (id) ON DELETE CASCADE,
        CONSTRAINT uq_saved_search_user_id_name UNIQUE (user_id, name)
    )
    """,
    "CREATE INDEX ix_saved_search_agency_id ON saved_search (agency_id)",
    """
    CREATE TABLE refusal_review (
        entry_id UUID NOT NULL,
        agency_id UUID NOT NULL,
        finding TEXT NOT NULL,
        reviewed_by UUID NOT NULL,
        reviewed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        review_entry_id UUID NOT NULL,
        CONSTRAINT pk_refusal_review PRIMARY KEY (entry_id),
        CONSTRAINT fk_refusal_review_entry_id_log_entry
            FOREIGN KEY (entry_id) REFERENCES log_entry (id),
        CONSTRAINT fk_refusal_review_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_refusal_review_review_entry_id_log_entry
            FOREIGN KEY (review_entry_id) REFERENCES log_entry (id)
    )
    """,
    (
        "CREATE INDEX ix_refusal_review_agency_id_reviewed_at"
        " ON refusal_review (agency_id, reviewed_at)"
    ),
)
_GRANTS = (
    "SELECT, INSERT, DELETE ON saved_search TO hub_app",
    "SELECT, INSERT ON refusal_review TO hub_app",
    "SELECT ON saved_search, refusal_review TO hub_worker",
)
_OWN = "agency_id = acting_agency()"


def upgrade() -> None:
    """Create the tables and their rights."""
    for statement in _TABLES:
        op.execute(statement)
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    for table in ("saved_search", "refusal_review"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker_all ON {table} TO hub_worker USING (true)")
        op.execute(f"CREATE POLICY app_select ON {table} FOR SELECT TO hub_app USING ({_OWN})")
        op.execute(f"CREATE POLICY app_insert ON {table} FOR INSERT TO hub_app WITH CHECK ({_OWN})")
    op.execute(f"CREATE POLICY app_delete ON saved_search FOR DELETE TO hub_app USING ({_OWN})")


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE refusal_review")
    op.execute("DROP TABLE saved_search")
