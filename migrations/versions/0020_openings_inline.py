"""What opens a log entry stays in its row.

The sealed openings of a decision are 2.4 KB that do not compress. PostgreSQL would try, then cut
them in two and keep the parts in a table beside, each found by an index: a sixth of what accepting
a referral costs the database. Rows of up to half a page stay whole. Rows that are there already
stay as they are; both are read alike.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep openings of up to half a page in their row."""
    op.execute("ALTER TABLE log_opening SET (toast_tuple_target = 4080)")


def downgrade() -> None:
    """Move what is longer than a quarter of a page out of its row again."""
    op.execute("ALTER TABLE log_opening RESET (toast_tuple_target)")
