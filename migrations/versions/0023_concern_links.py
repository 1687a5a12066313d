"""Links through which an employer's staff raise concerns: made, printed and stopped by its own
administrator.

Whoever opens a link is nobody yet, so the worker's role looks a digest up; nobody can list links of
another agency, and no link can be read from the table.
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE concern_link (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        label TEXT NOT NULL,
        token_digest BYTEA NOT NULL,
        created_by UUID NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        revoked_at TIMESTAMP WITH TIME ZONE,
        revoked_by UUID,
        entry_id UUID NOT NULL,
        CONSTRAINT pk_concern_link PRIMARY KEY (id),
        CONSTRAINT fk_concern_link_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_concern_link_entry_id_log_entry
            FOREIGN KEY (entry_id) REFERENCES log_entry (id),
        CONSTRAINT uq_concern_link_token_digest UNIQUE (token_digest)
    )
"""
_OWN = "agency_id = acting_agency()"


def upgrade() -> None:
    """Create the table and its rights."""
    op.execute(_TABLE)
    op.execute("CREATE INDEX ix_concern_link_agency_id_id ON concern_link (agency_id, id)")
    op.execute("GRANT SELECT, INSERT, UPDATE (revoked_at, revoked_by) ON concern_link TO hub_app")
    op.execute("GRANT SELECT ON concern_link TO hub_worker")
    op.execute("ALTER TABLE concern_link ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_all ON concern_link TO hub_worker USING (true)")
    for command, clause in (("SELECT", "USING"), ("INSERT", "WITH CHECK"), ("UPDATE", "USING")):
        op.execute(
            f"CREATE POLICY app_{command.lower()} ON concern_link FOR {command} TO hub_app"
            f" {clause} ({_OWN})"
        )


def downgrade() -> None:
    """Drop the table; every printed link stops."""
    op.execute("DROP TABLE concern_link")
