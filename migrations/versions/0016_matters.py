"""Matters of a data protection officer: access requests, breaches and complaints, of one agency.

A step and a decision about an item are added and never changed or removed. What was written is
sealed for the agency: the web adds it and cannot read it back; the worker's role opens it, wraps it
anew, and takes it away when the person is erased.
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE matter (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        kind TEXT NOT NULL,
        reference TEXT NOT NULL,
        subject_id UUID,
        referral_id UUID,
        about_id UUID,
        details JSONB NOT NULL,
        state TEXT NOT NULL,
        clock TEXT NOT NULL,
        due_at TIMESTAMP WITH TIME ZONE,
        opened_by UUID NOT NULL,
        opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
        closed_at TIMESTAMP WITH TIME ZONE,
        version INTEGER DEFAULT 1 NOT NULL,
        CONSTRAINT pk_matter PRIMARY KEY (id),
        CONSTRAINT fk_matter_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_matter_subject_id_subject FOREIGN KEY (subject_id) REFERENCES subject (id),
        CONSTRAINT fk_matter_about_id_matter FOREIGN KEY (about_id) REFERENCES matter (id),
        CONSTRAINT uq_matter_reference UNIQUE (reference)
    )
    """,
    "CREATE INDEX ix_matter_open ON matter (agency_id, due_at, id) WHERE closed_at is null",
    "CREATE INDEX ix_matter_agency_id_id ON matter (agency_id, id)",
    "CREATE INDEX ix_matter_subject_id ON matter (subject_id)",
    (
        "CREATE UNIQUE INDEX uq_matter_open_request ON matter (subject_id)"
        " WHERE kind = 'access_request' and closed_at is null"
    ),
    """
    CREATE TABLE matter_step (
        id UUID NOT NULL,
        matter_id UUID NOT NULL,
        agency_id UUID NOT NULL,
        event TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT,
        happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
        recorded_by UUID NOT NULL,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        entry_id UUID NOT NULL,
        CONSTRAINT pk_matter_step PRIMARY KEY (id),
        CONSTRAINT fk_matter_step_matter_id_matter FOREIGN KEY (matter_id) REFERENCES matter (id),
        CONSTRAINT fk_matter_step_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_matter_step_entry_id_log_entry
            FOREIGN KEY (entry_id) REFERENCES log_entry (id),
        CONSTRAINT uq_matter_step_entry_id UNIQUE (entry_id)
    )
    """,
    "CREATE INDEX ix_matter_step_matter_id_id ON matter_step (matter_id, id)",
    """
    CREATE TABLE matter_words (
        id UUID NOT NULL,
        matter_id UUID NOT NULL,
        agency_id UUID NOT NULL,
        step_id UUID NOT NULL,
        kind TEXT NOT NULL,
        sealed_words BYTEA NOT NULL,
        key_version INTEGER NOT NULL,
        CONSTRAINT pk_matter_words PRIMARY KEY (id),
        CONSTRAINT fk_matter_words_matter_id_matter FOREIGN KEY (matter_id) REFERENCES matter (id),
        CONSTRAINT fk_matter_words_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_matter_words_step_id_matter_step
            FOREIGN KEY (step_id) REFERENCES matter_step (id)
    )
    """,
    "CREATE INDEX ix_matter_words_matter_id_id ON matter_words (matter_id, id)",
    """
    CREATE TABLE matter_item (
        id UUID NOT NULL,
        matter_id UUID NOT NULL,
        agency_id UUID NOT NULL,
        step_id UUID NOT NULL,
        item TEXT NOT NULL,
        handling TEXT NOT NULL,
        exemption TEXT,
        CONSTRAINT pk_matter_item PRIMARY KEY (id),
        CONSTRAINT fk_matter_item_matter_id_matter FOREIGN KEY (matter_id) REFERENCES matter (id),
        CONSTRAINT fk_matter_item_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_matter_item_step_id_matter_step
            FOREIGN KEY (step_id) REFERENCES matter_step (id)
    )
    """,
    "CREATE INDEX ix_matter_item_matter_id_item_id ON matter_item (matter_id, item, id)",
)
_GRANTS = (
    "SELECT, INSERT, UPDATE (state, clock, due_at, closed_at, version) ON matter TO hub_app",
    "SELECT, INSERT ON matter_step TO hub_app",
    "SELECT (id, matter_id, agency_id, step_id, kind), INSERT ON matter_words TO hub_app",
    "SELECT, INSERT ON matter_item TO hub_app",
    "SELECT ON matter TO hub_worker",
    "SELECT ON matter_step TO hub_worker",
    "SELECT, UPDATE (sealed_words, key_version), DELETE ON matter_words TO hub_worker",
    "SELECT ON matter_item TO hub_worker",
)
_OWN = "agency_id = acting_agency()"
_COMMANDS = {
    "matter": ("SELECT", "INSERT", "UPDATE"),
    "matter_step": ("SELECT", "INSERT"),
    "matter_words": ("SELECT", "INSERT"),
    "matter_item": ("SELECT", "INSERT"),
}


def upgrade() -> None:
    """Create the tables, grants and policies."""
    for statement in _TABLES:
        op.execute(statement)
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    for table, commands in _COMMANDS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker_all ON {table} TO hub_worker USING (true)")
        for command in commands:
            clause = "WITH CHECK" if command == "INSERT" else "USING"
            op.execute(
                f"CREATE POLICY app_{command.lower()} ON {table} FOR {command} TO hub_app"
                f" {clause} ({_OWN})"
            )


def downgrade() -> None:
    """Drop the tables; what the log says about them stays."""
    for table in ("matter_item", "matter_words", "matter_step", "matter"):
        op.execute(f"DROP TABLE {table}")
