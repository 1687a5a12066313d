"""A code for the person themselves: which code opens which referral's page, and whom it was given.

Whoever types a code is nobody yet, so the worker's role looks a reference up; a code cannot be read
from the table, which has a keyed digest of it. On the way down every code stops; the log keeps that
they were given. Where nobody may be contacted at all is said on the referral, and is forgotten on
the way down.
"""

from __future__ import annotations

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE person_code (
        id UUID NOT NULL,
        referral_id UUID NOT NULL,
        origin_agency_id UUID NOT NULL,
        given_by TEXT NOT NULL,
        code_digest BYTEA NOT NULL,
        made_by UUID NOT NULL,
        made_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        visit_hash BYTEA,
        visit_began TIMESTAMP WITH TIME ZONE,
        visit_until TIMESTAMP WITH TIME ZONE,
        entry_id UUID NOT NULL,
        CONSTRAINT pk_person_code PRIMARY KEY (id),
        CONSTRAINT fk_person_code_referral_id_referral
            FOREIGN KEY (referral_id) REFERENCES referral (id),
        CONSTRAINT fk_person_code_entry_id_log_entry
            FOREIGN KEY (entry_id) REFERENCES log_entry (id)
    )
"""
_INDEXES = (
    "CREATE UNIQUE INDEX ix_person_code_live ON person_code (referral_id) WHERE ended_at IS NULL",
    "CREATE UNIQUE INDEX ix_person_code_visit_hash ON person_code (visit_hash)",
)
_OURS = "origin_agency_id = acting_agency()"


def upgrade() -> None:
    """Create the table, its rights, and the flag of a referral."""
    op.execute("ALTER TABLE referral ADD COLUMN unsafe_to_contact BOOLEAN DEFAULT false NOT NULL")
    for statement in (_TABLE, *_INDEXES):
        op.execute(statement)
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (ended_at, visit_hash, visit_began, visit_until)"
        " ON person_code TO hub_app"
    )
    op.execute("GRANT SELECT, DELETE ON person_code TO hub_worker")
    op.execute("ALTER TABLE person_code ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_all ON person_code TO hub_worker USING (true)")
    for command, clause in (("SELECT", "USING"), ("INSERT", "WITH CHECK"), ("UPDATE", "USING")):
        op.execute(
            f"CREATE POLICY app_{command.lower()} ON person_code FOR {command} TO hub_app"
            f" {clause} ({_OURS})"
        )


def downgrade() -> None:
    """Drop both; every code stops."""
    op.execute("DROP TABLE person_code")
    op.execute("ALTER TABLE referral DROP COLUMN unsafe_to_contact")
