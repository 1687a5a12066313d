"""What a person agreed to reaches them and the officer: pages, files, and nobody else's."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from rdflib import RDF, Namespace

from consent.model import DataClass
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.web.agreement_records import FILES
from tests.consent.triples import graph_of
from tests.pdf_checks import faults_of, structure_of, text_of_pdf
from tests.web.mereford import Mereford, personal
from tests.web.test_officer import text_of

DPV = Namespace("https://w3id.org/dpv#")
CODES = re.compile(r"\b(?:[a-z]+_[a-z_]+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}|[0-9a-f]{32,})\b")


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


@pytest.fixture(scope="module")
def referral(mereford: Mereford) -> UUID:
    classes = frozenset({DataClass.IDENTITY, DataClass.NEED, DataClass.HEALTH})
    return mereford.refer(to=("neighbours", "council"), classes=classes)


def event_of(browser: Any, referral: UUID) -> str:
    answer = browser.get(f"/referrals/{referral}/copy")
    assert answer.status_code == 302
    return str(answer.headers["Location"]).split("/")[2]


def test_the_confirmation_and_the_referral_lead_to_the_persons_copy(
    town: Any, referral: UUID
) -> None:
    gp = town.browser("gp")
    assert f"/referrals/{referral}/copy" in gp.get(f"/referrals/{referral}/sent").text
    assert f"/referrals/{referral}/agreements" in gp.get(f"/referrals/{referral}").text
    page = gp.follow(gp.get(f"/referrals/{referral}/copy")).text
    assert "What you agreed to" in page


def test_the_copy_says_what_for_whom_until_when_and_how_to_change_ones_mind(
    town: Any, mereford: Mereford, referral: UUID
) -> None:
    gp = town.browser("gp")
    page = text_of(gp.get(f"/agreements/{event_of(gp, referral)}/copy").text)
    for said in (
        "What you agreed to",
        "Harbour Street Surgery",
        "Mereford Good Neighbours, St Brannoc’s Hall",
        "Mereford Council",
        "What help you would like",
        "Who you are",
        "You also agreed to have their help",
        "We would like to tell another service about you",
        "You told us yourself, face to face",
        "Dr Amara Osei of Harbour Street Surgery wrote it down",
        "You can stop this at any time. You do not have to say why.",
        "Ring us",
        "01632 960010",
        "dpo@harbour.example",
        "Information Commissioner",
    ):
        assert said in page, said
    until = mereford.hub.clock().date() + timedelta(days=365)
    assert f"until the end of {until.day} {until:%B} {until.year}" in page
    assert "Money and benefits" not in page


def test_the_copy_has_no_code_no_number_of_ours_and_no_name(town: Any, referral: UUID) -> None:
    gp = town.browser("gp")
    event = event_of(gp, referral)
    page = gp.get(f"/agreements/{event}/copy").text
    words = text_of(page.partition('<div class="hub-large">')[2].partition("<footer")[0])
    assert CODES.findall(words) == []
    assert not personal(page)
    assert "<title>What you agreed to" in page


def test_every_file_is_what_its_name_says(town: Any, referral: UUID) -> None:
    gp = town.browser("gp")
    event = event_of(gp, referral)
    page = gp.get(f"/agreements/{event}").text
    for name, (media_type, _) in FILES.items():
        assert f"/agreements/{event}/files/{name}" in page
        answer = gp.client.get(f"/agreements/{event}/files/{name}")
        assert answer.status_code == 200, name
        assert answer.mimetype == media_type
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        data = answer.get_data()
        assert not personal(data.decode("latin-1"))
        if name.endswith(".json"):
            record = json.loads(data)
            assert record["header"]["record_id"] == event
            assert ("receipt" in record) is (name == "receipt.json")
        elif name.endswith(".jsonld"):
            graph = graph_of(json.loads(data))
            kind = DPV.ConsentReceipt if name.startswith("receipt") else DPV.ConsentRecord
            assert list(graph.subjects(RDF.type, kind))
        else:
            assert data.startswith(b"%PDF-1.7")
            assert data.rstrip().endswith(b"%%EOF")
    assert gp.get(f"/agreements/{event}/files/other.json").status_code == 404


def test_the_receipt_leads_to_its_entry_in_the_log(town: Any, referral: UUID) -> None:
    gp = town.browser("gp")
    event = event_of(gp, referral)
    receipt = gp.get(f"/agreements/{event}/files/receipt.json").json
    entry = receipt["receipt"]["receipt_id"]
    officer = town.browser("surgery-dpo")
    page = officer.get(f"/log/entries/{entry}").text
    assert f"/log/entries/{entry}/agreement" in page
    shown = officer.follow(officer.get(f"/log/entries/{entry}/agreement"))
    assert shown.status_code == 200
    assert "Consent record" in shown.text
    assert "ISO/IEC TS 27560:2023" in shown.text
    assert officer.get(f"/agreements/{event}/files/receipt.jsonld").status_code == 200


def test_the_record_page_shows_every_field(town: Any, referral: UUID) -> None:
    gp = town.browser("gp")
    event = event_of(gp, referral)
    page = text_of(gp.get(f"/agreements/{event}").text)
    for said in (
        "ISO/IEC TS 27560:2023",
        "support-referral, version",
        "public task; health or social care",
        "United Kingdom",
        "P8Y",
        "England and Wales",
        "Wycliffe House",
        "Face to face",
        "Agreed to have the help Yes",
        event,
    ):
        assert said.lower() in page.lower(), said


def test_a_later_change_of_mind_shows_on_the_earlier_copy(town: Any, mereford: Mereford) -> None:
    gp = town.browser("gp")
    referral = mereford.refer(to=("neighbours",))
    given = event_of(gp, referral)
    withdraw_agreement(town.hub, mereford.actor("gp"), referral)
    assert "You have since asked us to stop." in gp.get(f"/agreements/{given}/copy").text
    newest = event_of(gp, referral)
    assert newest != given
    page = text_of(gp.get(f"/agreements/{newest}/copy").text)
    assert "You asked us to stop" in page
    assert "You can agree again at any time" in page
    listed = gp.get(f"/referrals/{referral}/agreements").text
    assert listed.index("Withdrawn") < listed.index("Given")


def test_a_referral_without_an_agreement_has_an_empty_list(town: Any, mereford: Mereford) -> None:
    gp = town.browser("gp")
    referral = mereford.refer(to=("neighbours",))
    mereford.as_owner(
        "UPDATE consent_event SET referral_id = :other WHERE referral_id = :it",
        other=uuid4(),
        it=referral,
    )
    page = gp.follow(gp.get(f"/referrals/{referral}/copy")).text
    assert "Nothing has been recorded with this referral" in page


@pytest.mark.parametrize("rest", ["", "/copy", "/files/record.json", "/files/copy.pdf"])
def test_another_agencys_is_not_there(town: Any, referral: UUID, rest: str) -> None:
    event = event_of(town.browser("gp"), referral)
    for user in ("hill-gp", "hill-dpo", "council-dpo", "council"):
        browser = town.browser(user)
        theirs = browser.get(f"/agreements/{event}{rest}")
        never = browser.get(f"/agreements/{uuid4()}{rest}")
        assert theirs.status_code == never.status_code == 404
        assert theirs.data == never.data
        lists = browser.get(f"/referrals/{referral}/agreements")
        assert lists.status_code == 404
    assert town.browser("mentors").get(f"/agreements/{event}{rest}").status_code == 403


def test_words_in_welsh_say_so_to_a_screen_reader(town: Any, mereford: Mereford) -> None:
    gp = town.browser("gp")
    referral = mereford.refer(to=("neighbours",))
    event = event_of(gp, referral)
    mereford.as_owner(
        "UPDATE consent_event SET notice_language = 'cy' WHERE id = :id", id=UUID(event)
    )
    page = gp.get(f"/agreements/{event}/copy").text
    assert 'lang="cy"' in page
    assert "Hoffem sôn amdanoch" in page


def test_large_print_stays_on_its_page(town: Any, referral: UUID) -> None:
    gp = town.browser("gp")
    data = gp.client.get(f"/agreements/{event_of(gp, referral)}/files/copy.pdf").get_data()
    assert faults_of(data) == []
    kinds = [kind for kind, _ in structure_of(data)]
    assert kinds[:3] == ["Document", "Sect", "H1"]
    assert kinds.count("H2") > 2
    lines = text_of_pdf(data).splitlines()
    assert max(map(len, lines)) <= 72


def test_a_record_that_names_an_agency_which_is_not_known_says_so(
    town: Any, mereford: Mereford
) -> None:
    """Nothing writes one any more; what stands in the ledger is shown as it stands."""
    gp, odd = town.browser("gp"), mereford.refer(to=("neighbours",))
    event = event_of(gp, odd)
    mereford.as_owner(
        "UPDATE consent_event SET recipients = recipients || CAST(:who AS uuid) WHERE id = :id",
        who=str(uuid4()),
        id=event,
    )
    for page in (f"/agreements/{event}", f"/agreements/{event}/copy"):
        assert gp.get(page).status_code == 200
        assert "An agency that the hub does not know" in gp.text
    for name in FILES:
        assert gp.client.get(f"/agreements/{event}/files/{name}").status_code == 200, name
