"""Appraisals of records that are due, and legal holds: rows of one agency, pseudonymous.

An appraisal and a hold are added and then settled once; neither is ever removed. The worker's role
reads holds, because it is what erases.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE appraisal (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        subject_id UUID NOT NULL,
        outcome TEXT NOT NULL,
        reason TEXT,
        review_on DATE,
        proposed_by UUID NOT NULL,
        proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        decided_by UUID,
        decided_at TIMESTAMP WITH TIME ZONE,
        decision TEXT,
        CONSTRAINT pk_appraisal PRIMARY KEY (id),
        CONSTRAINT fk_appraisal_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_appraisal_subject_id_subject FOREIGN KEY (subject_id) REFERENCES subject (id),
        CONSTRAINT ck_appraisal_two_people CHECK (decided_by <> proposed_by)
    )
    """,
    "CREATE UNIQUE INDEX uq_appraisal_open ON appraisal (subject_id) WHERE decided_at is null",
    "CREATE INDEX ix_appraisal_subject_id_id ON appraisal (subject_id, id)",
    """
    CREATE TABLE legal_hold (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        subject_id UUID NOT NULL,
        reason TEXT NOT NULL,
        placed_by UUID NOT NULL,
        placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        lift_asked_by UUID,
        lift_asked_at TIMESTAMP WITH TIME ZONE,
        lifted_by UUID,
        lifted_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_legal_hold PRIMARY KEY (id),
        CONSTRAINT fk_legal_hold_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_legal_hold_subject_id_subject
            FOREIGN KEY (subject_id) REFERENCES subject (id),
        CONSTRAINT ck_legal_hold_two_people CHECK (lifted_by <> lift_asked_by)
    )
    """,
    (
        "CREATE UNIQUE INDEX ix_legal_hold_subject_id ON legal_hold (subject_id)"
        " WHERE lifted_at is null"
    ),
)
_GRANTS = (
    "SELECT, INSERT, UPDATE (decided_by, decided_at, decision) ON appraisal TO hub_app",
    (
        "SELECT, INSERT, UPDATE (lift_asked_by, lift_asked_at, lifted_by, lifted_at)"
        " ON legal_hold TO hub_app"
    ),
    "SELECT ON appraisal TO hub_worker",
    "SELECT ON legal_hold TO hub_worker",
)
_OWN = "agency_id = acting_agency()"


def upgrade() -> None:
    """Create the tables, grants and policies."""
    for statement in _TABLES:
        op.execute(statement)
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    for table in ("appraisal", "legal_hold"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker_all ON {table} TO hub_worker USING (true)")
        for command, clause in (
            ("SELECT", "USING"),
            ("INSERT", "WITH CHECK"),
            ("UPDATE", "USING"),
        ):
            op.execute(
                f"CREATE POLICY app_{command.lower()} ON {table} FOR {command} TO hub_app"
                f" {clause} ({_OWN})"
            )


def downgrade() -> None:
    """Drop the tables; what the log says about them stays."""
    op.execute("DROP TABLE legal_hold")
    op.execute("DROP TABLE appraisal")
