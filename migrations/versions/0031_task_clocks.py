"""Clocks of tasks: which step comes next, that each was taken once, and whose bank holidays count.

A clock is told from the history, so nothing has to be carried over: every open task is looked at
once after the way up. On the way down steps that were taken stay lines of the history and entries
of the log; a place chosen by the council is forgotten, and the plan goes on in its order.
"""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_OPEN = (
    "state in ('held', 'routed', 'offered', 'information_asked', 'accepted', 'in_progress',"
    " 'on_hold')"
)
_COLUMNS = (
    ("task", "clock_version", "INTEGER"),
    ("task", "step", "TEXT"),
    ("task", "step_at", "TIMESTAMP WITH TIME ZONE"),
    ("task", "next_position", "SMALLINT"),
    ("task_event", "cause_id", "UUID"),
    ("agency", "nation", "TEXT DEFAULT 'england_and_wales' NOT NULL"),
)
_INDEXES = (
    f"INDEX ix_task_unwound ON task (id) WHERE {_OPEN} and clock_version is distinct from version",
    "INDEX ix_task_step_at ON task (step_at) WHERE step_at is not null",
    f"INDEX ix_task_open_recipient ON task (recipient_agency_id) WHERE {_OPEN}",
    (
        "UNIQUE INDEX uq_task_event_step ON task_event (task_id, cause_id, event)"
        " WHERE cause_id is not null"
    ),
)
_STANDING = """
    CREATE VIEW agency_standing AS
    SELECT a.id AS agency_id, a.name, a.kind, a.active, a.joined_at, a.insured_until,
           e.agency_id IS NULL
           OR (e.enabled AND (e.transport = 'inbox' OR e.encryption_jwk IS NOT NULL
                              OR e.plain_since IS NOT NULL))
           AS key_registered,
           COALESCE(e.transport, 'inbox') AS transport,
           COALESCE(e.format, 'hub_json') AS format{nation}
    FROM agency a LEFT JOIN agency_endpoint e ON e.agency_id = a.id
"""
_GRANTS = (
    "UPDATE (clock_version, step, step_at) ON task TO hub_worker",
    "UPDATE (next_position) ON task TO hub_app, hub_worker",
)

# whoever is accountable writes why it took something back, to the sender and who had it
_EITHER = "acting_agency() IN (origin_agency_id, recipient_agency_id)"
_ACCOUNTABLE = (
    "EXISTS (SELECT 1 FROM task WHERE task.id = message.task_id"
    " AND task.owner_agency_id = acting_agency())"
)


def upgrade() -> None:
    """Add the columns, their indexes and rights, and the nation to an agency's standing."""
    for table, column, kind in _COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
    for index in _INDEXES:
        op.execute(f"CREATE {index}")
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    _standing(", a.nation")
    _authors(f"({_EITHER} OR {_ACCOUNTABLE})")


def downgrade() -> None:
    """Drop the columns with their indexes; what was taken back is told as not answered."""
    _standing("")
    _authors(_EITHER)
    op.execute("UPDATE task SET state = 'no_answer' WHERE state = 'returned'")
    for table, column, _ in reversed(_COLUMNS):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    op.execute("DROP INDEX ix_task_open_recipient")


def _standing(nation: str) -> None:
    op.execute("DROP VIEW agency_standing")
    op.execute(_STANDING.format(nation=nation))
    op.execute("GRANT SELECT ON agency_standing TO hub_app, hub_worker")


def _authors(who: str) -> None:
    op.execute("DROP POLICY app_insert ON message")
    op.execute(
        "CREATE POLICY app_insert ON message FOR INSERT TO hub_app"
        f" WITH CHECK ({who} AND author_agency_id = acting_agency())"
    )
