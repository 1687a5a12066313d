"""By which schedule a person's records are kept, where somebody has said so.

Nothing is known of the records that are there: they are kept by their agency's own schedule. On the
way down what was said is lost from the table; that it was said stands in the log.
"""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, which the agency's own people set."""
    op.execute("ALTER TABLE subject ADD COLUMN schedule TEXT")
    op.execute("GRANT UPDATE (schedule) ON subject TO hub_app")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE subject DROP COLUMN schedule")
