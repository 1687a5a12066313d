"""What a row says by its mapping: the reviewed table of cells, outcomes and what to put right."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from consent.model import DataClass
from referral_hub.domain.codes import Circumstance, Manner, NeedCode, TaskType
from referral_hub.domain.commands import Wishes
from referral_hub.domain.csv_mapping import (
    AgreedTo,
    CsvMapping,
    DateOrder,
    MappingError,
    MappingFault,
    every_field,
    from_json,
)
from referral_hub.domain.csv_rows import Places, RowOutcome, pages_of, read_row
from referral_hub.services.import_mapping import seed
from referral_hub.services.row_referral import referral_of_row

TABLES = Path(__file__).parents[1] / "tables"
NAUGHTY: list[str] = tomllib.loads((TABLES / "naughty_strings.toml").read_text("utf-8"))["strings"]
MENTORS, VISITORS = uuid4(), uuid4()
PLACES = Places(
    date(2026, 6, 1),
    {"MF-HAR": "Harbour", "MF-OLD": "Old Town"},
    {"Peer Mentors": MENTORS, "Visitors": VISITORS},
)
AGREED = AgreedTo(
    agencies=frozenset({uuid4()}),
    classes=frozenset({DataClass.IDENTITY}),
    notice="support-referral/1/en",
)
WISHES = ("prefers", "company", "first", "never", "tasks", "essential", "is_so", "is_not", "days")
ROW = {
    "ticket_no": "T-1",
    "visit_date": "03/05/2026",
    "route": "Harbour",
    "seen": "yes",
    "note": "Alone since the autumn",
    "need_codes": "LON; shop",
    "agreed_to_referral": "Y",
    "first_name": "Agnes",
    "family_name": "Thistlewood",
    "date_of_birth": "7-11-1938",
    "phone": "07700 900123",
    "nhs": "",
    "postcode": "",
    "email": "",
    "language": "",
    **dict.fromkeys(WISHES, ""),
}
EXTRA = {"nhs": "nhs_number", "postcode": "postcode", "email": "email", "language": "language"} | {
    name: name for name in WISHES
}


def mapping() -> CsvMapping:
    first = seed("library")
    return replace(first, columns={**first.columns, **EXTRA}, agreed_to=AGREED)


def _cases() -> list[dict[str, str]]:
    with (TABLES / "csv_rows.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["requirement"]) for case in _cases()])
def test_a_row_becomes_what_was_reviewed(case: dict[str, str]) -> None:
    changes = dict(pair.split("=", 1) for pair in filter(None, case["cells"].split(" & ")))
    read = read_row({**ROW, **changes}, mapping(), PLACES)
    assert read.outcome == case["outcome"]
    assert (read.why.value if read.why else "") == case["why"]
    assert "; ".join(f"{column}: {code}" for column, code in read.faults) == case["faults"]


@pytest.mark.parametrize("text", NAUGHTY)
def test_odd_text_in_any_cell_is_read_or_named_and_never_a_failure(text: str) -> None:
    for column in ROW:
        read = read_row({**ROW, column: text}, mapping(), PLACES)
        assert read.outcome in RowOutcome
        if read.outcome is RowOutcome.RETURNED:
            assert {name for name, _ in read.faults} <= {column, "seen"}


def test_wishes_of_a_row_are_those_of_the_referral_and_of_the_page() -> None:
    said = {
        "prefers": "Peer",
        "company": "women",
        "first": "visitors",
        "never": f"peer mentors; {MENTORS}",
        "tasks": "company; SHOPPING_DELIVERED",
        "essential": "shopping_meals",
        "is_so": "lives_alone, housebound",
        "is_not": "dementia",
        "days": "Mon; thursday",
    }
    read = read_row({**ROW, **said}, mapping(), PLACES)
    assert read.outcome is RowOutcome.REFERRAL
    made = referral_of_row(read.values, mapping(), batch=(uuid4(), 2), today=PLACES.today)
    assert made.wishes == Wishes(
        prefers=Manner.PEER,
        company=frozenset({Circumstance.WOMEN}),
        first=frozenset({VISITORS}),
        never=frozenset({MENTORS}),
        tasks=frozenset({TaskType.COMPANY, TaskType.SHOPPING_DELIVERED}),
        essential=frozenset({NeedCode.SHOPPING_MEALS}),
        is_so=frozenset({Circumstance.LIVES_ALONE, Circumstance.HOUSEBOUND}),
        is_not=frozenset({Circumstance.DEMENTIA}),
        days=frozenset({"MO", "TH"}),
    )
    page = pages_of(read.values, mapping())["recipients"]
    assert page["never"] == [str(MENTORS)]
    assert page["tasks"] == ["company", "shopping_delivered"]


def test_a_row_of_a_fire_visit_turns_risk_factors_into_needs() -> None:
    fire = replace(seed("fire_service"), agreed_to=AGREED)
    cells = {
        "station_area": "Old Town",
        "first_name": "Ian",
        "family_name": "Moss",
        "date_of_birth": "01/02/1950",
        "lives_alone": "yes",
        "no_working_alarm": "Yes",
        "hoarding": "not known",
        "smoker": "whatever is written here is not read",
        "finding": "No alarm upstairs",
        "agreed_to_referral": "yes",
    }
    read = read_row(cells, fire, PLACES)
    assert read.outcome is RowOutcome.REFERRAL
    assert read.values["needs"] == {NeedCode.LONELY, NeedCode.HOME_SAFETY}
    assert read_row({**cells, "hoarding": "a bit"}, fire, PLACES).faults == (
        ("hoarding", "yes_no"),
    )


def test_pages_of_a_row_are_those_of_the_form() -> None:
    read = read_row({**ROW, "first_name": ""}, mapping(), PLACES)
    pages = pages_of(read.values, mapping())
    assert pages["person"]["family_name"] == "Thistlewood"
    assert pages["person"]["date_of_birth-month"] == "11"
    assert pages["needs"] == {"needs": ["lonely", "shopping_meals"]}
    assert pages["agreement"]["agreed"] == "yes"


@pytest.mark.parametrize("order", DateOrder)
def test_a_year_that_comes_first_is_a_year_in_every_order(order: DateOrder) -> None:
    row = {**ROW, "date_of_birth": "1938-11-07", "visit_date": "2026-05-03"}
    read = read_row(row, replace(mapping(), dates=order), PLACES)
    assert read.values["date_of_birth"] == date(1938, 11, 7)


def test_a_mapping_is_stored_and_read_back_as_it_was() -> None:
    for kind in ("library", "fire_service", "gp_practice"):
        made = replace(seed(kind), agreed_to=AGREED, area="MF-HAR")
        assert from_json(made.to_json()) == made


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"columns": {}}, MappingFault.NO_COLUMNS),
        ({"columns": {"a": "why"}}, MappingFault.NO_AGREED_COLUMN),
        ({"columns": {"a": "agreed", "b": "agreed"}}, MappingFault.FIELD_TWICE),
        ({"columns": {"a": "agreed", "A ": "why"}}, MappingFault.COLUMN_TWICE),
        ({"yes": frozenset({"x"}), "no": frozenset({"x"})}, MappingFault.YES_AND_NO),
    ],
)
def test_a_mapping_that_cannot_be_meant_says_what_is_wrong(
    changes: dict[str, object], fault: MappingFault
) -> None:
    assert fault in replace(mapping(), **changes).faults()  # type: ignore[arg-type]  # keywords
    assert mapping().faults() == []


def test_something_that_is_no_mapping_is_refused_without_its_values() -> None:
    stored = mapping().to_json()
    for broken in ({}, {**stored, "dates": "soon"}, {**stored, "columns": [["Agnes", "secret"]]}):
        with pytest.raises(MappingError) as refusal:
            from_json(broken)
        assert "Agnes" not in str(refusal.value)


def test_every_field_can_be_chosen_once_in_a_page() -> None:
    assert len(set(every_field())) == len(every_field())
