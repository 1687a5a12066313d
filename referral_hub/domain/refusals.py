"""What an officer can find about something that was not shared (rule R15).

Not sharing is harm too: every refusal and hold is counted, shown and reviewed.
"""

from __future__ import annotations

from enum import StrEnum


class Finding(StrEnum):
    """What a review of a refusal or a hold found."""

    RIGHT = "rightly_withheld"
    TO_PUT_RIGHT = "to_put_right"
    UNDER_SHARED = "under_shared"
    RULE_TO_CHANGE = "rule_to_change"
