"""Emergency access: tickets, what was written about them, and alerts to officers.

`hub_app` inserts a ticket for its own agency alone and can only mark it as used; it cannot read
what was written (sealed for two agencies), and an officer's agency can only answer its own alerts.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE emergency_access (
        id UUID NOT NULL,
        referral_id UUID NOT NULL,
        task_id UUID NOT NULL,
        slot SMALLINT NOT NULL,
        origin_agency_id UUID NOT NULL,
        actor_agency_id UUID NOT NULL,
        user_id UUID NOT NULL,
        role TEXT NOT NULL,
        cause TEXT NOT NULL,
        note_id UUID NOT NULL,
        opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
        closes_at TIMESTAMP WITH TIME ZONE NOT NULL,
        used_at TIMESTAMP WITH TIME ZONE,
        override_entry_id UUID NOT NULL,
        use_entry_id UUID,
        CONSTRAINT pk_emergency_access PRIMARY KEY (id),
        CONSTRAINT fk_emergency_access_referral_id_referral
            FOREIGN KEY (referral_id) REFERENCES referral (id),
        CONSTRAINT fk_emergency_access_task_id_task FOREIGN KEY (task_id) REFERENCES task (id),
        CONSTRAINT fk_emergency_access_override_entry_id_log_entry
            FOREIGN KEY (override_entry_id) REFERENCES log_entry (id),
        CONSTRAINT fk_emergency_access_use_entry_id_log_entry
            FOREIGN KEY (use_entry_id) REFERENCES log_entry (id),
        CONSTRAINT uq_emergency_access_override_entry_id UNIQUE (override_entry_id),
        CONSTRAINT uq_emergency_access_use_entry_id UNIQUE (use_entry_id)
    )
    """,
    "CREATE INDEX ix_emergency_access_task_id_user_id ON emergency_access (task_id, user_id)",
    """
    CREATE TABLE emergency_note (
        id UUID NOT NULL,
        access_id UUID NOT NULL,
        task_id UUID NOT NULL,
        origin_agency_id UUID NOT NULL,
        recipient_agency_id UUID NOT NULL,
        author_agency_id UUID NOT NULL,
        kind TEXT NOT NULL,
        wrapped_for_origin BYTEA NOT NULL,
        wrapped_for_recipient BYTEA NOT NULL,
        key_commitment BYTEA NOT NULL,
        ciphertext BYTEA NOT NULL,
        key_version INTEGER NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_emergency_note PRIMARY KEY (id),
        CONSTRAINT fk_emergency_note_access_id_emergency_access
            FOREIGN KEY (access_id) REFERENCES emergency_access (id)
    )
    """,
    "CREATE INDEX ix_emergency_note_access_id ON emergency_note (access_id)",
    """
    CREATE TABLE emergency_alert (
        id UUID NOT NULL,
        access_id UUID NOT NULL,
        agency_id UUID NOT NULL,
        origin_agency_id UUID NOT NULL,
        actor_agency_id UUID NOT NULL,
        reference TEXT NOT NULL,
        raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
        reviewed_at TIMESTAMP WITH TIME ZONE,
        reviewer_id UUID,
        outcome TEXT,
        review_entry_id UUID,
        CONSTRAINT pk_emergency_alert PRIMARY KEY (id),
        CONSTRAINT fk_emergency_alert_access_id_emergency_access
            FOREIGN KEY (access_id) REFERENCES emergency_access (id),
        CONSTRAINT fk_emergency_alert_review_entry_id_log_entry
            FOREIGN KEY (review_entry_id) REFERENCES log_entry (id),
        CONSTRAINT uq_emergency_alert_access_id_agency_id UNIQUE (access_id, agency_id)
    )
    """,
    (
        "CREATE INDEX ix_emergency_alert_waiting ON emergency_alert (agency_id, id)"
        " WHERE reviewed_at is null"
    ),
)

GRANTS = (
    "SELECT, INSERT, UPDATE (used_at, use_entry_id) ON emergency_access TO hub_app",
    (
        "SELECT (id, access_id, task_id, origin_agency_id, recipient_agency_id, author_agency_id,"
        " kind, at), INSERT ON emergency_note TO hub_app"
    ),
    (
        "SELECT, INSERT, UPDATE (reviewed_at, reviewer_id, outcome, review_entry_id)"
        " ON emergency_alert TO hub_app"
    ),
    "SELECT ON emergency_access TO hub_worker",
    (
        "SELECT, UPDATE (wrapped_for_origin, wrapped_for_recipient, key_version)"
        " ON emergency_note TO hub_worker"
    ),
    "SELECT ON emergency_alert TO hub_worker",
)

ACTOR = "actor_agency_id = acting_agency()"
OWN = "agency_id = acting_agency()"
POLICIES = {
    "emergency_access": {
        "SELECT": "acting_agency() IN (origin_agency_id, actor_agency_id)",
        "INSERT": ACTOR,
        "UPDATE": ACTOR,
    },
    "emergency_note": {
        "SELECT": "acting_agency() IN (origin_agency_id, recipient_agency_id)",
        "INSERT": "acting_agency() IN (origin_agency_id, recipient_agency_id)"
        " AND author_agency_id = acting_agency()",
    },
    "emergency_alert": {
        "SELECT": OWN,
        "INSERT": f"{ACTOR} AND agency_id IN (origin_agency_id, actor_agency_id)",
        "UPDATE": OWN,
    },
}


def upgrade() -> None:
    """Create the tables, grants and policies."""
    for statement in _TABLES:
        op.execute(statement)
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    for table, commands in POLICIES.items():
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY worker_all ON "{table}" TO hub_worker USING (true)')
        for command, condition in commands.items():
            clause = "WITH CHECK" if command == "INSERT" else "USING"
            op.execute(
                f'CREATE POLICY app_{command.lower()} ON "{table}" FOR {command} TO hub_app'
                f" {clause} ({condition})"
            )


def downgrade() -> None:
    """Drop the tables; what the log says about them stays."""
    for table in ("emergency_alert", "emergency_note", "emergency_access"):
        op.execute(f'DROP TABLE "{table}"')
