"""A sender's open tasks by an index, and a daily mail that says how many referrals changed.

The mail is a choice of the agency's with its mail address; when it last went stands beside it. On
the way down the choice is lost, and nobody gets such a mail.
"""

from __future__ import annotations

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_OPEN = (
    "state in ('held', 'routed', 'offered', 'information_asked', 'accepted', 'in_progress',"
    " 'on_hold')"
)
_COLUMNS = {
    "digest": "BOOLEAN DEFAULT true NOT NULL",
    "digest_tried_at": "TIMESTAMP WITH TIME ZONE",
    "digest_told_at": "TIMESTAMP WITH TIME ZONE",
}
_SENT = "digest_tried_at, digest_told_at"
_GRANTS = (
    "INSERT (digest), UPDATE (digest) ON agency_mail TO hub_app",
    f"SELECT (digest, {_SENT}), UPDATE ({_SENT}) ON agency_mail TO hub_worker",
)


def upgrade() -> None:
    """Add the index, the columns and their rights."""
    op.execute(f"CREATE INDEX ix_task_open_origin ON task (origin_agency_id) WHERE {_OPEN}")
    added = ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in _COLUMNS.items())
    op.execute(f"ALTER TABLE agency_mail {added}")
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")


def downgrade() -> None:
    """Drop them."""
    op.execute(
        "ALTER TABLE agency_mail " + ", ".join(f"DROP COLUMN {name}" for name in reversed(_COLUMNS))
    )
    op.execute("DROP INDEX ix_task_open_origin")
