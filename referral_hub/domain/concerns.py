"""What a delivery worker can say in four taps, as closed lists.

Somebody at a door knows what they saw and little else. So there is no name and no look-up, and what
was noticed becomes the needs that a council officer begins with, never a judgement.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from referral_hub.domain.codes import NeedCode


class Noticed(StrEnum):
    """What was noticed at the door."""

    NOT_AS_USUAL = "not_as_usual"
    STRUGGLING = "struggling"
    ALONE = "alone"
    SHORT_OF_FOOD = "short_of_food"
    HOME_UNSAFE = "home_unsafe"
    CONFUSED = "confused"
    WORRIED_BY_SOMEONE = "worried_by_someone"
    SOMETHING_ELSE = "something_else"


class Said(StrEnum):
    """Whether the person said that somebody may contact them."""

    YES = "yes"
    NOT_ASKED = "not_asked"
    NO = "no"


NEEDS: Mapping[Noticed, NeedCode] = MappingProxyType(
    {
        Noticed.STRUGGLING: NeedCode.EQUIPMENT,
        Noticed.ALONE: NeedCode.LONELY,
        Noticed.SHORT_OF_FOOD: NeedCode.SHOPPING_MEALS,
        Noticed.HOME_UNSAFE: NeedCode.HOME_SAFETY,
    }
)
