"""Callbacks: addresses, signers, and a trigger that tells of every step of a task.

The trigger runs with the owner's rights, since a recipient's step must be told to the sender whose
address the recipient may not see. It writes ids and codes alone. On the way down what was not told
stays untold; partners read states where they always could.
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE callback_endpoint (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        url TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        disabled_at TIMESTAMP WITH TIME ZONE,
        disabled_code TEXT,
        CONSTRAINT pk_callback_endpoint PRIMARY KEY (id),
        CONSTRAINT fk_callback_endpoint_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id)
    )
    """,
    (
        "CREATE INDEX ix_callback_endpoint_agency_id ON callback_endpoint (agency_id)"
        " WHERE disabled_at is null"
    ),
    """
    CREATE TABLE callback_signer (
        id UUID NOT NULL,
        endpoint_id UUID NOT NULL,
        agency_id UUID NOT NULL,
        scheme TEXT NOT NULL,
        sealed_secret BYTEA NOT NULL,
        key_version INTEGER NOT NULL,
        made_at TIMESTAMP WITH TIME ZONE NOT NULL,
        retires_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_callback_signer PRIMARY KEY (id),
        CONSTRAINT fk_callback_signer_endpoint_id_callback_endpoint
            FOREIGN KEY (endpoint_id) REFERENCES callback_endpoint (id),
        CONSTRAINT fk_callback_signer_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id)
    )
    """,
    "CREATE INDEX ix_callback_signer_endpoint_id ON callback_signer (endpoint_id)",
    """
    CREATE TABLE callback (
        id UUID NOT NULL,
        endpoint_id UUID NOT NULL,
        agency_id UUID NOT NULL,
        task_id UUID NOT NULL,
        event TEXT NOT NULL,
        state TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_callback PRIMARY KEY (id),
        CONSTRAINT fk_callback_endpoint_id_callback_endpoint
            FOREIGN KEY (endpoint_id) REFERENCES callback_endpoint (id),
        CONSTRAINT fk_callback_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id)
    )
    """,
    "CREATE INDEX ix_callback_endpoint_id ON callback (endpoint_id)",
)
# The id is made from the step's and the endpoint's, so that it sorts by time and is the same twice.
_ANNOUNCE = """
    CREATE FUNCTION announce_task_events() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM callback_endpoint WHERE disabled_at IS NULL) THEN
            RETURN NULL;
        END IF;
        WITH told AS (
            SELECT (left(h.id::text, 18) || '-8' || left(md5(h.id::text || c.id::text), 3) || '-'
                    || right(md5(h.id::text || c.id::text), 12))::uuid AS id,
                   c.id AS endpoint_id, c.agency_id, h.task_id, h.event, h.state, h.at,
                   t.referral_id, t.slot, t.origin_agency_id, t.owner_agency_id
            FROM happened h
            JOIN task t ON t.id = h.task_id
            JOIN callback_endpoint c ON c.disabled_at IS NULL
             AND (c.agency_id = t.origin_agency_id
                  OR c.agency_id = t.recipient_agency_id AND t.released_at IS NOT NULL)
        ), kept AS (
            INSERT INTO callback (id, endpoint_id, agency_id, task_id, event, state, at)
            SELECT id, endpoint_id, agency_id, task_id, event, state, at FROM told
        )
        INSERT INTO outbox (id, kind, task_id, referral_id, slot, origin_agency_id,
            owner_agency_id, recipient_agency_id, state, attempts, fence, due_at, created_at)
        SELECT id, 'callback', task_id, referral_id, slot, origin_agency_id, owner_agency_id,
            agency_id, 'due', 0, 0, at, at FROM told;
        RETURN NULL;
    END $$
"""
_TRIGGER = """
    CREATE TRIGGER tell_of_task_events AFTER INSERT ON task_event
    REFERENCING NEW TABLE AS happened FOR EACH STATEMENT EXECUTE FUNCTION announce_task_events()
"""
_GRANTS = (
    "SELECT, INSERT, UPDATE (disabled_at, disabled_code) ON callback_endpoint TO hub_app",
    (
        "SELECT (id, endpoint_id, agency_id, scheme, made_at, retires_at), INSERT,"
        " UPDATE (retires_at) ON callback_signer TO hub_app"
    ),
    "SELECT, UPDATE (disabled_at, disabled_code) ON callback_endpoint TO hub_worker",
    "SELECT, UPDATE (sealed_secret, key_version) ON callback_signer TO hub_worker",
    "SELECT ON callback TO hub_worker",
)
_OWN = "agency_id = acting_agency()"


def upgrade() -> None:
    """Create the tables, grants, policies and the trigger."""
    for statement in _TABLES:
        op.execute(statement)
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    for table in ("callback_endpoint", "callback_signer", "callback"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker_all ON {table} TO hub_worker USING (true)")
    for table in ("callback_endpoint", "callback_signer"):
        for command in ("SELECT", "INSERT", "UPDATE"):
            clause = "WITH CHECK" if command == "INSERT" else "USING"
            op.execute(
                f"CREATE POLICY app_{command.lower()} ON {table} FOR {command} TO hub_app"
                f" {clause} ({_OWN})"
            )
    op.execute(_ANNOUNCE)
    op.execute("REVOKE ALL ON FUNCTION announce_task_events FROM PUBLIC")
    op.execute(_TRIGGER)


def downgrade() -> None:
    """Drop the trigger and the tables; what was not told is not told any more."""
    op.execute("DROP TRIGGER tell_of_task_events ON task_event")
    op.execute("DROP FUNCTION announce_task_events")
    op.execute(
        "UPDATE outbox SET state = 'cancelled', settled_at = now()"
        " WHERE kind = 'callback' AND state = 'due'"
    )
    op.execute("DROP TABLE callback, callback_signer, callback_endpoint")
