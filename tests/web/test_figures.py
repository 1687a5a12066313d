"""The commissioner's page: small numbers hidden, no names, no script, and the same as a file."""

from __future__ import annotations

import csv
import io
import itertools
import re
from datetime import date
from typing import Any

import pytest

from referral_hub.domain.figures import Cell, Figure, cells
from referral_hub.domain.measures import scores
from referral_hub.services.figures import PERIODS
from referral_hub.services.measures import measures
from referral_hub.store import figures
from referral_hub.web.flow_picture import Flow, draw
from tests.statements import counting
from tests.web.mereford import Mereford, personal
from tests.web.test_officer import text_of
from tests.web.test_page_budgets import HEAVIEST, SESSION

MONTHS = [date(2026, month, 1) for month in (3, 4, 5)]
COUNTS = {
    Cell(Figure.VOLUMES, "all"): 11,
    Cell(Figure.REFERRALS, "gp_practice"): 9,
    Cell(Figure.REFERRALS, "library"): 2,
    Cell(Figure.NEEDS, "lonely"): 8,
    Cell(Figure.NEEDS, "drink_drugs"): 1,
    Cell(Figure.GAPS, "lifts"): 4,
    Cell(Figure.GAP_PAIRS, "lifts", "MF-HAR"): 12,
    Cell(Figure.ACCEPT_WAITS, "2"): 8,
    Cell(Figure.ACCEPT_WAITS, "6"): 4,
    Cell(Figure.CONTACT_WAITS, "0"): 2,
    Cell(Figure.REFUSALS, "no_capacity"): 5,
    Cell(Figure.REFUSALS, "no_answer"): -2,
    Cell(Figure.OUTCOMES, "helped"): 7,
    Cell(Figure.GIVE_HELP, "would_like_to"): 4,
    Cell(Figure.SCORES, "ons4_anxiety", "start_well"): 4,
    Cell(Figure.SCORES, "ons4_anxiety", "start_other"): 6,
    Cell(Figure.SCORES, "ons4_anxiety", "end_well"): 2,
    Cell(Figure.FLOWS, "gp_practice", "peer_mentoring"): 6,
    Cell(Figure.FLOWS, "gp_practice", "council"): 4,
    Cell(Figure.FLOWS, "library", "council"): 1,
}


def published(hub: Any, council: Any) -> None:
    """Three months of every cell, as if they had been published."""
    with hub.database.working() as connection:
        areas = figures.councils(connection)[council]
        rows = [
            {
                "agency_id": council,
                "month": month,
                "figure": figure.value,
                "first": cell.first,
                "second": cell.second,
                "count": COUNTS.get(cell, 0),
            }
            for month in MONTHS
            for figure in Figure
            for cell in cells(figure, areas, [code for code, _ in scores(measures())])
        ]
        figures.publish(connection, rows)


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    made = Mereford(town.hub, town.url)
    published(town.hub, made.agencies["council"])
    return made


@pytest.fixture
def commissioner(town: Any, mereford: Mereford) -> Any:  # noqa: ARG001 - the figures come first
    town.clock.now = town.clock.now.replace(year=2026, month=6, day=8)
    return town.browser("council-figures")


def test_a_commissioner_begins_there_and_has_nothing_else(commissioner: Any) -> None:
    assert commissioner.get("/").headers["Location"].endswith("/figures")
    navigation = commissioner.get("/figures").text.partition("<main")[0]
    assert re.findall(r'href="(/[a-z-]+)"', navigation)[-2:] == ["/figures", "/sign-out"]


def test_it_hides_small_numbers_and_rounds_the_others(commissioner: Any) -> None:
    words = text_of(commissioner.get("/figures").text)
    for line in (
        "March 2026 10 April 2026 10 May 2026 10",
        "From the referral until a service said yes Within 3 days Within 14 days",
        "From the yes until the first contact Too few to say Too few to say",
        "Lonely or isolated 25 Fewer than 10",
        "All other needs: fewer than 10.",
        "GP practice Peer mentoring 20",
        "GP practice Council 10",
        "All other ways: fewer than 10.",
        "No room at the moment 15",
        "All other reasons: fewer than 10.",
        "Helped 20",
        "Not anxious yesterday About 40% Too few to say",
        "Yes, they would like to 10",
    ):
        assert line in words, line
    assert "Drink or drugs" not in words


