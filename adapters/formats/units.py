"""Minutes inside; other systems' units at the edge, with one stated rounding.

Time is held in whole minutes. A system that counts in hundredths of an hour cannot hold twenty
minutes exactly (0.333…), so a rounding is stated and always the same: to the nearest unit, halves
away from nothing (up). Rounding is never repeated: a value that came back is compared with what
was sent, not added up.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

SECONDS_A_MINUTE = 60
MINUTES_AN_HOUR = 60
LARGEST_SCALE = 9


def seconds(minutes: int) -> int:
    """Whole seconds, as TimeOverflow counts. Exact."""
    return _whole(minutes) * SECONDS_A_MINUTE


def scaled_hours(minutes: int, scale: int) -> int:
    """Hours in units of 10^-scale, as Komunitin counts: 20 minutes at scale 2 are 33."""
    if not 0 <= scale <= LARGEST_SCALE:
        raise ValueError(f"scale: must be from 0 to {LARGEST_SCALE}")
    exact = Decimal(_whole(minutes) * 10**scale) / MINUTES_AN_HOUR
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def minutes_of_scaled_hours(amount: int, scale: int) -> int:
    """The nearest whole minutes to an amount of hours in units of 10^-scale."""
    exact = Decimal(amount * MINUTES_AN_HOUR) / 10**scale
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _whole(minutes: object) -> int:
    if type(minutes) is not int or minutes < 0:
        raise ValueError("minutes: must be whole and not negative")
    return minutes
