"""NHS numbers: our verdict on 2,221 labelled numbers, and where it differs from two libraries."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referral_hub.domain.nhs_number import InvalidNhsNumber, parse_nhs_number

PROPERTY = settings(max_examples=100, deadline=None)

DIFFERENCES = Path(__file__).parents[1] / "tables" / "nhs_number_differences.csv"
LIBRARIES = ("uk_fci_nhs_number_valid", "python_stdnum_valid")
Key = tuple[str, str, str, str]


def _is_valid(text: str) -> bool:
    try:
        parse_nhs_number(text)
    except InvalidNhsNumber:
        return False
    return True


def _check_digit(nine: str) -> int:
    """NHS Data Dictionary, steps 1 to 5; 10 means that no such number is issued."""
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(nine))
    return {11: 0}.get(11 - total % 11, 11 - total % 11)


@pytest.fixture(scope="module")
def labelled(external_data: Path) -> list[dict[str, str]]:
    path = external_data / "nhs-numbers" / "nhs-numbers-labelled.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_we_differ_from_the_libraries_only_where_the_reviewed_table_says(
    labelled: list[dict[str, str]],
) -> None:
    differing: Counter[Key] = Counter()
    for row in labelled:
        ours = str(_is_valid(row["value"]))
        if {ours} != {row[name] for name in LIBRARIES}:
            differing[(row["kind"], *(row[name] for name in LIBRARIES), ours)] += 1
    with DIFFERENCES.open(newline="", encoding="utf-8") as file:
        reviewed = {
            (row["kind"], *(row[name] for name in LIBRARIES), row["ours"]): int(row["count"])
            for row in csv.DictReader(file)
        }
    assert dict(differing) == reviewed


def test_we_are_stricter_than_the_check_digit_never_laxer(labelled: list[dict[str, str]]) -> None:
    accepted = [row["value"] for row in labelled if _is_valid(row["value"])]
    assert accepted
    for value in accepted:
        digits = value.replace(" ", "").replace("-", "")
        assert digits.isascii()
        assert int(digits[9]) == _check_digit(digits[:9])


def test_no_transposition_is_accepted_that_the_libraries_refuse(
    labelled: list[dict[str, str]],
) -> None:
    for row in labelled:
        if row["kind"] in {"adjacent-transposition", "one-digit-substituted"}:
            assert _is_valid(row["value"]) is (row["python_stdnum_valid"] == "True")


@pytest.mark.parametrize("digit", "0123456789")
def test_ten_equal_digits_are_refused(digit: str) -> None:
    assert not _is_valid(digit * 10)


@pytest.mark.parametrize(
    "text",
    [
        "9434765919\n",
        " 9434765919",
        "9434765919 ",
        "943  476 5919",
        "943--476-5919",
        "943.476.5919",
        "943\u2009476\u20095919",
        "943\u2011476\u20115919",
        "٩٤٣٤٧٦٥٩١٩",
        "9434765919\x00",
        "+9434765919",
        "94347659190",
        "943476591",
        "",
    ],
)
def test_nothing_but_ascii_digits_single_spaces_and_hyphens_is_read(text: str) -> None:
    assert not _is_valid(text)


@pytest.mark.parametrize("text", ["9434765919", "943 476 5919", "943-476-5919", "94 34-76 59-19"])
def test_separators_are_folded_to_the_same_ten_digits(text: str) -> None:
    assert parse_nhs_number(text) == "9434765919"


@PROPERTY
@given(st.text(alphabet="0123456789", min_size=9, max_size=9))
def test_of_ten_numbers_with_the_same_first_nine_digits_at_most_one_is_valid(nine: str) -> None:
    valid = [digit for digit in "0123456789" if _is_valid(nine + digit)]
    expected = _check_digit(nine)
    possible = expected < 10 and len(set(f"{nine}{expected}")) > 1
    assert valid == ([str(expected)] if possible else [])


@PROPERTY
@given(st.text(max_size=30))
def test_a_refusal_never_repeats_what_was_typed(text: str) -> None:
    typed = f"{text}SECRET"
    with pytest.raises(InvalidNhsNumber) as refusal:
        parse_nhs_number(typed)
    assert "SECRET" not in str(refusal.value)
    assert refusal.value.__cause__ is None
