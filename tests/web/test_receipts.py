"""Sender, recipient and officers have receipts that verify without the hub; nobody else has."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from consent.evidence.checkpoint import Verifier
from consent.evidence.pins import Pins
from consent.evidence.receipt import VerifiedReceipt, verify_receipt
from tests.web.mereford import Mereford, personal


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    """Referrals in the town."""
    return Mereford(town.hub, town.url)


LINK = re.compile(r'href="([^"]+/receipts?/?[^"]*)"')


def links(page: str) -> list[str]:
    return [found for found in LINK.findall(page) if "receipt" in found]


def receipts(town: Any, browser: Any, page: str) -> list[VerifiedReceipt]:
    pins = Pins([Verifier.from_vkey(town.hub.log_vkey)])
    found = []
    for link in links(browser.client.get(page).text):
        answer = browser.client.get(link)
        assert answer.status_code == 200, link
        assert re.fullmatch(
            r'attachment; filename="receipt-\d+\.tlog-proof"',
            answer.headers["Content-Disposition"],
        )
        assert personal(answer.text) == []
        found.append(verify_receipt(answer.data, pins))
    return found


def kinds(found: list[VerifiedReceipt]) -> list[tuple[str, str | None]]:
    return sorted((one.entry.type.value, one.entry.outcome) for one in found)


def test_the_sender_and_the_recipient_have_receipts_of_the_same_entries(
    town: Any, mereford: Mereford
) -> None:
    task = mereford.accepted()
    ours = receipts(town, town.browser("gp"), f"/referrals/{task.referral_id}")
    theirs = receipts(town, town.browser("neighbours"), f"/tasks/{task.id}")
    assert kinds(ours) == [("decision", "permit"), ("release", "permit"), ("release", "permit")]
    assert {one.index for one in ours} == {one.index for one in theirs}
    assert {one.entry.details.get("stage") for one in theirs} == {None, "offer", "accepted"}


def test_a_refused_referral_has_a_receipt_for_its_sender_that_names_the_reason(
    town: Any, mereford: Mereford
) -> None:
    referral_id = mereford.refer(to=())
    (one,) = receipts(town, town.browser("gp"), f"/referrals/{referral_id}")
    assert one.entry.outcome == "refuse"
    assert one.entry.details["reason"]


def test_nobody_has_a_receipt_of_what_is_not_theirs(town: Any, mereford: Mereford) -> None:
    task, other = mereford.accepted(), mereford.offered()
    page = town.browser("gp").client.get(f"/referrals/{task.referral_id}").text
    mine = links(page)[0]
    entry_id = mine.rsplit("/", 1)[1]
    unknown = town.browser("gp").client.get(mine.replace(entry_id, str(uuid4())))
    assert unknown.status_code == 404
    for user, path in (
        ("gp", f"/referrals/{other.referral_id}/receipts/{entry_id}"),
        ("hill-gp", mine),
        ("council", mine),
        ("library", f"/tasks/{task.id}/receipts/{entry_id}"),
        ("neighbours", f"/tasks/{other.id}/receipts/{entry_id}"),
        ("hill-dpo", f"/log/entries/{entry_id}/receipt"),
    ):
        answer = town.browser(user).client.get(path)
        assert answer.status_code == 404, (user, path)
    assert town.browser("gp").client.get(f"/log/entries/{entry_id}/receipt").status_code == 403


def test_a_recipient_has_no_receipt_of_what_the_rules_said_no_to(
    town: Any, mereford: Mereford
) -> None:
    """Why it was refused may say something about the person."""
    task = mereford.accepted()
    asked = town.browser("neighbours").client.get(f"/tasks/{task.id}").text
    events = [path.rsplit("/", 1)[1] for path in links(asked)]
    with town.hub.database.working() as connection:
        outcomes = connection.exec_driver_sql(
            "SELECT DISTINCT outcome FROM log_entry WHERE id = ANY(%s::uuid[])", (events,)
        ).scalars()
        assert list(outcomes) == ["permit"]


def test_an_officer_downloads_a_receipt_from_the_entrys_page(town: Any, mereford: Mereford) -> None:
    task = mereford.accepted()
    sender = links(town.browser("gp").client.get(f"/referrals/{task.referral_id}").text)
    entry_id = sender[-1].rsplit("/", 1)[1]
    for officer in ("surgery-dpo",):
        (one,) = receipts(town, town.browser(officer), f"/log/entries/{entry_id}")
        assert one.entry.id == entry_id
