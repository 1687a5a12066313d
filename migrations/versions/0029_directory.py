"""The public directory: sources and their runs, records with their places and terms, words, places.

Everything in it is published, except where records come from and how reading them went. On the way
down the directory is lost, and is filled again from its feeds.
"""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE directory_source (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        name TEXT NOT NULL,
        url TEXT,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        due_at TIMESTAMP WITH TIME ZONE,
        lease_until TIMESTAMP WITH TIME ZONE,
        good_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_directory_source PRIMARY KEY (id),
        CONSTRAINT fk_directory_source_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT uq_directory_source_agency_id_name UNIQUE (agency_id, name)
    )
    """,
    "CREATE INDEX ix_directory_source_due_at ON directory_source (due_at)",
    """
    CREATE TABLE directory_run (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        source_id UUID NOT NULL,
        began_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE NOT NULL,
        outcome TEXT NOT NULL,
        counts JSONB NOT NULL,
        problems JSONB NOT NULL,
        CONSTRAINT pk_directory_run PRIMARY KEY (id),
        CONSTRAINT fk_directory_run_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_directory_run_source_id_directory_source
            FOREIGN KEY (source_id) REFERENCES directory_source (id)
    )
    """,
    "CREATE INDEX ix_directory_run_source_id_id ON directory_run (source_id, id)",
    "CREATE INDEX ix_directory_run_agency_id ON directory_run (agency_id)",
    """
    CREATE TABLE directory_entry (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        source_id UUID,
        service_id UUID,
        digest BYTEA NOT NULL,
        record JSONB NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        organization_id UUID,
        organization_name TEXT NOT NULL,
        words TSVECTOR NOT NULL,
        needs TEXT[] NOT NULL,
        access TEXT[] NOT NULL,
        languages TEXT[] NOT NULL,
        areas TEXT[] NOT NULL,
        minimum_age DOUBLE PRECISION,
        maximum_age DOUBLE PRECISION,
        free BOOLEAN,
        hours INT4MULTIRANGE,
        terms UUID[] NOT NULL,
        located BOOLEAN NOT NULL,
        modified_at TIMESTAMP WITH TIME ZONE,
        seen_in UUID,
        CONSTRAINT pk_directory_entry PRIMARY KEY (id),
        CONSTRAINT fk_directory_entry_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_directory_entry_source_id_directory_source
            FOREIGN KEY (source_id) REFERENCES directory_source (id),
        CONSTRAINT fk_directory_entry_service_id_service
            FOREIGN KEY (service_id) REFERENCES service (id),
        CONSTRAINT uq_directory_entry_service_id UNIQUE (service_id)
    )
    """,
    "CREATE INDEX ix_directory_entry_words ON directory_entry USING gin (words)",
    "CREATE INDEX ix_directory_entry_needs ON directory_entry USING gin (needs)",
    "CREATE INDEX ix_directory_entry_terms ON directory_entry USING gin (terms)",
    "CREATE INDEX ix_directory_entry_source_id ON directory_entry (source_id)",
    "CREATE INDEX ix_directory_entry_agency_id ON directory_entry (agency_id)",
    """
    CREATE TABLE directory_place (
        entry_id UUID NOT NULL,
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        words TEXT NOT NULL,
        postcode TEXT,
        latitude DOUBLE PRECISION,
        longitude DOUBLE PRECISION,
        CONSTRAINT pk_directory_place PRIMARY KEY (entry_id, id),
        CONSTRAINT fk_directory_place_entry_id_directory_entry
            FOREIGN KEY (entry_id) REFERENCES directory_entry (id) ON DELETE CASCADE,
        CONSTRAINT fk_directory_place_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id)
    )
    """,
    ("CREATE INDEX ix_directory_place_latitude_longitude ON directory_place (latitude, longitude)"),
    "CREATE INDEX ix_directory_place_id ON directory_place (id)",
    "CREATE INDEX ix_directory_place_agency_id ON directory_place (agency_id)",
    """
    CREATE TABLE directory_term (
        agency_id UUID NOT NULL,
        id UUID NOT NULL,
        taxonomy_id UUID NOT NULL,
        taxonomy TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        parent_id UUID,
        uri TEXT,
        CONSTRAINT pk_directory_term PRIMARY KEY (agency_id, id),
        CONSTRAINT fk_directory_term_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id)
    )
    """,
    """
    CREATE TABLE directory_word (
        word TEXT NOT NULL,
        parts TEXT[] NOT NULL,
        CONSTRAINT pk_directory_word PRIMARY KEY (word)
    )
    """,
    "CREATE INDEX ix_directory_word_parts ON directory_word USING gin (parts)",
    """
    CREATE TABLE place (
        key TEXT NOT NULL,
        name TEXT NOT NULL,
        latitude DOUBLE PRECISION NOT NULL,
        longitude DOUBLE PRECISION NOT NULL,
        area TEXT,
        CONSTRAINT pk_place PRIMARY KEY (key),
        CONSTRAINT fk_place_area_area FOREIGN KEY (area) REFERENCES area (code)
    )
    """,
)
_DETAILS = (
    """
    CREATE TABLE service_details (
        service_id UUID NOT NULL,
        agency_id UUID NOT NULL,
        venue TEXT,
        address TEXT,
        town TEXT,
        county TEXT,
        postcode TEXT,
        verified_by UUID,
        verified_at TIMESTAMP WITH TIME ZONE,
        reminded_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_service_details PRIMARY KEY (service_id),
        CONSTRAINT fk_service_details_service_id_service
            FOREIGN KEY (service_id) REFERENCES service (id),
        CONSTRAINT fk_service_details_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id)
    )
