"""Clients of partner systems, their public keys and their access tokens (OAuth 2.0).

`client_agency` is one more narrow door that opens before the agency is known: it says for one
client id which agency it belongs to, and nothing else. Keys and tokens are deleted, not marked:
what happened to them stands in the log.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE api_client (
        id UUID NOT NULL,
        agency_id UUID NOT NULL,
        name TEXT NOT NULL,
        scopes TEXT[] NOT NULL,
        plain_json BOOLEAN DEFAULT false NOT NULL,
        created_by UUID NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        disabled_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_api_client PRIMARY KEY (id),
        CONSTRAINT fk_api_client_agency_id_agency FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT uq_api_client_agency_id_name UNIQUE (agency_id, name)
    )
    """,
    """
    CREATE TABLE api_client_key (
        id UUID NOT NULL,
        client_id UUID NOT NULL,
        agency_id UUID NOT NULL,
        kid TEXT NOT NULL,
        jwk JSONB NOT NULL,
        added_by UUID NOT NULL,
        added_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_api_client_key PRIMARY KEY (id),
        CONSTRAINT fk_api_client_key_client_id_api_client
            FOREIGN KEY (client_id) REFERENCES api_client (id),
        CONSTRAINT fk_api_client_key_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT uq_api_client_key_client_id_kid UNIQUE (client_id, kid)
    )
    """,
    """
    CREATE TABLE access_token (
        token_hash BYTEA NOT NULL,
        client_id UUID NOT NULL,
        agency_id UUID NOT NULL,
        key_id UUID NOT NULL,
        scopes TEXT[] NOT NULL,
        proof_key TEXT,
        issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_access_token PRIMARY KEY (token_hash),
        CONSTRAINT fk_access_token_client_id_api_client
            FOREIGN KEY (client_id) REFERENCES api_client (id),
        CONSTRAINT fk_access_token_agency_id_agency
            FOREIGN KEY (agency_id) REFERENCES agency (id),
        CONSTRAINT fk_access_token_key_id_api_client_key
            FOREIGN KEY (key_id) REFERENCES api_client_key (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_access_token_client_id ON access_token (client_id)",
    "CREATE INDEX ix_access_token_key_id ON access_token (key_id)",
    "CREATE INDEX ix_access_token_expires_at ON access_token (expires_at)",
)

_GRANTS = (
    "SELECT, INSERT, UPDATE (scopes, plain_json, disabled_at) ON api_client TO hub_app",
    "SELECT, INSERT, DELETE ON api_client_key TO hub_app",
    "SELECT, INSERT, DELETE ON access_token TO hub_app",
    "SELECT ON api_client TO hub_worker",
    "SELECT ON api_client_key TO hub_worker",
    "SELECT, DELETE ON access_token TO hub_worker",
)

_OWN = "agency_id = acting_agency()"
_COMMANDS = {
    "api_client": ("SELECT", "INSERT", "UPDATE"),
    "api_client_key": ("SELECT", "INSERT", "DELETE"),
    "access_token": ("SELECT", "INSERT", "DELETE"),
}

_DOOR = """
    CREATE FUNCTION client_agency(wanted uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT agency_id FROM api_client WHERE id = wanted $$
"""


def upgrade() -> None:
    """Create the tables, their rights, and the door."""
    for statement in _TABLES:
        op.execute(statement)
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    for table, commands in _COMMANDS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker_all ON {table} TO hub_worker USING (true)")
        for command in commands:
            check = "WITH CHECK" if command == "INSERT" else "USING"
            op.execute(
                f"CREATE POLICY app_{command.lower()} ON {table} FOR {command} TO hub_app"
                f" {check} ({_OWN})"
            )
    op.execute(_DOOR)
    op.execute("REVOKE ALL ON FUNCTION client_agency(uuid) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION client_agency(uuid) TO hub_app")


def downgrade() -> None:
    """Drop the door and the tables; partners' systems then have no way in."""
    op.execute("DROP FUNCTION client_agency(uuid)")
    for table in ("access_token", "api_client_key", "api_client"):
        op.execute(f"DROP TABLE {table}")
