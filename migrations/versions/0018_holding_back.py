"""What holds deliveries back: stops by people, breakers, and when a recipient first opened a task.

Everything here can be done without: on the way down nothing is held back any more, and what waited
goes out.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE delivery_stop (
        id UUID NOT NULL,
        operator_agency_id UUID NOT NULL,
        agency_id UUID,
        way TEXT,
        stopped_by UUID,
        stopped_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_delivery_stop PRIMARY KEY (id),
        CONSTRAINT fk_delivery_stop_operator_agency_id_agency
            FOREIGN KEY (operator_agency_id) REFERENCES agency (id),
        CONSTRAINT fk_delivery_stop_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT ck_delivery_stop_one_thing CHECK (num_nonnulls(agency_id, way) = 1)
    )
    """,
    (
        "CREATE UNIQUE INDEX ix_delivery_stop_operator_agency_id_agency_id_way"
        " ON delivery_stop (operator_agency_id, agency_id, way) NULLS NOT DISTINCT"
    ),
    """
    CREATE TABLE delivery_breaker (
        destination UUID NOT NULL,
        way TEXT NOT NULL,
        failures INTEGER NOT NULL,
        opened_at TIMESTAMP WITH TIME ZONE,
        retry_at TIMESTAMP WITH TIME ZONE,
        last_code TEXT,
        changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_delivery_breaker PRIMARY KEY (destination)
    )
    """,
    (
        "CREATE INDEX ix_delivery_breaker_open ON delivery_breaker (retry_at)"
        " WHERE opened_at is not null"
    ),
)
_GRANTS = (
    "SELECT, INSERT, DELETE ON delivery_stop TO hub_app",
    "SELECT ON delivery_breaker TO hub_app",
    "SELECT ON delivery_stop TO hub_worker",
    "SELECT, INSERT, UPDATE ON delivery_breaker TO hub_worker",
)
_POLICIES = {
    "SELECT": "USING (acting_agency() IN (agency_id, operator_agency_id))",
    "INSERT": "WITH CHECK (operator_agency_id = acting_agency())",
    "DELETE": "USING (operator_agency_id = acting_agency())",
}


def upgrade() -> None:
    """Create the tables, grants and policies."""
    for statement in _TABLES:
        op.execute(statement)
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    op.execute("ALTER TABLE delivery_stop ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_all ON delivery_stop TO hub_worker USING (true)")
    for command, condition in _POLICIES.items():
        op.execute(
            f"CREATE POLICY app_{command.lower()} ON delivery_stop FOR {command} TO hub_app"
            f" {condition}"
        )
    op.execute("ALTER TABLE task ADD COLUMN seen_at TIMESTAMP WITH TIME ZONE")
    op.execute("GRANT UPDATE (seen_at) ON task TO hub_worker")


def downgrade() -> None:
    """Drop the tables; nothing is held back any more."""
    op.execute("ALTER TABLE task DROP COLUMN seen_at")
    op.execute("DROP TABLE delivery_breaker, delivery_stop")
