"""What `hub_worker` needs to erase a person: take keys away, delete notes, stop referrals.

No table changes; what was erased stays erased on the way down.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_GRANTS = (
    "UPDATE (nhs_index, never_share_with, conflicts, minor_until, erased_at) ON subject",
    "UPDATE (withdrawn_at) ON referral",
    "DELETE ON message",
    "DELETE ON emergency_note",
)


def upgrade() -> None:
    """Grant."""
    for grant in _GRANTS:
        op.execute(f"GRANT {grant} TO hub_worker")


def downgrade() -> None:
    """Take back."""
    for grant in _GRANTS:
        op.execute(f"REVOKE {grant} FROM hub_worker")
