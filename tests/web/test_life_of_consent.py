"""Pages about what became of an agreement: the sender's, the recipient's, and the work list."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from referral_hub.domain.codes import NeedCode, NotificationKind
from referral_hub.services.change_of_mind import change_of_mind
from referral_hub.services.deliver import drain
from referral_hub.services.keep_time import keep_time
from referral_hub.services.put_right import record_agreement
from referral_hub.services.release import view_own
from referral_hub.services.stop_sharing import Said
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.store.referrals import TaskRow
from tests.leaks import without_ids
from tests.web.mereford import FAMILY_NAME, FIRST_NAME, WHY, Mereford
from tests.web.partner_calls import LIFTS, Partner, partner_of

PERSONAL = (FIRST_NAME, FAMILY_NAME, WHY, "Gannet", "07700")
LONELY = frozenset({NeedCode.LONELY})
PER_REQUEST = {"X-Request-Id", "Date"}


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


@pytest.fixture(scope="module")
def gp(town: Any) -> Any:
    return town.browser("gp")


def changed(task: TaskRow, page: str = "") -> str:
    return f"/referrals/{task.referral_id}/changed{page}"


def notification(mereford: Mereford, task: TaskRow) -> UUID:
    """The newest notification about a task."""
    with mereford.hub.database.working() as connection:
        from sqlalchemy import text

        found = connection.execute(
            text("SELECT id FROM notification WHERE task_id = :id ORDER BY id DESC LIMIT 1"),
            {"id": task.id},
        )
        one: UUID = found.scalar_one()
        return one


def withdrawn(mereford: Mereford, **wanted: Any) -> TaskRow:
    """A task whose recipient has been told of a withdrawal."""
    task = mereford.offered(**wanted)
    withdraw_agreement(mereford.hub, mereford.actor("gp"), task.referral_id)
    drain(mereford.hub)
    return mereford.reread(task)


@pytest.mark.parametrize(
    ("choice", "leads_to"),
    [
        ("withdrawn", "/referrals/{}/withdraw"),
        ("renewed", "/referrals/{}/agreement"),
        ("corrected", "/referrals/{}/changed/fact"),
        ("refused", "/referrals/{}/changed/sharing?what=refused"),
        ("objected", "/referrals/{}/changed/sharing?what=objected"),
        ("restricted", "/referrals/{}/changed/sharing?what=restricted"),
    ],
)
def test_each_answer_to_what_has_changed_leads_to_its_page(
    mereford: Mereford, gp: Any, choice: str, leads_to: str
) -> None:
    task = mereford.offered(deliver=False)
    assert gp.get(changed(task)).status_code == 200
    answer = gp.post(changed(task), {"change": choice})
    assert answer.headers["Location"] == leads_to.format(task.referral_id)
    assert gp.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize("form", [{}, {"change": "expired"}, {"change": "<b>"}])
def test_no_answer_is_asked_again(mereford: Mereford, gp: Any, form: dict[str, str]) -> None:
    task = mereford.offered(deliver=False)
    assert gp.post(changed(task), form).status_code == 422
    assert "Select what has changed" in gp.text


def test_a_restriction_is_told_shown_acted_on_and_answered(
    town: Any, mereford: Mereford, gp: Any
) -> None:
    task = mereford.accepted()
    page = changed(task, "/sharing")
    gp.get(f"{page}?what=restricted")
    ours = str(mereford.agencies["neighbours"])
    form = {"what": "restricted", "agencies": [ours], "method": "phone", "given_by": "self"}
    town.clock.pass_by(timedelta(seconds=1))
    gp.follow(gp.post(page, form))
    assert "cannot open it for now" in gp.text
    assert "Must not be used for now" in gp.text
    drain(mereford.hub)
    neighbours = town.browser("neighbours")
    assert "Act on what you were told" in neighbours.follow(neighbours.get("/tasks")).text
    neighbours.get(f"/tasks/{task.id}")
    assert "You must not use this for now" in neighbours.text
    assert not [word for word in PERSONAL if word in without_ids(neighbours.text)]
    seen = re.search(r'action="(/notifications/[^"]+)"', neighbours.text)
    assert seen
    neighbours.follow(neighbours.post(seen[1]))
    assert "The sender can see that you acted on it" in neighbours.text
    assert "You must not use this for now" not in neighbours.text
    gp.get(f"/referrals/{task.referral_id}")
    assert "Acted on it" in gp.text


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({}, "Select who it is about"),
        ({"agencies": ["00000000-0000-0000-0000-000000000000"]}, "Select who it is about"),
        ({"method": "carrier_pigeon"}, "Select how the patient told you"),
        ({"given_by": "neighbour"}, "Select who gave the answer"),
        ({"what": "withdrawn"}, "Select what has changed"),
    ],
)
def test_a_change_with_a_mistake_comes_back_with_its_message(
    mereford: Mereford, gp: Any, form: dict[str, Any], message: str
) -> None:
    task = mereford.offered(deliver=False)
    page = changed(task, "/sharing")
    gp.get(f"{page}?what=refused")
    complete = {"what": "refused", "method": "phone", "given_by": "self"}
    assert gp.post(page, {**complete, **form}).status_code == 422
    assert message in gp.text


def test_a_page_about_nothing_that_can_be_said_leads_back(mereford: Mereford, gp: Any) -> None:
    task = mereford.offered(deliver=False)
    answer = gp.get(changed(task, "/sharing") + "?what=given")
    assert answer.headers["Location"] == changed(task)


@pytest.mark.parametrize(
    ("fact", "typed", "kept"),
    [
        ("contact.phone", " 07700 900111 ", "07700 900111"),
        ("contact.email", "z@example.org", "z@example.org"),
        ("identity.first_name", "Zoë\nAnn", "Zoë Ann"),
        ("contact.address", "1 Quay\r\nMF1 1AA", "1 Quay\nMF1 1AA"),
    ],
)
def test_a_fact_is_corrected_as_it_would_have_been_typed(
    mereford: Mereford, gp: Any, fact: str, typed: str, kept: str
) -> None:
    task = mereford.offered(deliver=False)
    gp.get(changed(task, "/fact"))
    gp.follow(gp.post(changed(task, "/fact"), {"fact": fact, "value": typed}))
    assert "Corrected." in gp.text
    assert typed.strip() not in gp.text
    opened = view_own(mereford.hub, mereford.actor("gp"), task.referral_id)
    assert opened.fields[fact] == kept


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({}, "Select what was wrong"),
        ({"fact": "identity.nhs_number", "value": "1"}, "Select what was wrong"),
        ({"fact": "contact.phone"}, "Enter what is right"),
        ({"fact": "contact.phone", "value": "ring the shop"}, "Enter a phone number"),
        ({"fact": "contact.email", "value": "z at example"}, "Enter an email address"),
        ({"fact": "identity.first_name", "value": "x" * 101}, "100 characters or fewer"),
        ({"fact": "identity.first_name", "value": "a\x07b"}, "cannot be used"),
        ({"fact": "identity.first_name", "value": FIRST_NAME}, "recorded already"),
    ],
)
def test_a_correction_with_a_mistake_comes_back_with_its_message(
    mereford: Mereford, gp: Any, form: dict[str, str], message: str
) -> None:
    task = mereford.offered(deliver=False)
    gp.get(changed(task, "/fact"))
    assert gp.post(changed(task, "/fact"), form).status_code == 422
    assert message in gp.text


@pytest.mark.parametrize("page", ["", "/sharing?what=refused", "/fact"])
def test_another_agencys_referral_looks_like_none(town: Any, mereford: Mereford, page: str) -> None:
    task = mereford.offered(deliver=False)
    hill = town.browser("hill-gp")
    theirs = hill.get(changed(task, page))
    nobodys = hill.get(f"/referrals/0190a000-0000-7000-8000-000000000000/changed{page}")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.data == nobodys.data


def test_another_agencys_notification_looks_like_none(town: Any, mereford: Mereford) -> None:
    task = withdrawn(mereford)
    library = town.browser("library")
    answers = []
    for one in (notification(mereford, task), uuid4()):
        for step in ("seen", "settled"):
            who = library if step == "seen" else town.browser("hill-gp")
            who.get("/tasks" if step == "seen" else "/work")
            answer = who.post(f"/notifications/{one}/{step}")
            kept = {k: v for k, v in answer.headers.items() if k not in PER_REQUEST}
            answers.append((step, answer.status_code, answer.data, kept.get("Content-Length")))
    assert {status for _, status, *_ in answers} == {404}
    assert len(set(answers)) == 2


def test_the_work_list_says_what_waits_why_and_who_clears_it(
    town: Any, mereford: Mereford, gp: Any
) -> None:
    held = mereford.task(mereford.refer(to=("library",), needs=LONELY))
    gp.get("/work?what=held")
    row = next(part for part in gp.text.split("<tr") if held.reference in part)
    assert "was not named to the person" in row
    assert "You can put this right" in row
    assert f"/referrals/{held.referral_id}/agreement" in row
    council = town.browser("council")
    council.get("/work?what=held")
    assert f"/council/referrals/{held.referral_id}" in council.text
    assert "The agency that sent the referral" in council.text
    officer = town.browser("surgery-dpo")
    officer.get("/work")
    assert f"reference={held.reference}" in officer.text
    for browser in (gp, council, officer):
        assert not [word for word in PERSONAL if word in without_ids(browser.text)]
    hill = town.browser("hill-gp")
    hill.get("/work")
    assert held.reference not in hill.text


def test_an_officer_is_led_to_the_registers_where_a_hold_waits_for_an_agreement(
    town: Any, mereford: Mereford
) -> None:
    end = "UPDATE sharing_agreement SET valid_until = now() {} interval '30 years'"
    mereford.as_owner(end.format("-"))
    try:
        held = mereford.task(mereford.refer(to=("neighbours",)))
    finally:
        mereford.as_owner(end.format("+"))
    led = {}
    for name in ("surgery-dpo", "council-dpo"):
        officer = town.browser(name)
        officer.get("/work?what=held")
        row = next(part for part in officer.text.split("<tr") if held.reference in part)
        led[name] = "/registers" in row
        assert f"reference={held.reference}" in row
    assert led == {"surgery-dpo": True, "council-dpo": False}


def test_clearing_a_hold_takes_it_off_the_list_and_the_referral_goes_on(
    town: Any, mereford: Mereford, gp: Any
) -> None:
    from dataclasses import replace

    from tests.web.mereford import referral

    held = mereford.task(mereford.refer(to=("library",), needs=LONELY))
    named = frozenset({held.recipient_agency_id})
    taken = referral(999, named, needs=frozenset(), classes=frozenset(), at=town.clock()).agreement
    everything = replace(taken, classes=frozenset({"identity", "contact", "need"}))
    record_agreement(mereford.hub, mereford.actor("gp"), held.referral_id, everything)
    drain(mereford.hub)
    gp.get("/work?what=held")
    assert held.reference not in gp.text
    assert mereford.reread(held).state == "offered"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/work?what=nothing", 404),
        ("/work?what=", 200),
        ("/work?after=x", 404),
        ("/work?after=0190a000-0000-7000-8000-000000000000", 200),
        ("/work?what=silent&what=held", 200),
        ("/work?what=%00", 404),
    ],
)
def test_an_odd_address_of_the_list_is_no_fault(gp: Any, address: str, status: int) -> None:
    assert gp.get(address).status_code == status


def test_the_list_continues_by_key_and_costs_one_statement(
    town: Any, mereford: Mereford, gp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.statements import counting

    references = [
        mereford.task(mereford.refer(to=("library",), needs=LONELY)).reference for _ in range(3)
    ]
    monkeypatch.setattr("referral_hub.services.work_list.PAGE", 2)
    seen: list[str] = []
    address = "/work?what=held"
    while address:
        with counting(town.hub.database) as statements:
            gp.get(address)
        assert len(statements) <= 3
        seen += re.findall(r'hub-nowrap">(RH-[^<]+)<', gp.text)
        following = re.search(r'href="([^"]+)" rel="next"', gp.text)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen))
    assert set(references) <= set(seen)


def test_a_silent_recipient_is_on_the_list_until_somebody_settles_it(
    town: Any, mereford: Mereford
) -> None:
    task = withdrawn(mereford)
    for _ in range(2):
        town.clock.pass_by(timedelta(days=4))
        keep_time(mereford.hub)
    gp = town.browser("gp")
    gp.get("/work?what=silent")
    row = next(part for part in gp.text.split("<tr") if task.reference in part)
    assert "Agreement withdrawn" in row
    step = re.search(r'action="(/notifications/[^"]+)"', row)
    assert step
    gp.follow(gp.post(step[1]))
    assert "Settled." in gp.text
    assert gp.post(step[1]).status_code == 409
    gp.get("/work?what=silent")
    assert task.reference not in gp.text


def test_a_partner_acknowledges_under_the_effect_id_as_often_as_it_likes(
    town: Any, mereford: Mereford
) -> None:
    time_bank = partner_of(mereford, "time_bank", town.app.test_client())
    task = withdrawn(mereford, to=("time_bank", "council"), needs=LIFTS)
    one = notification(mereford, task)
    address = f"/partner/v1/notifications/{one}/acknowledge"
    before = mereford.entries("withdrawal")
    for _ in range(2):
        answer = time_bank.send(address)
        assert answer.get_json() == {"notification": str(one), "state": "acknowledged"}
    assert mereford.entries("withdrawal") == before + 1
    assert time_bank.send(address, b'{"state": "done"}').status_code == 400


def test_another_partners_notification_is_a_problem_like_none(
    town: Any, mereford: Mereford
) -> None:
    partner_of(mereford, "time_bank", town.app.test_client())
    library: Partner = partner_of(mereford, "library", town.app.test_client())
    task = withdrawn(mereford, to=("time_bank", "council"), needs=LIFTS)
    theirs, nobodys = (
        library.send(f"/partner/v1/notifications/{one}/acknowledge")
        for one in (notification(mereford, task), uuid4())
    )
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.data == nobodys.data


def test_a_refusal_shows_in_its_own_words(town: Any, mereford: Mereford) -> None:
    gp = town.browser("gp")
    task = mereford.task(mereford.refer(to=("library",), needs=LONELY))
    agencies = frozenset({task.recipient_agency_id})
    said = Said(NotificationKind.REFUSED, agencies)
    change_of_mind(mereford.hub, mereford.actor("gp"), task.referral_id, said)
    drain(mereford.hub)
    gp.get(f"/referrals/{task.referral_id}")
    assert "The person has said no." in gp.text