""",
    "CREATE INDEX ix_service_details_agency_id ON service_details (agency_id)",
)
_WHERE = "venue, address, town, county, postcode"
_EDITED = "name, description, needs, areas, minimum_age, maximum_age, languages, access"
_ENTRY = (
    "source_id, service_id, digest, record, name, status, organization_id, organization_name,"
    " words, needs, access, languages, areas, minimum_age, maximum_age, free, hours, terms,"
    " located, modified_at, seen_in"
)
_TERM = "taxonomy_id, taxonomy, name, description, parent_id, uri"
_GRANTS = (
    "SELECT, INSERT ON directory_source TO hub_app",
    "UPDATE (name, url, due_at, lease_until, good_at) ON directory_source TO hub_app",
    "SELECT, INSERT ON directory_run TO hub_app",
    f"SELECT, INSERT, UPDATE ({_ENTRY}), DELETE ON directory_entry TO hub_app",
    "SELECT, INSERT, DELETE ON directory_place TO hub_app",
    f"SELECT, INSERT, UPDATE ({_TERM}), DELETE ON directory_term TO hub_app",
    "SELECT ON directory_word, place TO hub_app",
    "SELECT, UPDATE (lease_until) ON directory_source TO hub_worker",
    "SELECT ON directory_run, directory_entry, directory_place, directory_term TO hub_worker",
    "SELECT ON place TO hub_worker",
    f"INSERT, UPDATE ({_EDITED}) ON service TO hub_app",
    "SELECT, INSERT ON service_details TO hub_app",
    f"UPDATE ({_WHERE}, verified_by, verified_at) ON service_details TO hub_app",
    "SELECT, UPDATE (reminded_at) ON service_details TO hub_worker",
    "SELECT, INSERT, DELETE ON directory_word TO hub_worker",
)
_OWN = "agency_id = acting_agency()"
_POLICIES = {
    "directory_source": {"SELECT": _OWN, "INSERT": _OWN, "UPDATE": _OWN},
    "directory_run": {"SELECT": _OWN, "INSERT": _OWN},
    "directory_entry": {"SELECT": "true", "INSERT": _OWN, "UPDATE": _OWN, "DELETE": _OWN},
    "directory_place": {"SELECT": "true", "INSERT": _OWN, "DELETE": _OWN},
    "directory_term": {"SELECT": "true", "INSERT": _OWN, "UPDATE": _OWN, "DELETE": _OWN},
    "service_details": {"SELECT": _OWN, "INSERT": _OWN, "UPDATE": _OWN},
}
_NAMES = (
    "directory_source",
    "directory_run",
    "directory_entry",
    "directory_place",
    "directory_term",
    "directory_word",
    "place",
    "service_details",
)


def upgrade() -> None:
    """Create the tables and their rights."""
    for statement in (*_TABLES, *_DETAILS):
        op.execute(statement)
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    op.execute(f"CREATE POLICY app_insert ON service FOR INSERT TO hub_app WITH CHECK ({_OWN})")
    for table, rules in _POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker_all ON {table} TO hub_worker USING (true)")
        for command, condition in rules.items():
            clause = "WITH CHECK" if command == "INSERT" else "USING"
            op.execute(
                f"CREATE POLICY app_{command.lower()} ON {table} FOR {command} TO hub_app"
                f" {clause} ({condition})"
            )


def downgrade() -> None:
    """Drop the tables, and the right to add a service."""
    op.execute("DROP POLICY app_insert ON service")
    op.execute(f"REVOKE INSERT, UPDATE ({_EDITED}) ON service FROM hub_app")
    for table in reversed(_NAMES):
        op.execute(f"DROP TABLE {table}")
