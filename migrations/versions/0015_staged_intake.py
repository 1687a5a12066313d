"""Staged intake: what cannot be decided or matched waits for a person of the receiving agency.

`hub_app` reads states and codes; the sealed content is read by `hub_worker` alone, after the look
stands in the log. Whoever sent an item reads its state and reason, and changes nothing.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE staged_item (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        sender_agency_id UUID NOT NULL,
        source TEXT NOT NULL,
        state TEXT NOT NULL,
        why TEXT NOT NULL,
        batch_id UUID,
        line INTEGER,
        sealed BYTEA,
        key_version INTEGER,
        indexes BYTEA[] DEFAULT '{}' NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE NOT NULL,
        entry_id UUID NOT NULL,
        draft_id UUID,
        settled_at TIMESTAMP WITH TIME ZONE,
        settled_by UUID,
        referral_id UUID,
        reason TEXT,
        CONSTRAINT pk_staged_item PRIMARY KEY (id),
        CONSTRAINT fk_staged_item_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_staged_item_sender_agency_id_agency
            FOREIGN KEY (sender_agency_id) REFERENCES agency (id),
        CONSTRAINT fk_staged_item_entry_id_log_entry
            FOREIGN KEY (entry_id) REFERENCES log_entry (id),
        CONSTRAINT fk_staged_item_referral_id_referral
            FOREIGN KEY (referral_id) REFERENCES referral (id)
    )
"""
_INDEXES = (
    "ix_staged_item_waiting ON staged_item (agency_id, id) WHERE state = 'waiting'",
    "ix_staged_item_batch_id_line ON staged_item (batch_id, line)",
    "ix_staged_item_indexes ON staged_item USING gin (indexes)",
)
_READABLE = (
    "id, agency_id, sender_agency_id, source, state, why, batch_id, line, key_version,"
    " received_at, entry_id, draft_id, settled_at, settled_by, referral_id, reason"
)
_SETTLED = (
    "state, draft_id, settled_at, settled_by, referral_id, reason, sealed, indexes, key_version"
)
_GRANTS = (
    f"SELECT ({_READABLE}, indexes), INSERT, UPDATE ({_SETTLED}) ON staged_item TO hub_app",
    "SELECT, INSERT, UPDATE (sealed, key_version), DELETE ON staged_item TO hub_worker",
)
_POLICIES = {
    "SELECT": "USING (acting_agency() IN (agency_id, sender_agency_id))",
    "INSERT": "WITH CHECK (sender_agency_id = acting_agency())",
    "UPDATE": "USING (agency_id = acting_agency())",
}


def upgrade() -> None:
    """Create the table and its rights."""
    op.execute(_TABLE)
    for index in _INDEXES:
        op.execute(f"CREATE INDEX {index}")
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    op.execute("ALTER TABLE staged_item ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_all ON staged_item TO hub_worker USING (true)")
    for command, condition in _POLICIES.items():
        op.execute(
            f"CREATE POLICY app_{command.lower()} ON staged_item FOR {command} TO hub_app"
            f" {condition}"
        )


def downgrade() -> None:
    """Drop the table; what waited is lost, and the log says that it came."""
    op.execute("DROP TABLE staged_item")
