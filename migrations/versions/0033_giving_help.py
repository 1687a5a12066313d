"""Whether somebody who was helped would like to give help, and when a helping household said yes.

Nothing is known of tasks that were closed or accepted before. On the way down both are lost from
the table; that a helping household said yes stands in the log.
"""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_COLUMNS = {"give_help": "TEXT", "helper_agreed_at": "TIMESTAMP WITH TIME ZONE"}


def upgrade() -> None:
    """Add the columns, which a task's recipient sets as it moves the task."""
    for name, kind in _COLUMNS.items():
        op.execute(f"ALTER TABLE task ADD COLUMN {name} {kind}")
    op.execute(f"GRANT UPDATE ({', '.join(_COLUMNS)}) ON task TO hub_app, hub_worker")


def downgrade() -> None:
    """Drop them."""
    for name in reversed(_COLUMNS):
        op.execute(f"ALTER TABLE task DROP COLUMN {name}")
