"""Bind each consent event to the log entry that recorded it.

Events written before are matched with the one entry of the same person, referral, instant and
state. What finds none stays without, and `hub verify-log` reports it. Their entries carry no digest
of the record, so only what the entry says in clear is compared.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MATCH = """
    UPDATE consent_event c SET entry_id = e.id FROM log_entry e
    WHERE e.referral_id = c.referral_id AND e.subject_id = c.subject_id AND e.at = c.recorded_at
      AND e.type IN ('consent', 'withdrawal') AND e.outcome = c.state
"""


def upgrade() -> None:
    """Add the column and fill it."""
    op.execute("ALTER TABLE consent_event ADD COLUMN entry_id UUID")
    op.execute(_MATCH)
    op.execute(
        "ALTER TABLE consent_event ADD CONSTRAINT uq_consent_event_entry_id UNIQUE (entry_id)"
    )
    op.execute(
        "ALTER TABLE consent_event ADD CONSTRAINT fk_consent_event_entry_id_log_entry"
        " FOREIGN KEY (entry_id) REFERENCES log_entry (id)"
    )


def downgrade() -> None:
    """Drop the column; the entries stay."""
    op.execute("ALTER TABLE consent_event DROP COLUMN entry_id")
