"""A system is called back when what it sent, and what then waited, is imported or turned down.

Written by a trigger, as the steps of tasks are. What was turned down has no referral, so a row of
the outbox need not be about one any more; a call about it that nobody answers is shown to the first
of the councils, since no area is known of it. On the way down such calls are dropped; senders read
the same at the API.
"""

from __future__ import annotations

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

# The id is made from the item's and the endpoint's, so that it is the same twice.
_TELL = """
    CREATE FUNCTION announce_staged_items() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
    DECLARE
        operator uuid;
    BEGIN
        SELECT t.owner_agency_id INTO operator FROM task t
            WHERE t.referral_id = NEW.referral_id ORDER BY t.slot, t.id LIMIT 1;
        IF operator IS NULL THEN
            SELECT a.owner_agency_id INTO operator FROM area a ORDER BY a.code LIMIT 1;
        END IF;
        WITH told AS (
            SELECT (left(NEW.id::text, 14) || '8' || left(md5(NEW.id::text || c.id::text), 3)
                    || '-8' || substr(md5(NEW.id::text || c.id::text), 4, 3) || '-'
                    || right(md5(NEW.id::text || c.id::text), 12))::uuid AS id,
                   c.id AS endpoint_id
            FROM callback_endpoint c
            WHERE c.disabled_at IS NULL AND c.agency_id = NEW.sender_agency_id
        ), kept AS (
            INSERT INTO callback (id, endpoint_id, agency_id, staged_id, event, state, at)
            SELECT id, endpoint_id, NEW.sender_agency_id, NEW.id, NEW.state, NEW.state,
                NEW.settled_at FROM told
        )
        INSERT INTO outbox (id, kind, referral_id, slot, origin_agency_id, owner_agency_id,
            recipient_agency_id, state, attempts, fence, due_at, created_at)
        SELECT id, 'callback', NEW.referral_id, 0, NEW.sender_agency_id,
            coalesce(operator, NEW.agency_id), NEW.sender_agency_id, 'due', 0, 0,
            NEW.settled_at, NEW.settled_at FROM told;
        RETURN NULL;
    END $$
"""
_TRIGGER = """
    CREATE TRIGGER tell_of_staged_items AFTER UPDATE OF state ON staged_item FOR EACH ROW
    WHEN (OLD.state = 'waiting' AND NEW.state <> 'waiting' AND NEW.source IN ('api', 'fhir'))
    EXECUTE FUNCTION announce_staged_items()
"""


def upgrade() -> None:
    """Let a call be about an item, and add the trigger."""
    op.execute("ALTER TABLE outbox ALTER COLUMN referral_id DROP NOT NULL")
    op.execute("ALTER TABLE callback ALTER COLUMN task_id DROP NOT NULL, ADD COLUMN staged_id UUID")
    op.execute(_TELL)
    op.execute("REVOKE ALL ON FUNCTION announce_staged_items FROM PUBLIC")
    op.execute(_TRIGGER)


def downgrade() -> None:
    """Drop the trigger and the calls that only it wrote."""
    op.execute("DROP TRIGGER tell_of_staged_items ON staged_item")
    op.execute("DROP FUNCTION announce_staged_items")
    op.execute("DELETE FROM outbox USING callback c WHERE outbox.id = c.id AND c.task_id IS NULL")
    op.execute("DELETE FROM callback WHERE task_id IS NULL")
    op.execute("ALTER TABLE callback DROP COLUMN staged_id, ALTER COLUMN task_id SET NOT NULL")
    op.execute("ALTER TABLE outbox ALTER COLUMN referral_id SET NOT NULL")
