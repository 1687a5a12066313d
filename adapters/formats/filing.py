"""The code that a GP files with what became of a referral: a reviewed table, one row for each case.

Somebody who said no to every service is filed as having declined. Everything else is filed as a
referral, also while it goes on, and also where nobody could be found who helps: that is the
system's failing and not the person's choice.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from importlib.resources import files

DECLINED_BY_PERSON = "declined_by_person"


class Filing(StrEnum):
    """What there is to file."""

    REFERRED = "referred"
    DECLINED = "declined"


@cache
def filing_codes() -> dict[Filing, tuple[str, str]]:
    """Return the SNOMED CT code and its term for each case. Raises ValueError for another case."""
    table = files("adapters.formats").joinpath("codes_to_file.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines())
    return {Filing(row["when"]): (row["code"], row["term"]) for row in rows}


def code_to_file(outcomes: Iterable[str | None]) -> tuple[str, str]:
    """Return the code and term for a referral whose parts ended so; None for one that goes on."""
    ended = set(outcomes)
    return filing_codes()[Filing.DECLINED if ended == {DECLINED_BY_PERSON} else Filing.REFERRED]
