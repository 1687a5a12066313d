"""Messages back: a sender's own system is told what became of its referrals, as deep as it chose.

Written by a trigger like callbacks, so that no use case can forget it. On the way down what was not
told stays untold; senders read states where they always could.
"""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# The id is made from the step's, so that it sorts by time and is the same twice.
_TELL = """
    CREATE FUNCTION tell_sender_back() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM happened
                       WHERE event IN ('accept', 'decline', 'expire', 'contact', 'close')) THEN
            RETURN NULL;
        END IF;
        INSERT INTO outbox (id, kind, task_id, referral_id, slot, origin_agency_id,
            owner_agency_id, recipient_agency_id, state, attempts, fence, due_at, created_at)
        SELECT (left(h.id::text, 18) || '-8' || left(md5(h.id::text || 'back'), 3) || '-'
                || right(md5(h.id::text || 'back'), 12))::uuid,
            'message_back', h.task_id, t.referral_id, t.slot, t.origin_agency_id,
            t.owner_agency_id, t.origin_agency_id, 'due', 0, 0, h.at, h.at
        FROM happened h
        JOIN task t ON t.id = h.task_id
        JOIN agency_endpoint e ON e.agency_id = t.origin_agency_id
         AND e.enabled AND e.transport <> 'inbox'
        WHERE (e.messages_back = 'steps'
               AND h.event IN ('accept', 'decline', 'expire', 'contact', 'close'))
           OR (e.messages_back = 'ends' AND h.event = 'close');
        RETURN NULL;
    END $$
"""
_TRIGGER = """
    CREATE TRIGGER tell_sender_of_task_events AFTER INSERT ON task_event
    REFERENCING NEW TABLE AS happened FOR EACH STATEMENT EXECUTE FUNCTION tell_sender_back()
"""
_GRANT = "INSERT (messages_back), UPDATE (messages_back) ON agency_endpoint"


def upgrade() -> None:
    """Add the choice and the trigger."""
    op.execute("ALTER TABLE agency_endpoint ADD COLUMN messages_back TEXT NOT NULL DEFAULT 'none'")
    op.execute(f"GRANT {_GRANT} TO hub_app")
    op.execute(_TELL)
    op.execute("REVOKE ALL ON FUNCTION tell_sender_back FROM PUBLIC")
    op.execute(_TRIGGER)


def downgrade() -> None:
    """Drop both; what was not told is not told any more."""
    op.execute("DROP TRIGGER tell_sender_of_task_events ON task_event")
    op.execute("DROP FUNCTION tell_sender_back")
    op.execute("DELETE FROM outbox WHERE kind = 'message_back'")
    op.execute(f"REVOKE {_GRANT} FROM hub_app")
    op.execute("ALTER TABLE agency_endpoint DROP COLUMN messages_back")
