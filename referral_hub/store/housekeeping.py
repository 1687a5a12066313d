"""Throwing away what has served: sent drafts, ended sessions, spent ids, old tokens. Never
evidence.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

KEEP_ANSWERS = timedelta(hours=48)
KEEP_LOOKS = timedelta(days=7)
_SENT_DRAFTS = text("DELETE FROM draft USING referral r WHERE r.draft_id = draft.id")
_OLD_DRAFTS = text("DELETE FROM draft WHERE updated_at < :before")
_OLD_SESSIONS = text("DELETE FROM staff_session WHERE created_at < :before")
_ENDED = text("DELETE FROM access_token WHERE expires_at < :at")
_ANSWERED = text("DELETE FROM idempotency_key WHERE created_at < :before")
_LOOKS = text("DELETE FROM oversight_look WHERE at < :before")
_SPENT = text("DELETE FROM used_jti WHERE expires_at < :at")


def tidy(
    connection: Connection, at: datetime, *, drafts_before: datetime, sessions_before: datetime
) -> None:
    """Delete everything that is of no more use at `at`."""
    connection.execute(_SENT_DRAFTS)
    connection.execute(_OLD_DRAFTS, {"before": drafts_before})
    connection.execute(_OLD_SESSIONS, {"before": sessions_before})
    connection.execute(_SPENT, {"at": at})
    connection.execute(_ENDED, {"at": at})
    connection.execute(_ANSWERED, {"before": at - KEEP_ANSWERS})
    connection.execute(_LOOKS, {"before": at - KEEP_LOOKS})
