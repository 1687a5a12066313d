"""Deciding for a person: capacity, children, what was written about it, and that somebody died.

`hub_app` adds what its own agency recorded and cannot read the sealed words; the council's decision
about a disagreement is added by the owner alone. A death is the one thing about a person that
`hub_app` may change, and only their own agency.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE statement (
        id UUID NOT NULL,
        origin_agency_id UUID NOT NULL,
        subject_id UUID NOT NULL,
        referral_id UUID NOT NULL,
        kind TEXT NOT NULL,
        sealed_words BYTEA NOT NULL,
        recorded_by UUID NOT NULL,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_statement PRIMARY KEY (id),
        CONSTRAINT fk_statement_subject_id_subject
            FOREIGN KEY (subject_id) REFERENCES subject (id)
    )
    """,
    "CREATE INDEX ix_statement_referral_id ON statement (referral_id)",
    """
    CREATE TABLE capacity_record (
        id UUID NOT NULL,
        origin_agency_id UUID NOT NULL,
        subject_id UUID NOT NULL,
        referral_id UUID NOT NULL,
        lacks_capacity BOOLEAN NOT NULL,
        assessment_id UUID,
        assessed_on DATE,
        decision_id UUID,
        decided_on DATE,
        recorded_by UUID NOT NULL,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        entry_id UUID NOT NULL,
        CONSTRAINT pk_capacity_record PRIMARY KEY (id),
        CONSTRAINT fk_capacity_record_subject_id_subject
            FOREIGN KEY (subject_id) REFERENCES subject (id),
        CONSTRAINT fk_capacity_record_entry_id_log_entry
            FOREIGN KEY (entry_id) REFERENCES log_entry (id)
    )
    """,
    "CREATE INDEX ix_capacity_record_referral_id_id ON capacity_record (referral_id, id)",
    """
    CREATE TABLE child_record (
        id UUID NOT NULL,
        origin_agency_id UUID NOT NULL,
        subject_id UUID NOT NULL,
        referral_id UUID NOT NULL,
        gillick_id UUID,
        parental_id UUID,
        child_agrees BOOLEAN,
        parent_agrees BOOLEAN,
        recorded_by UUID NOT NULL,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        entry_id UUID NOT NULL,
        CONSTRAINT pk_child_record PRIMARY KEY (id),
        CONSTRAINT fk_child_record_subject_id_subject
            FOREIGN KEY (subject_id) REFERENCES subject (id),
        CONSTRAINT fk_child_record_entry_id_log_entry
            FOREIGN KEY (entry_id) REFERENCES log_entry (id)
    )
    """,
    "CREATE INDEX ix_child_record_referral_id_id ON child_record (referral_id, id)",
    """
    CREATE TABLE child_decision (
        id UUID NOT NULL,
        child_record_id UUID NOT NULL,
        task_id UUID NOT NULL,
        referral_id UUID NOT NULL,
        origin_agency_id UUID NOT NULL,
        owner_agency_id UUID NOT NULL,
        share BOOLEAN NOT NULL,
        wrapped_for_origin BYTEA NOT NULL,
        wrapped_for_owner BYTEA NOT NULL,
        key_commitment BYTEA NOT NULL,
        ciphertext BYTEA NOT NULL,
        key_version INTEGER NOT NULL,
        decided_by UUID NOT NULL,
        decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
        entry_id UUID NOT NULL,
        CONSTRAINT pk_child_decision PRIMARY KEY (id),
        CONSTRAINT fk_child_decision_child_record_id_child_record
            FOREIGN KEY (child_record_id) REFERENCES child_record (id),
        CONSTRAINT fk_child_decision_entry_id_log_entry
            FOREIGN KEY (entry_id) REFERENCES log_entry (id)
    )
    """,
    "CREATE INDEX ix_child_decision_child_record_id ON child_decision (child_record_id)",
    "CREATE INDEX ix_child_decision_referral_id ON child_decision (referral_id)",
)

_GRANTS = (
    "INSERT ON statement TO hub_app",
    "INSERT ON capacity_record TO hub_app",
    "INSERT ON child_record TO hub_app",
    "INSERT ON child_decision TO hub_app",
    "SELECT ON statement TO hub_worker",
    "SELECT ON capacity_record TO hub_worker",
    "SELECT ON child_record TO hub_worker",
    (
        "SELECT, UPDATE (wrapped_for_origin, wrapped_for_owner, key_version), DELETE"
        " ON child_decision TO hub_worker"
    ),
    "UPDATE (deceased) ON subject TO hub_app",
)

_POLICIES = {
    "statement": "origin_agency_id = acting_agency()",
    "capacity_record": "origin_agency_id = acting_agency()",
    "child_record": "origin_agency_id = acting_agency()",
    "child_decision": "owner_agency_id = acting_agency()",
}


def upgrade() -> None:
    """Create the tables, grants and policies."""
    for statement in _TABLES:
        op.execute(statement)
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    for table, condition in _POLICIES.items():
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY worker_all ON "{table}" TO hub_worker USING (true)')
        op.execute(
            f'CREATE POLICY app_insert ON "{table}" FOR INSERT TO hub_app WITH CHECK ({condition})'
        )
    op.execute(
        "CREATE POLICY app_update ON subject FOR UPDATE TO hub_app"
        " USING (origin_agency_id = acting_agency())"
    )


def downgrade() -> None:
    """Drop the tables; what the log says about them stays, and whoever died stays so."""
    op.execute("DROP POLICY app_update ON subject")
    op.execute("REVOKE UPDATE (deceased) ON subject FROM hub_app")
    for table in ("child_decision", "child_record", "capacity_record", "statement"):
        op.execute(f'DROP TABLE "{table}"')
