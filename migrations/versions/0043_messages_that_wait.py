"""What waits remembers which message it came in, for as long as it stands here.

Answers under an idempotency key are forgotten after two days, and an item may wait for longer or
have become a referral: the same message then would have been taken on a second time. What waits
already learns it from the answers that are still kept. On the way down it is forgotten.
"""

from __future__ import annotations

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_COLUMNS = {"client_id": "UUID", "endpoint": "TEXT", "key_hash": "BYTEA", "fingerprint": "BYTEA"}
_LEARNT = """
    UPDATE staged_item s SET client_id = i.client_id, endpoint = i.endpoint,
        key_hash = i.key_hash, fingerprint = i.fingerprint
    FROM idempotency_key i
    WHERE i.status = 202 AND i.agency_id = s.sender_agency_id AND s.source IN ('api', 'fhir')
    AND position(s.id::text IN convert_from(i.answer, 'UTF8')) > 0
"""


def upgrade() -> None:
    """Add the columns, what they can still be filled with, and that a message waits once."""
    added = ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in _COLUMNS.items())
    op.execute(f"ALTER TABLE staged_item {added}")
    op.execute(_LEARNT)
    op.execute(
        "CREATE UNIQUE INDEX uq_staged_item_message ON staged_item (client_id, endpoint, key_hash)"
    )
    op.execute(f"GRANT SELECT ({', '.join(_COLUMNS)}) ON staged_item TO hub_app")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP INDEX uq_staged_item_message")
    dropped = ", ".join(f"DROP COLUMN {name}" for name in reversed(_COLUMNS))
    op.execute(f"ALTER TABLE staged_item {dropped}")
