"""A service's own figures, counted weekly: how often it accepts, how often help has an outcome.

Percentages in steps of five over at least ten referrals, or nothing. On the way down they are lost
and can be counted again.
"""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE service_figures (
        service_id UUID NOT NULL,
        agency_id UUID NOT NULL,
        accepted SMALLINT,
        with_outcome SMALLINT,
        as_of TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_service_figures PRIMARY KEY (service_id),
        CONSTRAINT fk_service_figures_service_id_service
            FOREIGN KEY (service_id) REFERENCES service (id),
        CONSTRAINT fk_service_figures_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id)
    )
"""


def upgrade() -> None:
    """Create the table, which everybody may read and the worker writes."""
    op.execute(_TABLE)
    op.execute("GRANT SELECT ON service_figures TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON service_figures TO hub_worker")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE service_figures")
