"""Where agencies are and how to reach them: what a receipt must say of every party.

Public facts of public and voluntary bodies, which every agency may read and only the agency itself
adds to. A change is a new row; on the way down they are lost from the table.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE agency_contact (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        address TEXT NOT NULL,
        contact TEXT NOT NULL,
        officer_contact TEXT NOT NULL,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_agency_contact PRIMARY KEY (id),
        CONSTRAINT fk_agency_contact_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id)
    )
"""


def upgrade() -> None:
    """Create the table and its rights."""
    op.execute(_TABLE)
    op.execute("CREATE INDEX ix_agency_contact_agency_id_id ON agency_contact (agency_id, id)")
    op.execute("GRANT SELECT, INSERT ON agency_contact TO hub_app")
    op.execute("GRANT SELECT ON agency_contact TO hub_worker")
    op.execute("ALTER TABLE agency_contact ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_all ON agency_contact TO hub_worker USING (true)")
    op.execute("CREATE POLICY app_select ON agency_contact FOR SELECT TO hub_app USING (true)")
    op.execute(
        "CREATE POLICY app_insert ON agency_contact FOR INSERT TO hub_app"
        " WITH CHECK (agency_id = acting_agency())"
    )


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE agency_contact")
