"""What the accountable council watches for, and why somebody may look at one case. Closed lists."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

LOOK_LASTS = timedelta(hours=1)
STILL_NEWS = timedelta(days=30)
NOBODY_AFTER = timedelta(hours=1)
REFUSED_OFTEN = 2


class Worry(StrEnum):
    """Why a part of a referral is on the overlooking board; it may be there for several reasons."""

    NOBODY = "nobody"
    OVERDUE = "overdue"
    REFUSED = "refused"
    COULD_NOT_CONTACT = "could_not_contact"
    PROVIDER_LAPSED = "provider_lapsed"
    NO_BACKUP = "no_backup"
    SOLE_HELPER = "sole_helper"
    HOLD = "hold"


class LookReason(StrEnum):
    """Why a council officer looks at a referral that is neither its own nor with it."""

    ON_THE_BOARD = "on_the_board"
    PERSON_ASKED = "person_asked"
    PARTNER_ASKED = "partner_asked"
    SAFETY = "safety"
    COMPLAINT = "complaint"
    SAMPLE = "sample"
