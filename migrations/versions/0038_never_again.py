"""Whom a person rules out is remembered, and forgotten again, for somebody who is known already.

A referral is one statement of inserts; what it adds to a person whom the hub knows goes through a
function, which PostgreSQL plans only once the acting agency is set. It adds and takes nothing away.
"""

from __future__ import annotations

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_RULE_OUT = """
    CREATE FUNCTION rule_out(person uuid, agencies uuid[]) RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN
        UPDATE subject SET never_share_with = ARRAY(
            SELECT DISTINCT one FROM unnest(never_share_with || agencies) AS one ORDER BY one
        ) WHERE id = person;
    END $$
"""


def upgrade() -> None:
    """Let people's side write whom somebody rules out."""
    op.execute("GRANT UPDATE (never_share_with) ON subject TO hub_app")
    op.execute(_RULE_OUT)


def downgrade() -> None:
    """Take both away; what was remembered stays."""
    op.execute("DROP FUNCTION rule_out(uuid, uuid[])")
    op.execute("REVOKE UPDATE (never_share_with) ON subject FROM hub_app")
