"""Writing what people are told, on pages: seen, proposed, approved by another, used, kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from consent.notices import own_notice
from referral_hub.clock import system_clock
from tests.statements import counting
from tests.web.mereford import Mereford
from tests.web.test_officer import text_of
from tests.web.test_page_budgets import SESSION
from tests.web.test_registers import day

Begin = Callable[[Any], Any]
WORDS = "We would like to tell one service about you.\nYou need not agree, and may say so."
NEWER = "We would like to tell one service about you, and no other, until you say stop."
WRITE = "/registers/notices/write"


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


def form(town: Any, **changes: Any) -> dict[str, Any]:
    today = town.clock().date()
    made = {
        "notice": "support-referral",
        "version": "own-1",
        "language": "en",
        "text": WORDS,
        "document": "IG-7",
        "step": "look",
        **day("since", today),
        **day("review_on", today + timedelta(days=200)),
    }
    return {**made, **changes}


def seen(changed: dict[str, Any]) -> str:
    names = (changed["notice"], changed["version"], changed["language"])
    return own_notice(names, changed["text"], since=system_clock()).sha256


def test_words_are_seen_proposed_approved_and_offered_in_the_form(
    own_town: Any, begin: Begin
) -> None:
    officer = own_town.browser("surgery-dpo")
    assert "Write new words" in officer.get("/registers/notices").text
    officer.get(WRITE)
    made = form(own_town)
    assert officer.post(WRITE, made).status_code == 200
    page = text_of(officer.text)
    assert "As people will see it We would like to tell one service about you." in page
    assert "In other languages people are told other words: Welsh (version 2)" in page
    assert seen(made) in officer.text

    changed = {**made, "text": NEWER, "step": "propose", "seen": seen(made)}
    assert officer.post(WRITE, changed).status_code == 422
    assert "other words than those you saw" in officer.text
    sent = {**made, "step": "propose", "seen": seen(made)}
    answer = officer.post(WRITE, sent)
    assert answer.status_code == 302, text_of(officer.text)
    item = answer.headers["Location"]
    page = text_of(officer.get(item).text)
    assert "It counts for nothing yet" in page
    assert "You need not agree, and may say so." in page
    assert "What is used now" in page
    assert "Approve" not in page
    assert officer.post(f"{item}/approve").status_code == 409
    officer.get(WRITE)
    assert officer.post(WRITE, sent).status_code == 422
    assert "There are words of this version in this language already" in officer.text
    approved_and_used(own_town, item, begin)


def approved_and_used(own_town: Any, item: str, begin: Begin) -> None:
    """A second person approves what was proposed, and a referrer reads it out."""
    officer, admin, gp = (own_town.browser(name) for name in ("surgery-dpo", "surgery-admin", "gp"))
    listed = text_of(admin.get("/registers/notices").text)
    used, _, rest = listed.partition("Proposed support-referral, version own-1, English")
    assert "version 2, English" in used
    assert "Before Nothing yet" in rest
    admin.get(item)
    assert admin.post(f"{item}/approve").status_code == 302
    listed = text_of(officer.get("/registers/notices").text)
    assert "Used now support-referral, version own-1, English" in listed
    assert "Proposed Nothing waits" in listed

    referral = begin(gp)
    referral.fill_until("why")
    gp.get(f"/refer/{referral.draft}/agreement")
    assert "You need not agree, and may say so." in gp.text
    assert "Version own-1 of these words" in text_of(gp.text)
    assert gp.hidden("notice") == "support-referral/own-1/en"
    assert own_town.browser("hill-dpo").get(item).status_code == 404
    for name in ("notices.csv", "notices.json"):
        assert "You need not agree" in officer.get(f"/registers/files/{name}").text


def put_in_use(own_town: Any, **changes: Any) -> str:
    officer, admin = (own_town.browser(name) for name in ("surgery-dpo", "surgery-admin"))
    made = form(own_town, **changes)
    officer.get(WRITE)
    answer = officer.post(WRITE, {**made, "step": "propose", "seen": seen(made)})
    assert answer.status_code == 302, text_of(officer.text)
    item = str(answer.headers["Location"])
    admin.get(item)
    assert admin.post(f"{item}/approve").status_code == 302
    return item


def test_old_words_stand_under_what_was_before_and_old_agreements_keep_them(
    own_town: Any, begin: Begin
) -> None:
    put_in_use(own_town)
    gp = own_town.browser("gp")
    referral = begin(gp)
    referral.fill_until("why")
    sent_as = referral.send()
    item = put_in_use(own_town, version="own-2", text=NEWER)
    officer = own_town.browser("surgery-dpo")
    listed = text_of(officer.get("/registers/notices").text)
    used, _, before = listed.partition("Before")
    assert "version own-2, English" in used
    assert "version own-1, English We would like to tell one service" in before
    assert "Superseded" in before
    assert "What was before" in text_of(officer.get(item).text)
    with counting(own_town.hub.database) as statements:
        officer.get("/registers/notices")
    assert len(statements) <= SESSION + 5, "\n".join(statements)
    with own_town.hub.database.working() as connection:
        event = connection.exec_driver_sql(
            "SELECT id FROM consent_event WHERE referral_id = %s", (sent_as,)
        ).scalar_one()
    page = text_of(gp.get(f"/agreements/{event}").text)
    assert "You need not agree, and may say so." in page
    assert "until you say stop" not in page


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"notice": "other"}, "Select a notice from the list"),
        ({"version": "2"}, "Select a version from the list"),
        ({"version": "own-7"}, "Select a version from the list"),
        ({"language": "xx"}, "Select a language from the list"),
        ({"text": " "}, "Write the words that people are told"),
        ({"text": "<script>alert(1)</script> " + WORDS}, "Write plain words"),
        ({"text": WORDS + "\u202e"}, "Take out the invisible character U+202E"),
        ({"text": WORDS + "\x07"}, "Take out the invisible character U+0007"),
        ({"text": WORDS * 100}, "Write 5000 characters or fewer"),
        ({"text": WORDS + " 999 000 0018"}, "This looks like an NHS number"),
        ({"review_on-year": "2001"}, "The review day must be after today"),
        ({"seen": "x" * 65, "step": "propose"}, "must be 64 characters or fewer"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(town: Any, changes: dict[str, Any], told: str) -> None:
    officer = town.browser("surgery-dpo")
    officer.get(WRITE)
    with counting(town.hub.database) as statements:
        assert officer.post(WRITE, form(town, **changes)).status_code == 422
    assert len(statements) <= SESSION + 4, "\n".join(statements)
    assert told in text_of(officer.text)
    assert "<script>alert" not in officer.text
    assert "There is a problem" in officer.text


def test_the_pages_are_for_who_keeps_registers(town: Any) -> None:
    for name in ("gp", "neighbours"):
        browser = town.browser(name)
        assert browser.get(WRITE).status_code == 403
        assert browser.post(WRITE, form(town)).status_code == 403
        assert browser.get("/registers/notices").status_code == 403
