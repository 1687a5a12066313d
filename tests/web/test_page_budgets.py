"""What a page may cost: statements on the database, and bytes on the way to a telephone.

A list costs the same however long it is; that is what the second look at a longer list shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.statements import counting

Begin = Callable[[Any], Any]
HEAVIEST = 60_000
HOOKS = frozenset(
    {
        *("govuk-frontend", "govuk-frontend-supported", "govuk-table__row", "govuk-table__body"),
        "hub-go-back",  # of an attribute for the script
    }
)
SESSION = 1
STATEMENTS = {
    "/refer": SESSION + 2,
    "{draft}/danger": SESSION + 2,
    "{draft}/person": SESSION + 2,
    "{draft}/address": SESSION + 4,
    "{draft}/needs": SESSION + 2,
    "{draft}/recipients": SESSION + 10,
    "{draft}/agreement": SESSION + 3,
    "{draft}/sharing": SESSION + 5,
    "{draft}/check": SESSION + 6,
    "/referrals": SESSION + 3,
    "/referrals/{referral}": SESSION + 7,
    "/referrals/{referral}/sent": SESSION + 7,
    "/referrals/{referral}/agreement": SESSION + 10,
}


@pytest.fixture(scope="module")
def paths(town: Any, begin: Begin) -> dict[str, str]:
    """Each page with a draft that is filled in, and a referral that was sent."""
    gp = town.browser("gp")
    sent = begin(gp)
    sent.fill_until("why")
    referral = sent.send()
    draft = begin(gp)
    draft.fill_until("why")
    values = {"draft": f"/refer/{draft.draft}", "referral": str(referral)}
    return {page: page.format(**values) for page in STATEMENTS}


@pytest.mark.parametrize("page", STATEMENTS)
def test_a_page_costs_no_more_statements_than_this(
    town: Any, paths: dict[str, str], page: str
) -> None:
    gp = town.browser("gp")
    with counting(town.hub.database) as statements:
        assert gp.get(paths[page]).status_code == 200
    assert len(statements) <= STATEMENTS[page], "\n".join(statements)


def test_saving_a_page_costs_four_statements_and_the_session(
    town: Any, gp: Any, begin: Begin
) -> None:
    journey = begin(gp)
    gp.get(journey.path("danger"))
    with counting(town.hub.database) as statements:
        assert gp.post(journey.path("danger"), {"danger": "no"}).status_code == 302
    assert len(statements) <= SESSION + 5, "\n".join(statements)


def test_a_longer_list_costs_no_more_statements(town: Any, gp: Any, begin: Begin) -> None:
    with counting(town.hub.database) as before:
        gp.get("/referrals")
    for _ in range(3):
        journey = begin(gp)
        journey.fill_until("why")
        journey.send()
    with counting(town.hub.database) as after:
        gp.get("/referrals")
    assert len(after) == len(before)


@pytest.mark.parametrize("page", [*STATEMENTS, "/sign-in", "/no-such-page"])
def test_a_page_with_its_style_and_script_fits_a_slow_line(
    town: Any, paths: dict[str, str], page: str
) -> None:
    built = Path(str(town.app.static_folder))
    if not built.is_dir():
        pytest.skip("the assets have not been built")
    browser = town.browser(None if page == "/sign-in" else "gp")
    sent = (
        browser.client.get(f"/static/{file.name}", headers={"Accept-Encoding": "gzip, br"})
        for file in built.iterdir()
        if file.suffix in {".css", ".js", ".svg"}
    )
    assets = sum(len(answer.get_data()) for answer in sent)
    weight = len(browser.get(paths.get(page, page)).get_data())
    assert weight + assets <= HEAVIEST


def test_every_class_that_a_page_names_is_in_the_style_sheet(town: Any) -> None:
    built = Path(str(town.app.static_folder))
    if not built.is_dir():
        pytest.skip("the assets have not been built")
    style = next(built.glob("hub.*.css")).read_text(encoding="utf-8").replace("\\", "")
    templates = Path(str(town.app.template_folder)).rglob("*.html")
    named = {
        name
        for template in templates
        for name in re.findall(r"(?:govuk|hub)-[a-z!][\w!-]*[a-z0-9]", template.read_text("utf-8"))
    }
    wanted = {name for name in named if name not in HOOKS and not name.endswith("--")}
    assert {name for name in wanted if f".{name}" not in style} == set()
