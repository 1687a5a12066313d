"""Why a council officer looked at a referral that is neither its own nor with it.

Kept for as long as a look lasts and a little longer; that somebody looked, and why, stands in the
log, so on the way down nothing is lost but the need to say it again.
"""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE oversight_look (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        user_id UUID NOT NULL,
        referral_id UUID NOT NULL,
        reason TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        entry_id UUID NOT NULL,
        CONSTRAINT pk_oversight_look PRIMARY KEY (id),
        CONSTRAINT fk_oversight_look_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_oversight_look_entry_id_log_entry
            FOREIGN KEY (entry_id) REFERENCES log_entry (id)
    )
"""
_OWN = "agency_id = acting_agency()"


def upgrade() -> None:
    """Create the table and its rights."""
    op.execute(_TABLE)
    op.execute(
        "CREATE INDEX ix_oversight_look_user_id_referral_id_at"
        " ON oversight_look (user_id, referral_id, at)"
    )
    op.execute("GRANT SELECT, INSERT ON oversight_look TO hub_app")
    op.execute("GRANT SELECT, DELETE ON oversight_look TO hub_worker")
    op.execute("ALTER TABLE oversight_look ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_all ON oversight_look TO hub_worker USING (true)")
    op.execute(f"CREATE POLICY app_select ON oversight_look FOR SELECT TO hub_app USING ({_OWN})")
    op.execute(
        f"CREATE POLICY app_insert ON oversight_look FOR INSERT TO hub_app WITH CHECK ({_OWN})"
    )


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE oversight_look")
