"""The order in which an agency wants a referral's fields on paper and in tables.

Nothing depends on it: without it the fields come in the catalogue's order.
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_OWN = "agency_id = acting_agency()"


def upgrade() -> None:
    """Create the table, its grants and policies."""
    op.execute(
        """
        CREATE TABLE agency_layout (
            agency_id UUID NOT NULL,
            field_ids TEXT[] NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT pk_agency_layout PRIMARY KEY (agency_id),
            CONSTRAINT fk_agency_layout_agency_id_agency
                FOREIGN KEY (agency_id) REFERENCES agency (id)
        )
        """
    )
    op.execute("GRANT SELECT, INSERT, UPDATE (field_ids, updated_at) ON agency_layout TO hub_app")
    op.execute("ALTER TABLE agency_layout ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_all ON agency_layout TO hub_worker USING (true)")
    for command in ("SELECT", "INSERT", "UPDATE"):
        clause = "WITH CHECK" if command == "INSERT" else "USING"
        op.execute(
            f"CREATE POLICY app_{command.lower()} ON agency_layout FOR {command} TO hub_app"
            f" {clause} ({_OWN})"
        )


def downgrade() -> None:
    """Drop the table; fields come in the catalogue's order."""
    op.execute("DROP TABLE agency_layout")
