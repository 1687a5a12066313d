"""The officer's first page: what it counts, whose it counts, and what it never shows."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from consent.model import DataClass
from referral_hub.domain.codes import NotificationKind
from referral_hub.errors import Forbidden
from referral_hub.services.audit_log import PAGE
from referral_hub.services.change_of_mind import change_of_mind
from referral_hub.services.overview import PERIODS, overview
from referral_hub.services.release import open_task, view_own
from referral_hub.services.stop_sharing import Said
from referral_hub.store import overview as store
from referral_hub.web import overview as pages
from tests.web.mereford import Mereford, personal
from tests.web.test_officer import text_of

DAY = timedelta(days=1)
SURGERY, NEIGHBOURS = "Harbour Street Surgery", "Mereford Good Neighbours"


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    made = Mereford(town.hub, town.url)
    task = made.accepted()
    open_task(town.hub, made.actor("neighbours"), task.id)
    view_own(town.hub, made.actor("gp"), task.referral_id)
    made.refer(to=("council",), classes=frozenset({DataClass.NEED}))
    made.refer(to=())
    town.hub.integrator.run()
    return made


@pytest.fixture
def officer(town: Any, mereford: Mereford) -> Any:  # noqa: ARG001 - the story comes first
    town.clock.pass_by(timedelta(minutes=20))
    return town.browser("surgery-dpo")


def test_it_counts_what_the_log_holds(town: Any, mereford: Mereford) -> None:
    found = overview(town.hub, mereford.actor("surgery-dpo"), 30)
    with town.hub.database.working() as connection:
        rows = connection.exec_driver_sql(
            "SELECT type, outcome, sender_agency_id, recipient_agency_id, actor_user_id"
            " FROM log_entry"
        ).all()
    us = mereford.agencies["surgery"]
    decisions = [row for row in rows if row.type == "decision" and row.sender_agency_id == us]
    assert sum(row.count for row in found.decided) == len(decisions) > 2
    for outcome in {row.outcome for row in decisions}:
        counted = sum(row.count for row in found.decided if row.outcome == outcome)
        assert counted == sum(row.outcome == outcome for row in decisions)
    releases = [row for row in rows if row.type == "release" and row.sender_agency_id == us]
    assert sum(row.count for row in found.disclosed) == len(releases) > 0
    gp = mereford.actor("gp").user_id
    (reading,) = [row for row in found.reading if row.user_id == gp]
    looks = [row for row in rows if row.type == "view" and row.actor_user_id == gp]
    assert reading.looks == len(looks) > 0
    assert sum(row.count for row in found.held) == 1


def test_an_agency_sees_its_own_side_only(town: Any, mereford: Mereford) -> None:
    ours = overview(town.hub, mereford.actor("council-dpo"), 30)
    assert ours.decided == []
    assert all(row.recipient == "Mereford Council" for row in ours.disclosed)
    assert ours.held == []
    other = overview(town.hub, mereford.actor("hill-dpo"), 30)
    assert (other.decided, other.disclosed, other.held, other.reading) == ([], [], [], [])
    assert other.consents == []


def test_what_ends_soon_is_listed_by_reference_and_what_ended_is_not(
    town: Any, mereford: Mereford
) -> None:
    actor = mereford.actor("surgery-dpo")
    assert overview(town.hub, actor, 7).consents == []
    moved = timedelta(days=365 - 20)
    mereford.as_owner(
        "UPDATE consent_event SET valid_until = valid_until - CAST(:moved AS interval)", moved=moved
    )
    listed = overview(town.hub, actor, 7).consents
    assert listed
    assert all(re.fullmatch(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}", row.what) for row in listed)
    mereford.as_owner(
        "UPDATE consent_event SET valid_until = valid_until - CAST(:moved AS interval)",
        moved=timedelta(days=40),
    )
    assert overview(town.hub, actor, 7).consents == []


def test_what_ends_soon_is_listed_though_somebody_else_was_refused_since(
    town: Any, mereford: Mereford
) -> None:
    actor, gp = mereford.actor("surgery-dpo"), mereford.actor("gp")
    task = mereford.offered(to=("neighbours", "council"))
    soon = town.clock() + timedelta(days=9)
    mereford.as_owner(
        "UPDATE consent_event SET valid_until = :soon WHERE referral_id = :id",
        soon=soon,
        id=task.referral_id,
    )

    def listed() -> list[str]:
        return [row.what for row in overview(town.hub, actor, 7).consents]

    def refuse(agency: str) -> None:
        town.clock.pass_by(timedelta(seconds=1))
        said = Said(NotificationKind.REFUSED, frozenset({mereford.agencies[agency]}))
        change_of_mind(town.hub, gp, task.referral_id, said)

    assert task.reference in listed()
    refuse("council")
    assert task.reference in listed()
    refuse("neighbours")
    assert task.reference not in listed()


def test_looks_at_night_and_at_weekends_are_unusual(town: Any, mereford: Mereford) -> None:
    actor, gp = mereford.actor("surgery-dpo"), mereford.actor("gp").user_id

    def reading(day: str) -> tuple[int, bool]:
        mereford.as_owner(
            "UPDATE log_entry SET at = CAST(:day AS timestamptz) WHERE actor_user_id = :gp"
            " AND type = 'view'",
            day=day,
            gp=gp,
        )
        found = overview(town.hub, actor, 30)
        (row,) = [row for row in found.reading if row.user_id == gp]
        return row.out_of_hours, found.unusual(row)

    for day, usual in (
        ("2026-11-24 07:00+00", True),
        ("2026-11-24 06:59+00", False),
        ("2026-11-24 19:59+00", True),
        ("2026-11-24 20:00+00", False),
        ("2026-07-14 06:00+00", True),
        ("2026-11-22 12:00+00", False),
    ):
        assert (reading(day) == (0, False)) is usual, day


def test_looking_is_logged_once_a_quarter_of_an_hour(town: Any, mereford: Mereford) -> None:
    actor = mereford.actor("surgery-dpo")
    town.clock.pass_by(timedelta(minutes=20))
    before = mereford.entries("access")
    overview(town.hub, actor, 90)
    overview(town.hub, actor, 90)
    assert mereford.entries("access") == before + 1
    overview(town.hub, actor, 7)
    assert mereford.entries("access") == before + 2


def test_only_an_officer_may_look(town: Any, mereford: Mereford) -> None:
    for name in ("gp", "mentors", "council", "surgery-admin"):
        with pytest.raises(Forbidden):
            overview(town.hub, mereford.actor(name), 30)


def test_an_entry_that_was_tampered_with_does_not_fail_the_page(
    town: Any, mereford: Mereford
) -> None:
    mereford.as_owner(
        "UPDATE log_entry SET entry = CAST('\\xff00fe' AS bytea)"
        " WHERE id = (SELECT id FROM log_entry WHERE type = 'decision' ORDER BY id LIMIT 1)"
    )
    assert overview(town.hub, mereford.actor("surgery-dpo"), 30).decided


def test_the_page_shows_numbers_and_no_facts(officer: Any) -> None:
    page = officer.get("/overview").text
    words = text_of(page)
    for part in ("What needs a look", "Decisions", "Disclosures", "On hold now", SURGERY):
        assert part in words, part
    assert f"{SURGERY} {NEIGHBOURS}" in words
    assert not personal(page)
    assert page.count("<script>") == 1  # the one line of every page, which the CSP names by hash
    assert " style=" not in page


def test_each_number_leads_to_what_it_counts(officer: Any) -> None:
    page = officer.get("/overview?days=7").text
    links = re.findall(
        r'<a class="govuk-link" href="(/log\?[^"]+)">(\d+)<span class="govuk-visually-hidden">',
        page,
    )
    kinds = {re.findall(r"type=([a-z]+)", path)[0] for path, _ in links}
    assert kinds == {"decision", "release"}
    for path, number in links:
        table = officer.get(html.unescape(path)).text.partition("<tbody")[2].partition("</tbody")[0]
        assert table.count("<tr") == min(int(number), PAGE), path
    for path in re.findall(r'href="(/log\?[^"]+|/work|/registers)"', page):
        assert officer.get(html.unescape(path)).status_code == 200


def test_a_list_that_is_cut_off_says_so(
    town: Any, mereford: Mereford, officer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "1 or more" not in officer.get("/overview").text
    mereford.as_owner("UPDATE consent_event SET valid_until = :soon", soon=town.clock() + DAY)
    for module in (store, pages):
        monkeypatch.setattr(module, "MOST_ROWS", 1)
    page = text_of(officer.get("/overview").text)
    assert re.search(r"Agreements of people that end soon ?: 1 or more", page)
    assert "These are the first 1." in page


@pytest.mark.parametrize("asked", ["", "30", "abc", "-1", "1e9", "٣٠", "31"])
def test_a_period_that_is_not_offered_is_the_usual_one(officer: Any, asked: str) -> None:
    page = officer.get(f"/overview?days={asked}").text
    assert '<strong aria-current="true">30 days</strong>' in page


@pytest.mark.parametrize("days", PERIODS)
def test_each_period_is_shown(officer: Any, days: int) -> None:
    page = officer.get(f"/overview?days={days}").text
    assert f'<strong aria-current="true">{days} days</strong>' in page


def test_an_officer_begins_there(officer: Any) -> None:
    answer = officer.get("/")
    assert answer.headers["Location"].endswith("/overview")
