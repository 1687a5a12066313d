"""The officer's pages: what stands in the log, why, whether it is whole, and who looked."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest

from consent.codes import Article6, Article9, ConfidentialityBasis, RuleId
from consent.evidence.entry import COMMITMENT_FIELDS, EntryType
from consent.model import DataClass
from referral_hub.audit.decisions import Verdict
from referral_hub.audit.findings import Kind
from referral_hub.services.audit_entry import Proof, Unopened
from referral_hub.services.audit_filters import DecisionOutcome
from referral_hub.services.log_reports import Report
from referral_hub.services.release import open_task
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.store import log_search
from referral_hub.web.labels import Labels
from tests.web.mereford import Mereford, personal

ENTRY = re.compile(r'href="/log/entries/([0-9a-f-]{36})"')


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    made = Mereford(town.hub, town.url)
    task = made.accepted()
    open_task(town.hub, made.actor("neighbours"), task.id)
    refused = made.refer(to=("council",), classes=frozenset({DataClass.NEED}))
    withdraw_agreement(town.hub, made.actor("gp"), refused)
    town.hub.integrator.run()
    return made


@pytest.fixture
def officer(town: Any, mereford: Mereford) -> Any:  # noqa: ARG001 - the story comes first
    town.clock.pass_by(timedelta(minutes=20))
    return town.browser("surgery-dpo")


def text_of(page: str) -> str:
    """A page's words, without its tags."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def found(browser: Any, query: str = "") -> list[str]:
    answer = browser.get(f"/log{query}")
    assert answer.status_code == 200, answer.text
    return ENTRY.findall(answer.text)


# The list


def test_the_log_shows_what_was_decided_shared_and_looked_at_and_nobody_s_facts(
    officer: Any,
) -> None:
    page = text_of(officer.get("/log").text)
    for words in ("Decision", "Disclosure", "Look", "Agreement withdrawn", "Step: Accepted"):
        assert words in page, words
    for words in (
        "Harbour Street Surgery to Mereford Good Neighbours",
        "Dr Amara Osei, referrer",
        "Staff of Mereford Good Neighbours",
        "Referral Hub, by itself",
        "Permitted",
        "Rules R00 to R14",
    ):
        assert words in page, words
    assert re.search(r"Entry \d+", page)
    assert not personal(page)
    assert "Pat Okafor" not in page


def test_a_refusal_says_why_in_plain_words(officer: Any) -> None:
    page = text_of(officer.get("/log?type=decision&outcome=refuse").text)
    assert "Refused" in page
    assert "Rules R04, R15" in page
    assert "did not name this agency" in page or "named" in page


@pytest.mark.parametrize("kind", ["decision", "release", "view", "consent", "withdrawal", "task"])
def test_the_kind_filter_leaves_only_that_kind(officer: Any, kind: str) -> None:
    ids = found(officer, f"?type={kind}")
    assert ids
    with officer.town.hub.database.working() as connection:
        rows = connection.exec_driver_sql(
            "SELECT DISTINCT type FROM log_entry WHERE id::text = ANY(%s)", (ids,)
        )
        assert set(rows.scalars()) == {kind}


def test_filters_narrow_and_go_together(officer: Any, mereford: Mereford) -> None:
    everything = set(found(officer))
    neighbours, council = mereford.agencies["neighbours"], mereford.agencies["council"]
    to_neighbours = set(found(officer, f"?agency={neighbours}"))
    to_council = set(found(officer, f"?agency={council}"))
    assert to_neighbours
    assert to_council
    assert not to_neighbours & to_council
    gp = mereford.actor("gp").user_id
    by_gp = set(found(officer, f"?user={gp}&type=withdrawal"))
    assert len(by_gp) == 1
    assert by_gp <= everything
    assert found(officer, f"?user={gp}&type=release") == []


def test_a_reference_finds_its_referral_and_no_other(officer: Any, mereford: Mereford) -> None:
    task = mereford.offered()
    ids = found(officer, f"?reference={task.reference.lower()}")
    assert ids
    with officer.town.hub.database.working() as connection:
        rows = connection.exec_driver_sql(
            "SELECT DISTINCT referral_id FROM log_entry WHERE id::text = ANY(%s)", (ids,)
        )
        assert set(rows.scalars()) == {task.referral_id}
    assert found(officer, "?reference=RH-2222-2222") == []


def test_rule_and_reason_find_the_decisions_that_relied_on_them(officer: Any) -> None:
    assert found(officer, "?rule=R15&outcome=refuse")
    assert found(officer, "?reason=recipient_not_named")
    assert found(officer, "?rule=R15&outcome=permit") == []
    assert found(officer, "?reason=person_said_never") == []


