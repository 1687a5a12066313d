"""Registers: agreements and notices that two people put in force, and processing activities.

A sharing agreement that stood here before was entered by whoever runs the hub and stays in force. A
new one counts from when the second person approves it; a revision takes the place of what it
supersedes from the day it begins, and nothing is edited. `agreement_in_force` and `notice_in_use`
say this once, for every reader. On the way down what was not approved goes, and the rest keeps the
dates that it really had.
"""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_PARTIES = "acting_agency() IN (sender_agency_id, recipient_agency_id)"
_APPROVAL = """
        supersedes UUID,
        proposed_by UUID{required},
        proposed_at TIMESTAMP WITH TIME ZONE{required},
        decided_by UUID,
        decided_at TIMESTAMP WITH TIME ZONE,
        decision TEXT,
        ended_at TIMESTAMP WITH TIME ZONE
"""
_COLUMNS = (
    "document TEXT",
    "review_on DATE",
    "proposed_agency_id UUID",
    "approver_agency_id UUID",
    *(line.strip() for line in _APPROVAL.format(required="").strip().split(",")),
)
_TABLES = (
    f"""
    CREATE TABLE notice_adoption (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        notice_id TEXT NOT NULL,
        notice_version TEXT NOT NULL,
        notice_language TEXT NOT NULL,
        notice_hash TEXT NOT NULL,
        document TEXT,
        valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
        valid_until TIMESTAMP WITH TIME ZONE,
        review_on DATE NOT NULL,
        {_APPROVAL.format(required=" NOT NULL")},
        CONSTRAINT pk_notice_adoption PRIMARY KEY (id),
        CONSTRAINT fk_notice_adoption_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT ck_notice_adoption_two_people CHECK (decided_by <> proposed_by)
    )
    """,
    """
    CREATE TABLE processing_activity (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        purposes TEXT NOT NULL,
        lawful_basis TEXT NOT NULL,
        people TEXT NOT NULL,
        information TEXT NOT NULL,
        recipients TEXT NOT NULL,
        transfers TEXT NOT NULL,
        retention TEXT NOT NULL,
        security TEXT NOT NULL,
        document TEXT,
        review_on DATE NOT NULL,
        supersedes UUID,
        recorded_by UUID NOT NULL,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_processing_activity PRIMARY KEY (id),
        CONSTRAINT fk_processing_activity_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT uq_processing_activity_supersedes UNIQUE (supersedes)
    )
    """,
    "CREATE INDEX ix_processing_activity_agency_id ON processing_activity (agency_id)",
    "CREATE INDEX ix_notice_adoption_agency_id ON notice_adoption (agency_id)",
)
_VIEWS = (
    """
    CREATE VIEW agreement_in_force WITH (security_invoker = true) AS
        SELECT g.id, g.sender_agency_id, g.recipient_agency_id, g.purposes, g.classes, g.article6,
               g.article9, g.evidence, g.valid_from,
               LEAST(g.valid_until, g.ended_at, (
                   SELECT min(n.valid_from) FROM sharing_agreement n
                   WHERE n.supersedes = g.id AND n.decision = 'approved'
               )) AS valid_until
        FROM sharing_agreement g WHERE g.proposed_at IS NULL OR g.decision = 'approved'
    """,
    """
    CREATE VIEW notice_in_use WITH (security_invoker = true) AS
        SELECT g.id, g.agency_id, g.notice_id, g.notice_version, g.notice_language, g.notice_hash,
               g.valid_from, LEAST(g.valid_until, g.ended_at, (
                   SELECT min(n.valid_from) FROM notice_adoption n
                   WHERE n.supersedes = g.id AND n.decision = 'approved'
               )) AS valid_until
        FROM notice_adoption g WHERE g.decision = 'approved'
    """,
)
_FUNCTION = """
    CREATE FUNCTION keeps_registers(wanted uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT EXISTS (
            SELECT 1 FROM staff_user WHERE agency_id = wanted AND disabled_at IS NULL
                AND role IN ('data_protection_officer', 'agency_admin')
        )
    $$
"""
_DECIDED = "UPDATE (decided_by, decided_at, decision, ended_at)"
_NEW = "proposed_at IS NOT NULL AND decided_at IS NULL AND ended_at IS NULL"
_POLICIES = {
    "sharing_agreement": {
        "INSERT": f"WITH CHECK ({_PARTIES} AND proposed_agency_id = acting_agency() AND {_NEW})",
        "UPDATE": f"USING ({_PARTIES})",
    },
    "notice_adoption": {
        "SELECT": "USING (agency_id = acting_agency())",
        "INSERT": f"WITH CHECK (agency_id = acting_agency() AND {_NEW})",
        "UPDATE": "USING (agency_id = acting_agency())",
    },
    "processing_activity": {
        "SELECT": "USING (agency_id = acting_agency())",
        "INSERT": "WITH CHECK (agency_id = acting_agency())",
        "UPDATE": "USING (agency_id = acting_agency())",
    },
}


