"""Witnesses' cosignatures beside the checkpoints they are over.

Added by the worker, read by everybody (they hold nothing of anybody), changed and removed by no
role.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE log_cosignature (
        size BIGINT NOT NULL,
        key_id BYTEA NOT NULL,
        line BYTEA NOT NULL,
        time BIGINT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_log_cosignature PRIMARY KEY (size, key_id),
        CONSTRAINT fk_log_cosignature_size_log_checkpoint
            FOREIGN KEY (size) REFERENCES log_checkpoint (size)
    )
"""


def upgrade() -> None:
    """Create the table with its index and grants."""
    op.execute(_TABLE)
    op.execute("CREATE INDEX ix_log_cosignature_key_id_size ON log_cosignature (key_id, size)")
    op.execute("GRANT SELECT ON log_cosignature TO hub_app")
    op.execute("GRANT SELECT, INSERT ON log_cosignature TO hub_worker")


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE log_cosignature")