def test_days_are_days_in_london_and_both_are_included(officer: Any, town: Any) -> None:
    day = town.clock.now.date()
    today = f"-day={day.day}&{{0}}-month={day.month}&{{0}}-year={day.year}"
    since, until = "since" + today.format("since"), "until" + today.format("until")
    assert found(officer, f"?{since}&{until}")
    assert found(officer, "?since-day=1&since-month=1&since-year=2031") == []
    assert found(officer, "?until-day=1&until-month=1&until-year=2026") == []


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("?reference=hello", "Enter a reference like RH-7KQM-2X9D"),
        ("?type=gossip", "Select a kind from the list"),
        ("?agency=0190a000-0000-7000-8000-000000000000", "Select an agency from the list"),
        ("?since-day=31&since-month=2&since-year=2026", "From must be a real date"),
        (
            "?since-day=2&since-month=2&since-year=2026&until-day=1&until-month=2&until-year=2026",
            "Until must be the same day as from, or later",
        ),
    ],
)
def test_a_filter_that_cannot_be_used_says_so_and_finds_nothing(
    officer: Any, query: str, told: str
) -> None:
    answer = officer.get(f"/log{query}")
    assert told in text_of(answer.text)
    assert "<title>Error:" in answer.text
    assert not ENTRY.findall(answer.text)


def test_an_address_with_an_unknown_or_doubled_filter_is_refused(officer: Any) -> None:
    assert officer.get("/log?ruel=R04").status_code == 400
    assert officer.get("/log?rule=R04&rule=R05").status_code == 400
    assert officer.get("/log?before=nonsense").status_code == 404


def test_older_entries_stand_on_the_next_page_each_once(officer: Any, mereford: Mereford) -> None:
    for _ in range(6):
        mereford.offered()
    seen: list[str] = []
    path = "/log?type=decision"
    while path:
        page = officer.get(path).text
        seen += ENTRY.findall(page)
        older = re.search(r'href="(/log\?[^"]*before=[^"]*)"', page)
        path = html.unescape(older[1]) if older else ""
    assert len(seen) == len(set(seen)) == mereford.entries("decision")
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("query", "indexed"),
    [
        ("type=withdrawal", True),
        ("rule=R15", True),
        ("outcome=refuse", True),
        ("type=override", True),
        ("reason=recipient_not_named", True),
        ("basis=article6:d", False),
        ("rule=R15&outcome=permit", False),
    ],
)
def test_a_search_that_finds_little_goes_on_further_back_and_misses_nothing(
    officer: Any, mereford: Mereford, monkeypatch: pytest.MonkeyPatch, query: str, indexed: bool
) -> None:
    mereford.offered()
    whole = found(officer, f"?{query}")
    monkeypatch.setattr(log_search, "FIRST_WINDOW", 3)
    monkeypatch.setattr(log_search, "LOOKED_AT_MOST", 10)
    seen: list[str] = []
    path, pages = f"/log?{query}", 0
    while path:
        page = officer.get(path).text
        seen += ENTRY.findall(page)
        older = re.search(r'href="(/log\?[^"]*before=[^"]*)"', page)
        if older:
            assert "The log was looked through back to" in page
        path, pages = html.unescape(older[1]) if older else "", pages + 1
    assert (pages > 1) is not indexed
    assert seen == whole


# Looking is logged


def access_entries(mereford: Mereford) -> int:
    return mereford.entries(EntryType.ACCESS.value)


def test_a_search_is_logged_once_however_often_and_on_whichever_page_it_is_read(
    officer: Any, mereford: Mereford, town: Any
) -> None:
    before = access_entries(mereford)
    officer.get("/log?type=view")
    assert access_entries(mereford) == before + 1
    officer.get("/log?type=view")
    officer.get(f"/log?type=view&before={UUID(int=2**128 - 1)}")
    assert access_entries(mereford) == before + 1
    officer.get("/log?type=release")
    assert access_entries(mereford) == before + 2
    town.clock.pass_by(timedelta(minutes=16))
    officer.get(f"/log?type=view&before={UUID(int=2**128 - 1)}")
    assert access_entries(mereford) == before + 3


def test_what_is_logged_of_a_search_names_no_user_and_no_referral(
    officer: Any, mereford: Mereford
) -> None:
    task, gp = mereford.offered(), mereford.actor("gp").user_id
    officer.get(f"/log?reference={task.reference}&user={gp}&rule=R04")
    with officer.town.hub.database.working() as connection:
        row = connection.exec_driver_sql(
            "SELECT entry, referral_id FROM log_entry WHERE type = 'access' ORDER BY id DESC"
        ).first()
    entry = bytes(row[0])
    assert b'"rule":"R04"' in entry
    assert b'"filters":["reference","rule","user"]' in entry
    assert row[1] == task.referral_id
    assert str(gp).encode() not in entry
    assert str(task.referral_id).encode() not in entry
    assert task.reference.encode() not in entry


