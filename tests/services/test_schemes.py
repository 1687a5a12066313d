"""Every scheme that a town may have is there as a destination, a source, or a place of concerns."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from referral_hub.domain.codes import AgencyKind, NeedCode, TaskType
from referral_hub.domain.routing import RouteReason, Seeker
from referral_hub.services.demo_town import AGENCIES, AGREEMENTS, STAFF
from referral_hub.services.propose_recipients import ProposedSlot, propose_recipients
from tests.hub_bench import Bench

TABLE = Path(__file__).parents[1] / "tables" / "schemes.csv"


def _rows(*kinds: str) -> list[dict[str, str]]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["as"] in kinds]


def _slot(bench: Bench, row: dict[str, str]) -> ProposedSlot:
    need = NeedCode(row["need"])
    seeker = Seeker(
        area=row["area"],
        age=int(row["age"]),
        language="en",
        interpreter=False,
        access=frozenset(),
        wished=frozenset(),
        never=frozenset(),
        tasks=frozenset(map(TaskType, filter(None, row["tasks"].split("|")))),
        essential=frozenset({need}) if row["as"] == "essential" else frozenset(),
    )
    (slot,) = propose_recipients(bench.hub, bench.staff["gp"], needs=[need], seeker=seeker)
    return slot


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row["scheme"]) for row in _rows("destination", "essential")],
)
def test_a_scheme_is_proposed_to_somebody_whom_it_is_for(
    shared_bench: Bench, row: dict[str, str]
) -> None:
    slot = _slot(shared_bench, row)
    names = [choice.service_name for choice in slot.choices]
    assert row["service or sender"] in names, slot
    assert slot.choices[-1].agency_name == "Mereford Council"
    if row["as"] == "essential":
        chosen = slot.choices[names.index(row["service or sender"])]
        assert RouteReason.HAS_BACKUP in chosen.reasons


def test_a_family_that_helps_another_needs_both_to_say_yes(shared_bench: Bench) -> None:
    (row,) = (row for row in _rows("destination") if row["scheme"].startswith("a coping"))
    found = {choice.service_name: choice for choice in _slot(shared_bench, row).choices}
    assert RouteReason.BOTH_AGREE in found["One family with another"].reasons
    assert RouteReason.BOTH_AGREE not in found["A visitor for your family"].reasons


@pytest.mark.parametrize("row", [pytest.param(row, id=row["scheme"]) for row in _rows("source")])
def test_a_scheme_that_meets_people_can_refer_them(row: dict[str, str]) -> None:
    sender = row["service or sender"]
    assert "council" in AGREEMENTS[sender]
    assert any(member.agency == sender and member.role == "referrer" for member in STAFF)


@pytest.mark.parametrize("row", [pytest.param(row, id=row["scheme"]) for row in _rows("concern")])
def test_a_scheme_that_reports_places_needs_no_sign_in(row: dict[str, str]) -> None:
    kinds = {agency.key: agency.kind for agency in AGENCIES}
    assert kinds[row["service or sender"]] is AgencyKind.EMPLOYER
