"""NHS numbers: ten ASCII digits whose last is a modulus 11 check digit (NHS Data Dictionary).

Spaces and hyphens between digits are how people write it, so they are folded; every other
character, including digits of other scripts and a trailing newline, is refused. A number of ten
equal digits passes modulus 11 for some digits; none was ever issued, so all are refused.
"""

from __future__ import annotations

import re
from typing import NewType

NhsNumber = NewType("NhsNumber", str)

_WRITTEN = re.compile(r"[0-9](?:[ -]?[0-9]){9}\Z")
_WEIGHTS = range(10, 1, -1)


class InvalidNhsNumber(ValueError):
    """The text is not an NHS number; the message says what to check and never repeats it."""


def parse_nhs_number(text: str) -> NhsNumber:
    """Return the ten digits of `text`.

    Raises InvalidNhsNumber for another shape, a wrong check digit or ten equal digits.
    """
    if not _WRITTEN.match(text):
        raise InvalidNhsNumber("Enter an NHS number of 10 digits, like 999 123 4560")
    digits = text.replace(" ", "").replace("-", "")
    if len(set(digits)) == 1 or int(digits[9]) != _check_digit(digits):
        raise InvalidNhsNumber("Check the NHS number: its digits do not belong together")
    return NhsNumber(digits)


def _check_digit(digits: str) -> int:
    remainder = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False))
    return (11 - remainder % 11) % 11
