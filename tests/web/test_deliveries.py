"""The operator's page: queues, breakers and switches, for administrators."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.statements import counting
from tests.web.mereford import Mereford, personal


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


def test_an_operator_sees_every_agency_and_no_word_about_anybody(
    town: Any, mereford: Mereford
) -> None:
    mereford.refer(to=("neighbours",), deliver=False)
    admin = town.browser("council-admin")
    assert admin.get("/deliveries").status_code == 200
    for name in ("Mereford Good Neighbours", "Mereford Time Bank", "Ways out", "Hub inbox"):
        assert name in admin.text
    assert personal(admin.text) == []
    assert "RH-" not in admin.text


def test_stopping_and_starting_an_agency_says_what_it_did(town: Any, mereford: Mereford) -> None:
    admin = town.browser("council-admin")
    admin.get("/deliveries")
    path = f"/deliveries/agencies/{mereford.agencies['fire']}"
    admin.follow(admin.post(f"{path}/stop"))
    assert "What waits stays here" in admin.text
    assert "Stopped" in admin.text
    admin.follow(admin.post(f"{path}/start"))
    assert "What waited goes out now" in admin.text
    assert admin.post(f"{path}/start").status_code == 409


def test_a_way_out_is_stopped_and_started(town: Any) -> None:
    admin = town.browser("council-admin")
    admin.get("/deliveries")
    for what in ("stop", "start"):
        assert admin.post(f"/deliveries/ways/email_link/{what}").status_code == 302
    assert admin.post("/deliveries/ways/email_link/start").status_code == 409
    assert admin.post("/deliveries/ways/pigeon/stop").status_code == 404


def test_an_administrator_of_another_agency_sees_and_switches_its_own_alone(
    town: Any, mereford: Mereford
) -> None:
    admin = town.browser("surgery-admin")
    admin.get("/deliveries")
    assert "Ways out" not in admin.text
    assert "Mereford Good Neighbours" not in admin.text
    theirs = f"/deliveries/agencies/{mereford.agencies['fire']}"
    never = f"/deliveries/agencies/{uuid4()}"
    for what in ("stop", "start", "try-again"):
        answers = [admin.post(f"{path}/{what}") for path in (theirs, never)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].get_data() == answers[1].get_data()
    assert admin.post("/deliveries/ways/inbox/stop").status_code == 404
    ours = f"/deliveries/agencies/{mereford.agencies['surgery']}"
    assert admin.post(f"{ours}/stop").status_code == 302
    assert admin.post(f"{ours}/start").status_code == 302


def test_a_longer_queue_costs_no_more_statements(town: Any, mereford: Mereford) -> None:
    admin = town.browser("council-admin")
    for _ in range(3):
        mereford.refer(to=("neighbours",), deliver=False)
    with counting(town.hub.database) as statements:
        assert admin.get("/deliveries").status_code == 200
    assert len(statements) <= 9, "\n".join(statements)