def upgrade() -> None:
    """Add the columns, tables, views and rights."""
    for column in _COLUMNS:
        op.execute(f"ALTER TABLE sharing_agreement ADD COLUMN {column}")
    op.execute(
        "ALTER TABLE sharing_agreement ADD CONSTRAINT ck_sharing_agreement_two_people"
        " CHECK (decided_by <> proposed_by)"
    )
    op.execute("CREATE INDEX ix_sharing_agreement_supersedes ON sharing_agreement (supersedes)")
    for statement in (*_TABLES, *_VIEWS, _FUNCTION):
        op.execute(statement)
    op.execute("REVOKE ALL ON FUNCTION keeps_registers(uuid) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION keeps_registers(uuid) TO hub_app")
    op.execute("GRANT SELECT ON agreement_in_force, notice_in_use TO hub_app, hub_worker")
    op.execute(f"GRANT INSERT, {_DECIDED} ON sharing_agreement TO hub_app")
    op.execute(f"GRANT SELECT, INSERT, {_DECIDED} ON notice_adoption TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE (ended_at) ON processing_activity TO hub_app")
    op.execute("GRANT SELECT ON notice_adoption, processing_activity TO hub_worker")
    for table, rules in _POLICIES.items():
        if table != "sharing_agreement":
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY worker_all ON {table} TO hub_worker USING (true)")
        for command, condition in rules.items():
            op.execute(
                f"CREATE POLICY app_{command.lower()} ON {table} FOR {command} TO hub_app"
                f" {condition}"
            )


def downgrade() -> None:
    """Give agreements the dates that they really had, and drop the rest."""
    op.execute(
        "UPDATE sharing_agreement g SET valid_until = f.valid_until"
        " FROM agreement_in_force f WHERE f.id = g.id AND f.valid_until <> g.valid_until"
    )
    op.execute("DROP VIEW agreement_in_force")
    op.execute("DROP VIEW notice_in_use")
    op.execute("DROP FUNCTION keeps_registers(uuid)")
    op.execute("DROP TABLE processing_activity")
    op.execute("DROP TABLE notice_adoption")
    op.execute(
        "DELETE FROM sharing_agreement"
        " WHERE proposed_at IS NOT NULL AND decision IS DISTINCT FROM 'approved'"
    )
    for command in _POLICIES["sharing_agreement"]:
        op.execute(f"DROP POLICY app_{command.lower()} ON sharing_agreement")
    op.execute(f"REVOKE INSERT, {_DECIDED} ON sharing_agreement FROM hub_app")
    op.execute("ALTER TABLE sharing_agreement DROP CONSTRAINT ck_sharing_agreement_two_people")
    op.execute("DROP INDEX ix_sharing_agreement_supersedes")
    for column in reversed(_COLUMNS):
        op.execute(f"ALTER TABLE sharing_agreement DROP COLUMN {column.split()[0]}")
