"""The code to file: a case is a referral, unless the person said no to all of it."""

from __future__ import annotations

import pytest

from adapters.formats.fhir import codes
from adapters.formats.filing import Filing, code_to_file, filing_codes

REFERRED, DECLINED = "871731000000106", "871711000000103"


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], REFERRED),
        ([None], REFERRED),
        (["helped"], REFERRED),
        (["no_capacity"], REFERRED),
        (["declined_by_person"], DECLINED),
        (["declined_by_person", "declined_by_person"], DECLINED),
        (["declined_by_person", "helped"], REFERRED),
        (["declined_by_person", None], REFERRED),
    ],
    ids=str,
)
def test_the_code_follows_what_became_of_every_part(outcomes: list[str | None], code: str) -> None:
    assert code_to_file(outcomes)[0] == code


def test_every_case_has_a_code_and_the_wire_says_the_same() -> None:
    assert set(filing_codes()) == set(Filing)
    assert filing_codes()[Filing.REFERRED] == codes.SOCIAL_PRESCRIBING
