"""Messages to the person: which step they are told of, once each, and how.

A message has the id of the outbox row that carries it. One row remembers up to which line of the
tasks' history people have been told; what happened before is nobody's news. On the way down what
was not sent is not sent, and open lines of work lists are gone.
"""

from __future__ import annotations

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE person_message (
        id UUID NOT NULL,
        referral_id UUID NOT NULL,
        origin_agency_id UUID NOT NULL,
        task_id UUID,
        cause_id UUID NOT NULL,
        step TEXT NOT NULL,
        way TEXT,
        made_at TIMESTAMP WITH TIME ZONE NOT NULL,
        closed_at TIMESTAMP WITH TIME ZONE,
        closed_by UUID,
        CONSTRAINT pk_person_message PRIMARY KEY (id),
        CONSTRAINT uq_person_message_cause_id UNIQUE (cause_id),
        CONSTRAINT fk_person_message_referral_id_referral
            FOREIGN KEY (referral_id) REFERENCES referral (id)
    )
    """,
    "CREATE INDEX ix_person_message_referral_id ON person_message (referral_id)",
    """
    CREATE INDEX ix_person_message_to_tell ON person_message (origin_agency_id, id)
        WHERE closed_at IS NULL AND way IN ('phone', 'text', 'post', 'home_visit', 'page')
    """,
    """
    CREATE TABLE person_round (
        id INTEGER NOT NULL,
        after UUID,
        CONSTRAINT pk_person_round PRIMARY KEY (id)
    )
    """,
    "INSERT INTO person_round (id) VALUES (1)",
)
_OURS = "origin_agency_id = acting_agency()"


def upgrade() -> None:
    """Create the tables and their rights."""
    for statement in _TABLES:
        op.execute(statement)
    op.execute("GRANT SELECT, INSERT, UPDATE (closed_at, closed_by) ON person_message TO hub_app")
    op.execute(
        "GRANT SELECT, INSERT, DELETE, UPDATE (way, closed_at) ON person_message TO hub_worker"
    )
    op.execute("GRANT SELECT, UPDATE (after) ON person_round TO hub_worker")
    for table in ("person_message", "person_round"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker_all ON {table} TO hub_worker USING (true)")
    for command, clause in (("SELECT", "USING"), ("INSERT", "WITH CHECK"), ("UPDATE", "USING")):
        op.execute(
            f"CREATE POLICY app_{command.lower()} ON person_message FOR {command} TO hub_app"
            f" {clause} ({_OURS})"
        )


def downgrade() -> None:
    """Drop both; the outbox keeps its rows."""
    op.execute(
        "UPDATE outbox SET state = 'cancelled', settled_at = now()"
        " WHERE kind = 'person' AND state = 'due'"
    )
    op.execute("DROP TABLE person_message, person_round")