# One entry


def test_an_entry_shows_its_reasons_its_proof_and_its_exact_bytes(officer: Any) -> None:
    officer.town.hub.integrator.run()
    newest = found(officer, "?type=release")[0]
    page = text_of(officer.get(f"/log/entries/{newest}").text)
    for words in (
        "In the log, proved by the newest checkpoint",
        "UK GDPR Article 6",
        "Confidentiality: explicit consent",
        "R00 to R14",
        "Before they accepted" if "Before they" in page else "After they accepted",
        '{"agencies":{"actor":',
        '"type":"release","version":1}',
    ):
        assert words in page, words
    assert not personal(page)


def test_an_entry_that_waits_says_so(officer: Any, mereford: Mereford) -> None:
    mereford.refer(deliver=False)
    waiting = found(officer, "?type=consent")[0]
    page = text_of(officer.get(f"/log/entries/{waiting}").text)
    assert "Not in the log yet" in page


def test_opening_an_entry_is_a_look_that_stands_in_the_log_first(
    officer: Any, mereford: Mereford
) -> None:
    gp = mereford.actor("gp")
    withdrawal = found(officer, f"?type=withdrawal&user={gp.user_id}")[0]
    page = officer.get(f"/log/entries/{withdrawal}")
    assert str(gp.user_id) not in page.text
    looks = mereford.entries("view")
    opened = officer.post(f"/log/entries/{withdrawal}/opened")
    assert opened.status_code == 200
    assert mereford.entries("view") == looks + 1
    assert str(gp.user_id) in opened.text
    assert "Dr Amara Osei" in opened.text
    with officer.town.hub.database.working() as connection:
        row = connection.exec_driver_sql(
            "SELECT seq, entry FROM log_entry WHERE type = 'view' ORDER BY id DESC"
        ).first()
    assert row[0] is not None
    assert withdrawal.encode() in bytes(row[1])


def test_what_another_agency_s_staff_did_is_not_opened_by_name(
    officer: Any, mereford: Mereford
) -> None:
    theirs = mereford.agencies["neighbours"]
    look = found(officer, f"?type=view&agency={theirs}")[-1]
    opened = officer.post(f"/log/entries/{look}/opened")
    assert "For the other agency’s officer to open" in opened.text
    assert str(mereford.actor("neighbours").user_id) not in opened.text


# The whole log


def test_the_log_verifies_from_the_page_and_says_what_to_keep(officer: Any) -> None:
    hub = officer.town.hub
    hub.integrator.run()
    page = text_of(officer.get("/log/verify").text)
    assert hub.log_vkey in page
    kept = officer.get("/log/checkpoint")
    assert kept.mimetype == "text/plain"
    assert kept.data.startswith(hub.settings.log_origin.encode())
    officer.get("/log/verify")
    pasted = kept.text.replace("\n", "\r\n")
    answer = officer.post("/log/verify", {"checkpoint": pasted})
    assert answer.status_code == 200, answer.text
    said = text_of(answer.text)
    assert "The log is whole" in said
    assert "Compared with your own checkpoint Yes" in said
    assert "Compared with the signer’s memory Yes" in said


def test_a_checkpoint_that_is_none_is_told_and_kept_on_the_page(officer: Any) -> None:
    officer.get("/log/verify")
    answer = officer.post("/log/verify", {"checkpoint": "half a checkpoint"})
    assert answer.status_code == 400
    assert "Paste a whole checkpoint" in answer.text
    assert "half a checkpoint" in answer.text


@pytest.mark.parametrize(
    ("codes", "table"),
    [
        (EntryType, "EntryType"),
        (EntryType, "EntryType.hint"),
        (DecisionOutcome, "DecisionOutcome"),
        (RuleId, "RuleId"),
        (Article6, "Article6"),
        (Article9, "Article9"),
        (ConfidentialityBasis, "ConfidentialityBasis"),
        (Report, "Report"),
        (Proof, "Proof"),
        (Proof, "Proof.colour"),
        (Unopened, "Unopened"),
        (Kind, "LogProblem"),
        (Verdict, "Verdict"),
    ],
)
def test_every_code_of_the_log_has_words_and_every_word_a_code(
    codes: type[StrEnum], table: str
) -> None:
    words = Labels()._words[table]
    assert set(words) == {code.value for code in codes}
    assert all(text.strip() for text in words.values())


def test_every_commitment_has_words() -> None:
    assert set(Labels()._words["Commitment"]) == set(COMMITMENT_FIELDS)
