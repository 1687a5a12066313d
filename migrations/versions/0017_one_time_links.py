"""One-time links by mail: an agency's address and code, invitations and their tokens.

An agency that is told by mail keeps its referrals in the hub's inbox, so on the way down it goes
back to the plain inbox, where everything that was released to it lies already. Mails that have not
left then are not sent.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE agency_mail (
        agency_id UUID NOT NULL,
        mail_address TEXT NOT NULL,
        code_hash TEXT NOT NULL,
        enabled BOOLEAN DEFAULT true NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_agency_mail PRIMARY KEY (agency_id),
        CONSTRAINT fk_agency_mail_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id)
    )
    """,
    """
    CREATE TABLE invitation (
        id UUID NOT NULL,
        task_id UUID NOT NULL,
        referral_id UUID NOT NULL,
        recipient_agency_id UUID NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        wrong_codes INTEGER DEFAULT 0 NOT NULL,
        asked_at TIMESTAMP WITH TIME ZONE,
        opened_at TIMESTAMP WITH TIME ZONE,
        visit_hash BYTEA,
        visit_until TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_invitation PRIMARY KEY (id),
        CONSTRAINT fk_invitation_task_id_task FOREIGN KEY (task_id) REFERENCES task (id)
    )
    """,
    "CREATE INDEX ix_invitation_task_id_created_at ON invitation (task_id, created_at)",
    "CREATE UNIQUE INDEX ix_invitation_visit_hash ON invitation (visit_hash)",
    """
    CREATE TABLE invitation_token (
        token_hash BYTEA NOT NULL,
        invitation_id UUID NOT NULL,
        CONSTRAINT pk_invitation_token PRIMARY KEY (token_hash),
        CONSTRAINT fk_invitation_token_invitation_id_invitation
            FOREIGN KEY (invitation_id) REFERENCES invitation (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_invitation_token_invitation_id ON invitation_token (invitation_id)",
)
_FOUND = """
    RETURNS TABLE (id uuid, task_id uuid, referral_id uuid, agency_id uuid, agency_name text,
                   code_hash text, live boolean, task_state text, to_act_on boolean,
                   wrong_codes integer, opened_at timestamptz, expires_at timestamptz,
                   visit_until timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT i.id, i.task_id, i.referral_id, i.recipient_agency_id, a.name, m.code_hash,
               a.active AND m.enabled, t.state,
               EXISTS (SELECT 1 FROM notification n WHERE n.task_id = i.task_id
                       AND n.told_at IS NOT NULL
                       AND n.state IN ('waiting', 'chased', 'unanswered')),
               i.wrong_codes, i.opened_at, i.expires_at, i.visit_until
        FROM invitation i
        JOIN task t ON t.id = i.task_id
        JOIN agency a ON a.id = i.recipient_agency_id
        JOIN agency_mail m ON m.agency_id = i.recipient_agency_id
        WHERE {condition}
    $$
"""
_WITH_LINK = "i.id = (SELECT k.invitation_id FROM invitation_token k WHERE k.token_hash = token)"
_FUNCTIONS = (
    "CREATE FUNCTION link_by_token(token bytea)" + _FOUND.format(condition=_WITH_LINK),
    "CREATE FUNCTION link_by_visit(visit bytea)" + _FOUND.format(condition="i.visit_hash = visit"),
)
_GRANTS = (
    (
        "SELECT, INSERT, UPDATE (mail_address, code_hash, enabled, updated_at)"
        " ON agency_mail TO hub_app"
    ),
    "SELECT (agency_id, mail_address, enabled, updated_at) ON agency_mail TO hub_worker",
    (
        "SELECT, UPDATE (wrong_codes, asked_at, opened_at, visit_hash, visit_until)"
        " ON invitation TO hub_app"
    ),
    "SELECT, INSERT, DELETE ON invitation TO hub_worker",
    "SELECT, INSERT ON invitation_token TO hub_worker",
)
_TO_US = "recipient_agency_id = acting_agency()"
_OURS = "agency_id = acting_agency()"
_POLICIES = (
    ("agency_mail", "SELECT", f"USING ({_OURS})"),
    ("agency_mail", "INSERT", f"WITH CHECK ({_OURS})"),
    ("agency_mail", "UPDATE", f"USING ({_OURS})"),
    ("invitation", "SELECT", f"USING ({_TO_US})"),
    ("invitation", "UPDATE", f"USING ({_TO_US})"),
)


def upgrade() -> None:
    """Create the tables, the two doors, grants and policies."""
    for statement in (*_TABLES, *_FUNCTIONS):
        op.execute(statement)
    for name in ("link_by_token", "link_by_visit"):
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO hub_app")
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    for table in ("agency_mail", "invitation", "invitation_token"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker_all ON {table} TO hub_worker USING (true)")
    for table, command, condition in _POLICIES:
        op.execute(
            f"CREATE POLICY app_{command.lower()} ON {table} FOR {command} TO hub_app {condition}"
        )


def downgrade() -> None:
    """Drop the tables; the outbox keeps its rows."""
    op.execute(
        "UPDATE outbox SET state = 'cancelled', settled_at = now()"
        " WHERE kind = 'invitation' AND state = 'due'"
    )
    op.execute("DROP FUNCTION link_by_token, link_by_visit")
    op.execute("DROP TABLE invitation_token, invitation, agency_mail")
