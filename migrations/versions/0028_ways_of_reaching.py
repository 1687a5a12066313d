"""How an agency is reached becomes its own choice: transport, format, what the format asks for.

Addresses keep where their name led when they were looked at. On the way down agencies that chose
what the older hub cannot do are reached in the inbox, where nothing is lost.
"""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_COLUMNS = (
    (
        "ALTER TABLE agency_endpoint ADD COLUMN format TEXT NOT NULL DEFAULT 'hub_json',"
        " ADD COLUMN addressing JSONB NOT NULL DEFAULT '{}',"
        " ADD COLUMN pinned TEXT[] NOT NULL DEFAULT '{}',"
        " ADD COLUMN plain_since TIMESTAMP WITH TIME ZONE"
    ),
    "ALTER TABLE callback_endpoint ADD COLUMN pinned TEXT[] NOT NULL DEFAULT '{}'",
)
_CHOSEN = "transport, url, format, addressing, pinned, encryption_jwk, plain_since, enabled"
_GRANTS = (
    (
        f"INSERT (agency_id, {_CHOSEN}, updated_at), UPDATE ({_CHOSEN}, updated_at)"
        " ON agency_endpoint TO hub_app"
    ),
    "UPDATE (pinned) ON callback_endpoint TO hub_app",
    "SELECT ON agency_layout TO hub_worker",
)
_STANDING = """
    SELECT a.id AS agency_id, a.name, a.kind, a.active, a.joined_at, a.insured_until,
           e.agency_id IS NULL
           OR (e.enabled AND (e.transport = 'inbox' OR e.encryption_jwk IS NOT NULL{plain}))
           AS key_registered,
           COALESCE(e.transport, 'inbox') AS transport{more}
    FROM agency a LEFT JOIN agency_endpoint e ON e.agency_id = a.id
"""
_OWN = "agency_id = acting_agency()"


def upgrade() -> None:
    """Add the columns, and let an agency write its own row."""
    for statement in _COLUMNS:
        op.execute(statement)
    for grant in _GRANTS:
        op.execute(f"GRANT {grant}")
    op.execute(
        f"CREATE POLICY app_insert ON agency_endpoint FOR INSERT TO hub_app WITH CHECK ({_OWN})"
    )
    op.execute(f"CREATE POLICY app_update ON agency_endpoint FOR UPDATE TO hub_app USING ({_OWN})")
    more = ", COALESCE(e.format, 'hub_json') AS format"
    plain = " OR e.plain_since IS NOT NULL"
    op.execute(
        f"CREATE OR REPLACE VIEW agency_standing AS{_STANDING.format(plain=plain, more=more)}"
    )


def downgrade() -> None:
    """Reach in the inbox who chose what is no longer known, and drop the columns."""
    op.execute("DROP VIEW agency_standing")
    op.execute(f"CREATE VIEW agency_standing AS{_STANDING.format(plain='', more='')}")
    op.execute("GRANT SELECT ON agency_standing TO hub_app, hub_worker")
    op.execute(
        "UPDATE agency_endpoint SET transport = 'inbox', url = NULL"
        " WHERE transport NOT IN ('inbox', 'https_push') OR format <> 'hub_json'"
        " OR (transport = 'https_push' AND encryption_jwk IS NULL AND plain_since IS NOT NULL)"
    )
    for command in ("insert", "update"):
        op.execute(f"DROP POLICY app_{command} ON agency_endpoint")
    for grant in _GRANTS:
        op.execute(f"REVOKE {grant.replace(' TO ', ' FROM ')}")
    op.execute("ALTER TABLE callback_endpoint DROP COLUMN pinned")
    op.execute(
        "ALTER TABLE agency_endpoint DROP COLUMN plain_since, DROP COLUMN pinned,"
        " DROP COLUMN addressing, DROP COLUMN format"
    )
