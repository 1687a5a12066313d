"""File imports: mappings with their versions, sealed parts of files, and which rows were kept.

Everything is one agency's own. The worker claims imports of every agency, and writes each batch as
the agency whose file it is.
"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE import_mapping (
        agency_id UUID NOT NULL,
        version INTEGER NOT NULL,
        mapping JSONB NOT NULL,
        saved_by UUID NOT NULL,
        saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
        entry_id UUID NOT NULL,
        CONSTRAINT pk_import_mapping PRIMARY KEY (agency_id, version),
        CONSTRAINT fk_import_mapping_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_import_mapping_entry_id_log_entry
            FOREIGN KEY (entry_id) REFERENCES log_entry (id)
    )
    """,
    """
    CREATE TABLE csv_import (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        user_id UUID NOT NULL,
        mapping_version INTEGER NOT NULL,
        file_index BYTEA,
        state TEXT NOT NULL,
        refusal TEXT,
        size BIGINT DEFAULT 0 NOT NULL,
        foreseen JSONB,
        counts JSONB DEFAULT '{}' NOT NULL,
        position BIGINT DEFAULT 0 NOT NULL,
        line INTEGER DEFAULT 0 NOT NULL,
        lease_until TIMESTAMP WITH TIME ZONE,
        fence BIGINT DEFAULT 0 NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_csv_import PRIMARY KEY (id),
        CONSTRAINT fk_csv_import_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id)
    )
    """,
    (
        "CREATE UNIQUE INDEX uq_csv_import_file ON csv_import"
        " (agency_id, file_index, mapping_version) WHERE state <> 'discarded'"
    ),
    (
        "CREATE INDEX ix_csv_import_due ON csv_import (created_at)"
        " WHERE state in ('checking', 'importing')"
    ),
    "CREATE INDEX ix_csv_import_agency_id_id ON csv_import (agency_id, id)",
    """
    CREATE TABLE import_part (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        import_id UUID NOT NULL,
        part TEXT NOT NULL,
        number INTEGER NOT NULL,
        sealed BYTEA NOT NULL,
        key_version INTEGER NOT NULL,
        CONSTRAINT pk_import_part PRIMARY KEY (id),
        CONSTRAINT fk_import_part_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_import_part_import_id_csv_import
            FOREIGN KEY (import_id) REFERENCES csv_import (id) ON DELETE CASCADE,
        CONSTRAINT uq_import_part_import_id_part_number UNIQUE (import_id, part, number)
    )
    """,
    """
    CREATE TABLE import_row (
        agency_id UUID NOT NULL,
        row_index BYTEA NOT NULL,
        import_id UUID NOT NULL,
        line INTEGER NOT NULL,
        referral_id UUID,
        staged_id UUID,
        CONSTRAINT pk_import_row PRIMARY KEY (agency_id, row_index),
        CONSTRAINT fk_import_row_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_import_row_import_id_csv_import
            FOREIGN KEY (import_id) REFERENCES csv_import (id),
        CONSTRAINT fk_import_row_referral_id_referral
            FOREIGN KEY (referral_id) REFERENCES referral (id)
    )
    """,
    "CREATE INDEX ix_import_row_import_id_line ON import_row (import_id, line)",
)
_MOVING = (
    "file_index, state, refusal, size, foreseen, counts, position, line, lease_until, fence,"
    " ended_at"
)
_GRANTS = (
    "SELECT, INSERT ON import_mapping TO hub_app",
    "SELECT ON import_mapping TO hub_worker",
    f"SELECT, INSERT, UPDATE ({_MOVING}) ON csv_import TO hub_app",
    f"SELECT, UPDATE ({_MOVING}) ON csv_import TO hub_worker",
    "SELECT, INSERT, DELETE ON import_part TO hub_app",
    "SELECT, UPDATE (sealed, key_version), DELETE ON import_part TO hub_worker",
    "SELECT, INSERT ON import_row TO hub_app",
    "SELECT ON import_row TO hub_worker",
)
_TABLES_NAMED = ("import_mapping", "csv_import", "import_part", "import_row")
_COMMANDS = {
    "import_mapping": ("SELECT", "INSERT"),
    "csv_import": ("SELECT", "INSERT", "UPDATE"),
    "import_part": ("SELECT", "INSERT", "DELETE"),
    "import_row": ("SELECT", "INSERT"),
}


def upgrade() -> None:
    """Create the tables, grants and policies."""
    for statement in _TABLES:
        op.execute(statement)
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    for table in _TABLES_NAMED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker_all ON {table} TO hub_worker USING (true)")
        for command in _COMMANDS[table]:
            clause = "WITH CHECK" if command == "INSERT" else "USING"
            op.execute(
                f"CREATE POLICY app_{command.lower()} ON {table} FOR {command} TO hub_app"
                f" {clause} (agency_id = acting_agency())"
            )


def downgrade() -> None:
    """Drop the tables; what rows became stays, and could be imported a second time."""
    for table in reversed(_TABLES_NAMED):
        op.execute(f"DROP TABLE {table}")