def test_it_names_nobody_and_runs_no_script(commissioner: Any) -> None:
    page = commissioner.get("/figures").text
    assert not personal(page.replace("Shopping", ""))
    assert page.count("<script>") == 1  # the one line of every page, which the CSP names by hash
    assert " style=" not in page
    assert not re.search(r"RH-[0-9A-Z]{4}", page)


def test_what_happens_now_changes_nothing_that_is_shown(
    commissioner: Any, mereford: Mereford
) -> None:
    before = text_of(commissioner.get("/figures?months=3").text)
    mereford.accepted()
    assert text_of(commissioner.get("/figures?months=3").text) == before


def test_the_file_says_the_same_as_the_page(commissioner: Any) -> None:
    answer = commissioner.get("/figures/table?months=3")
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert rows[0] == ["Figure", "From", "To", "What", "Where to", "Number"]
    told = {tuple(row[:5]): row[5] for row in rows[1:]}
    assert len(told) == len(rows) - 1
    assert told["Referrals", "2026-04", "2026-04", "", ""] == "10"
    whole = ("Referrals by who sent them", "2026-03", "2026-05")
    assert told[*whole, "GP practice", ""] == "25"
    assert told[*whole, "Library", ""] == "Fewer than 10"
    assert told["Needs asked for", "2026-03", "2026-05", "Lonely or isolated", ""] == "25"
    assert {row[5] for row in rows[1:] if row[5].isdigit()} <= {str(n) for n in range(5, 100, 5)}


@pytest.mark.parametrize("asked", ["", "12", "abc", "-1", "1e9", "١٢", "13"])
def test_a_period_that_is_not_offered_is_the_usual_one(commissioner: Any, asked: str) -> None:
    page = commissioner.get(f"/figures?months={asked}").text
    assert '<strong aria-current="true">12 months</strong>' in page


def test_it_costs_three_statements_however_long_the_time_is(town: Any, commissioner: Any) -> None:
    for months in PERIODS:
        with counting(town.hub.database) as statements:
            page = commissioner.get(f"/figures?months={months}")
        assert len(statements) <= SESSION + 3, "\n".join(statements)
        assert len(page.get_data()) <= HEAVIEST / 2, months


def test_a_picture_has_a_band_for_each_flow_and_its_nodes_do_not_overlap() -> None:
    flows = [Flow("A", "X", 60), Flow("A", "Y", 5), Flow("B", "X", 5), Flow("C", "Z", 0)]
    picture = draw(flows)
    assert picture is not None
    assert len(picture.bands) == 3
    assert [node.name for node in picture.left] == ["A", "B"]
    for side in (picture.left, picture.right):
        for one, below in itertools.pairwise(side):
            assert one.y + max(one.height, 18) <= below.y
        assert side[-1].y + side[-1].height <= picture.height
    assert draw([]) is draw([Flow("A", "X", 0)]) is None


def test_whoever_helps_records_how_somebody_is_doing_once_for_each_stage(
    town: Any, mereford: Mereford
) -> None:
    task = mereford.accepted()
    browser = town.browser("neighbours")
    page = f"/tasks/{task.id}/scores"
    assert page in browser.get(f"/tasks/{task.id}").text
    browser.get(page)
    for wrong, told in (
        ({"stage": "start", "ons4_happiness": "eleven"}, "Happy yesterday must be a whole number"),
        ({"ons4_happiness": "4"}, "Select when you asked"),
        ({"stage": "start"}, "Enter at least one answer"),
    ):
        answer = browser.post(page, wrong)
        assert answer.status_code == 422
        assert told in answer.text
    given = {"stage": "start", "ons4_happiness": "4", "goal": "Walk to the shop"}
    done = browser.post(page, given)
    assert "The answers are recorded" in browser.follow(done).text
    assert browser.post(page, given).status_code == 409
    assert browser.get(f"/tasks/{mereford.offered().id}/scores").status_code == 409


def test_before_anything_is_published_it_says_so(town: Any, commissioner: Any) -> None:
    town.clock.now = town.clock.now.replace(year=2030)
    commissioner = town.browser("council-figures")
    assert "Nothing has been published" in commissioner.get("/figures").text
    assert commissioner.get("/figures/table").text.count("\n") > 0
