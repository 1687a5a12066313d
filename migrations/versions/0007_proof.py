"""The policies that decisions name by hash, and what each witness last answered.

Texts of a policy are added by the worker and never changed; a witness's answer is replaced by the
next one. Both are read by everybody (they hold nothing of anybody). The index finds the few entries
about policies among millions.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_POLICIES = """
    CREATE TABLE policy_version (
        hash TEXT NOT NULL,
        tables TEXT NOT NULL,
        rules TEXT NOT NULL,
        kept_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_policy_version PRIMARY KEY (hash)
    )
"""
_WITNESSES = """
    CREATE TABLE witness_state (
        key_id BYTEA NOT NULL,
        outcome TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_witness_state PRIMARY KEY (key_id)
    )
"""


def upgrade() -> None:
    """Create the tables and the index, with their grants."""
    op.execute(_POLICIES)
    op.execute("GRANT SELECT ON policy_version TO hub_app")
    op.execute("GRANT SELECT, INSERT ON policy_version TO hub_worker")
    op.execute(_WITNESSES)
    op.execute("GRANT SELECT ON witness_state TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON witness_state TO hub_worker")
    op.execute("CREATE INDEX ix_log_entry_policy ON log_entry (id) WHERE type = 'policy'")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP INDEX ix_log_entry_policy")
    op.execute("DROP TABLE witness_state")
    op.execute("DROP TABLE policy_version")
