"""Whether the daily mail counts the referrals of one member of staff, who decides that alone.

Until now an agency had the mail or not. On the way down everybody is counted again.
"""

from __future__ import annotations

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, which each member of staff sets for themselves."""
    op.execute("ALTER TABLE staff_user ADD COLUMN digest BOOLEAN DEFAULT true NOT NULL")
    op.execute("GRANT UPDATE (digest) ON staff_user TO hub_app")
    op.execute("GRANT SELECT (digest) ON staff_user TO hub_worker")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE staff_user DROP COLUMN digest")
