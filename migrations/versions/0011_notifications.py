"""Notifications: who was told what became of an agreement, and whether they acted on it.

A withdrawal that waits in the outbox becomes a notification that waits for its acknowledgement.
What was told before stays as it was: nobody is asked now about what they did long ago. On the way
down the outbox rows keep their ids and their withdrawals go on; what was told of other kinds, and
every acknowledgement, is lost from the table and stays in the log.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE notification (
        id UUID NOT NULL,
        kind TEXT NOT NULL,
        cause_id UUID NOT NULL,
        task_id UUID,
        referral_id UUID NOT NULL,
        origin_agency_id UUID NOT NULL,
        owner_agency_id UUID NOT NULL,
        recipient_agency_id UUID NOT NULL,
        state TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        told_at TIMESTAMP WITH TIME ZONE,
        due_at TIMESTAMP WITH TIME ZONE,
        chased_at TIMESTAMP WITH TIME ZONE,
        answered_at TIMESTAMP WITH TIME ZONE,
        answered_by UUID,
        entry_id UUID NOT NULL,
        CONSTRAINT pk_notification PRIMARY KEY (id),
        CONSTRAINT fk_notification_task_id_task FOREIGN KEY (task_id) REFERENCES task (id),
        CONSTRAINT fk_notification_referral_id_referral
            FOREIGN KEY (referral_id) REFERENCES referral (id),
        CONSTRAINT fk_notification_entry_id_log_entry
            FOREIGN KEY (entry_id) REFERENCES log_entry (id),
        CONSTRAINT uq_notification_once
            UNIQUE NULLS NOT DISTINCT (cause_id, kind, recipient_agency_id, task_id)
    )
"""
_OPEN = "state in ('waiting', 'chased', 'unanswered')"
_INDEXES = (
    "ix_notification_due_at ON notification (due_at) WHERE state in ('waiting', 'chased')",
    "ix_notification_referral_id ON notification (referral_id)",
    "ix_notification_task_id ON notification (task_id)",
    f"ix_notification_origin_open ON notification (origin_agency_id, id) WHERE {_OPEN}",
    f"ix_notification_owner_open ON notification (owner_agency_id, id) WHERE {_OPEN}",
    (
        "ix_consent_event_ends ON consent_event (valid_until, id)"
        " WHERE state in ('given', 'renewed')"
    ),
    "ix_task_held_origin ON task (origin_agency_id, id) WHERE state = 'held'",
)
_WAITING = """
    INSERT INTO notification (id, kind, cause_id, task_id, referral_id, origin_agency_id,
        owner_agency_id, recipient_agency_id, state, created_at, due_at, entry_id)
    SELECT x.id, 'withdrawn', e.entry_id, x.task_id, x.referral_id, x.origin_agency_id,
        x.owner_agency_id, x.recipient_agency_id, 'waiting', x.created_at,
        x.created_at + interval '3 days', e.entry_id
    FROM outbox x JOIN LATERAL (
        SELECT entry_id FROM task_event WHERE task_id = x.task_id ORDER BY id DESC LIMIT 1
    ) e ON true
    WHERE x.kind = 'notification' AND x.state = 'due'
"""
_GRANTS = (
    ("SELECT, INSERT, UPDATE (state, due_at, answered_at, answered_by) ON notification TO hub_app"),
    (
        "SELECT, INSERT, UPDATE (state, told_at, due_at, chased_at, answered_at) ON notification"
        " TO hub_worker"
    ),
)
_PARTY = "acting_agency() IN (origin_agency_id, owner_agency_id, recipient_agency_id)"
_POLICIES = {
    "SELECT": f"USING ({_PARTY})",
    "INSERT": "WITH CHECK (origin_agency_id = acting_agency())",
    "UPDATE": f"USING ({_PARTY})",
}


def upgrade() -> None:
    """Create the table and its rights, and carry waiting withdrawals over."""
    op.execute(_TABLE)
    for index in _INDEXES:
        op.execute(f"CREATE INDEX {index}")
    op.execute("UPDATE outbox SET kind = 'notification' WHERE kind = 'withdrawal'")
    op.execute(_WAITING)
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    op.execute("ALTER TABLE notification ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_all ON notification TO hub_worker USING (true)")
    for command, condition in _POLICIES.items():
        op.execute(
            f"CREATE POLICY app_{command.lower()} ON notification FOR {command} TO hub_app"
            f" {condition}"
        )


def downgrade() -> None:
    """Drop the table; the outbox tells withdrawals as it did."""
    op.execute("DROP TABLE notification")
    op.execute("DROP INDEX ix_consent_event_ends")
    op.execute("DROP INDEX ix_task_held_origin")
    op.execute("UPDATE outbox SET kind = 'withdrawal' WHERE kind = 'notification'")
