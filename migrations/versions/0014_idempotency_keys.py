"""What a partner's system was answered under an idempotency key.

Kept for two days and then deleted. An answer holds references, ids and codes; the request is known
only by its keyed fingerprint. No foreign keys: the row is written with each acceptance, and they
would lock the same few rows (docs/decisions/0003).
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE idempotency_key (
        client_id UUID NOT NULL,
        endpoint TEXT NOT NULL,
        key_hash BYTEA NOT NULL,
        agency_id UUID NOT NULL,
        fingerprint BYTEA NOT NULL,
        status SMALLINT NOT NULL,
        content_type TEXT NOT NULL,
        location TEXT,
        answer BYTEA NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_idempotency_key PRIMARY KEY (client_id, endpoint, key_hash)
    )
"""


def upgrade() -> None:
    """Create the table and its rights."""
    op.execute(_TABLE)
    op.execute("CREATE INDEX ix_idempotency_key_created_at ON idempotency_key (created_at)")
    op.execute("GRANT SELECT, INSERT ON idempotency_key TO hub_app")
    op.execute("GRANT SELECT, DELETE ON idempotency_key TO hub_worker")
    op.execute("ALTER TABLE idempotency_key ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_all ON idempotency_key TO hub_worker USING (true)")
    op.execute(
        "CREATE POLICY app_select ON idempotency_key FOR SELECT TO hub_app"
        " USING (agency_id = acting_agency())"
    )
    op.execute(
        "CREATE POLICY app_insert ON idempotency_key FOR INSERT TO hub_app"
        " WITH CHECK (agency_id = acting_agency())"
    )


def downgrade() -> None:
    """Drop the table; a request repeated afterwards is a new one."""
    op.execute("DROP TABLE idempotency_key")
