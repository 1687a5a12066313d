"""Figures for commissioners: notes of needs and answers, counts of a month, and what was published.

On the way down all three are lost. What was published cannot be published again as it was: counts
are moved by chance once, and the needs of referrals from before are sealed.
"""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_NOTE = """
    CREATE TABLE figure_note (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        owner_agency_id UUID NOT NULL,
        month DATE NOT NULL,
        area TEXT NOT NULL,
        needs TEXT[] NOT NULL,
        gaps TEXT[] NOT NULL,
        scores TEXT[] DEFAULT '{}' NOT NULL,
        CONSTRAINT pk_figure_note PRIMARY KEY (id)
    )
"""
_CELLS = """
    CREATE TABLE {name} (
        agency_id UUID NOT NULL,
        month DATE NOT NULL,
        figure TEXT NOT NULL,
        first TEXT NOT NULL,
        second TEXT NOT NULL,
        count INTEGER NOT NULL,
        CONSTRAINT pk_{name} PRIMARY KEY (agency_id, month, figure, first, second)
    )
"""
_GRANTS = (
    "INSERT ON figure_note TO hub_app",
    "SELECT, DELETE ON figure_note TO hub_worker",
    "SELECT, INSERT, UPDATE (count), DELETE ON figure_count TO hub_worker",
    "SELECT ON figure TO hub_app",
    "SELECT, INSERT ON figure TO hub_worker",
)
_OWN = "agency_id = acting_agency()"


def upgrade() -> None:
    """Create the tables and their rights."""
    op.execute(_NOTE)
    for name in ("figure_count", "figure"):
        op.execute(_CELLS.format(name=name))
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    for name in ("figure_note", "figure_count", "figure"):
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker_all ON {name} TO hub_worker USING (true)")
    op.execute(f"CREATE POLICY app_insert ON figure_note FOR INSERT TO hub_app WITH CHECK ({_OWN})")
    op.execute(f"CREATE POLICY app_select ON figure FOR SELECT TO hub_app USING ({_OWN})")


def downgrade() -> None:
    """Drop the tables."""
    for name in ("figure", "figure_count", "figure_note"):
        op.execute(f"DROP TABLE {name}")
