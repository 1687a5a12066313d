"""Every table of the first house: ids, codes, instants and ciphertext.

The statements stand in `0001_house.sql`, frozen; `make check` compares the result with
`store/tables.py`.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "task_event",
    "release",
    "message",
    "task",
    "staff_session",
    "sealed_record",
    "draft",
    "staff_user",
    "sharing_agreement",
    "service",
    "referral",
    "proxy_authority",
    "log_opening",
    "consent_event",
    "area",
    "agency_endpoint",
    "used_jti",
    "subject",
    "outbox",
    "log_tile",
    "log_entry",
    "log_checkpoint",
    "agency",
)


def upgrade() -> None:
    """Create the tables and their indexes."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Drop the tables, dependants first."""
    for name in _TABLES:
        op.execute(f'DROP TABLE "{name}"')
