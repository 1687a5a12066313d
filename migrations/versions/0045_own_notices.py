"""Notices that an agency writes itself: texts that nobody can change, which two people put in use.

`notice_adoption` says as before what is used; a row of it names words that came with a release or
words that stand here. On the way down the texts go. What was adopted of them stays in the register
and is offered to nobody, so an agency must adopt words that came with the hub before; agreements
keep the hash of what was told.
"""

from __future__ import annotations

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE notice_text (
        agency_id UUID NOT NULL,
        notice_id TEXT NOT NULL,
        version TEXT NOT NULL,
        language TEXT NOT NULL,
        words TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        written_by UUID NOT NULL,
        written_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_notice_text PRIMARY KEY (agency_id, notice_id, version, language),
        CONSTRAINT fk_notice_text_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT ck_notice_text_own CHECK (version ~ '^own-[1-9][0-9]{0,5}$'),
        CONSTRAINT ck_notice_text_hash
            CHECK (sha256 = encode(sha256(convert_to(words, 'UTF8')), 'hex'))
    )
"""
_OWN = "agency_id = acting_agency()"


def upgrade() -> None:
    """Create the table and its rights."""
    op.execute(_TABLE)
    op.execute("GRANT SELECT, INSERT ON notice_text TO hub_app")
    op.execute("GRANT SELECT ON notice_text TO hub_worker")
    op.execute("ALTER TABLE notice_text ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_all ON notice_text TO hub_worker USING (true)")
    op.execute(f"CREATE POLICY app_select ON notice_text FOR SELECT TO hub_app USING ({_OWN})")
    op.execute(f"CREATE POLICY app_insert ON notice_text FOR INSERT TO hub_app WITH CHECK ({_OWN})")


def downgrade() -> None:
    """Drop the texts."""
    op.execute("DROP TABLE notice_text")
