"""Requests, breaches and complaints on pages: each walk, what is refused, and whose they are."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from consent.evidence.verify import main as verify
from referral_hub.audit.events import EntryType, Event
from referral_hub.domain.channels import Channel
from referral_hub.domain.commands import AnswerTask
from referral_hub.services.answer_task import answer_task
from referral_hub.services.drafts import discard_draft, save_draft, start_draft
from referral_hub.services.log_reports import append
from tests.pdf_checks import faults_of, text_of_pdf
from tests.statements import counting
from tests.web.mereford import FAMILY_NAME, FIRST_NAME, WHY, Mereford, nhs_number, personal
from tests.web.test_bad_input import NAUGHTY
from tests.web.test_officer import text_of
from tests.web.test_page_budgets import SESSION

NOTE = "Will ring her daughter Ottoline first"
OPEN = re.compile(r'action="(/duties/[0-9a-f-]{36}/records/[0-9a-f-]{36}/1)"')
SHORT = re.compile(r'name="why-([0-9a-f]{16})"')
LIST_STATEMENTS = SESSION + 5


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


def refer(town: Any, mereford: Mereford) -> str:
    """The reference of somebody whom Good Neighbours accepted with a note."""
    task = mereford.offered()
    answer_task(town.hub, mereford.actor("neighbours"), AnswerTask(task.id, True, None, NOTE))
    town.hub.integrator.run()
    return task.reference


def today(town: Any, name: str) -> dict[str, str]:
    now = town.clock()
    return {f"{name}-day": str(now.day), f"{name}-month": str(now.month), f"{name}-year": "2026"}


def ask(town: Any, officer: Any, reference: str, **changes: str) -> str:
    """Record a request as an officer does; returns the matter's address."""
    officer.get("/duties/requests/find")
    found = officer.post("/duties/requests/find", {"reference": reference})
    assert found.status_code == 302
    form = {
        **today(town, "received_on"),
        "by": "letter",
        "requester": "self",
        "authority": "",
        "identity": "known",
        "name": "Philippa Anguish",
        "contact": "By post",
        "wanted": "Everything",
        **changes,
    }
    officer.get(found.headers["Location"])
    made = officer.post(found.headers["Location"], form)
    assert made.status_code == 302, text_of(officer.text)
    return str(made.headers["Location"])


def take(town: Any, officer: Any, matter: str, event: str, **form: str) -> Any:
    assert officer.get(f"{matter}/steps/{event}").status_code == 200
    return officer.post(f"{matter}/steps/{event}", {**today(town, "on"), **form})


def choices(page: str) -> dict[str, str]:
    """What a page of items has chosen, as its form sends it."""
    found = {}
    for short in SHORT.findall(page):
        select = page.partition(f'name="why-{short}"')[2].partition("</select>")[0]
        chosen = re.search(r'value="([a-z_]+)" selected', select)
        found[f"why-{short}"] = chosen[1] if chosen else ""
        found[f"hide-{short}"] = ""
    return found


def ticked(page: str) -> list[str]:
    return re.findall(r'value="([0-9a-f]{16})" checked', page)


def decide_all(officer: Any, matter: str) -> None:
    """Open every part and leave the choices as they are."""
    for path in dict.fromkeys(OPEN.findall(officer.get(f"{matter}/records").text)):
        officer.get(f"{matter}/records")
        page = officer.post(path).text
        sent = officer.post(f"{path}/decided", {**choices(page), "withhold": ticked(page)})
        assert sent.status_code == (302 if SHORT.search(page) else 200), text_of(officer.text)


def download(officer: Any, path: str, form: Mapping[str, Any]) -> Any:
    """Post a form whose answer may be no text; pages are kept as the browser keeps them."""
    answer = officer.client.post(path, data={"csrf_token": officer.token, **form}, buffered=True)
    if answer.mimetype == "text/html":
        officer.text = answer.get_data(as_text=True)
    return answer


def hand_over(officer: Any, matter: str, form: str, **changes: Any) -> Any:
    officer.get(f"{matter}/records")
    officer.post(f"{matter}/answer")
    sent = {"checked": ["yes"], "named": "no", "form": form, **changes}
    return download(officer, f"{matter}/answer/file", sent)


# A request from its receipt to its answer


def test_a_request_from_receipt_to_answer(town: Any, mereford: Mereford, tmp_path: Path) -> None:
    reference = refer(town, mereford)
    officer = town.browser("surgery-dpo")
    matter = ask(town, officer, reference)
    page = officer.get(matter).text
    assert "Answer due" in page
    assert not personal(page, "Anguish")
    assert "Philippa Anguish" in officer.post(f"{matter}/written").text
    assert officer.get(f"{matter}/records").status_code == 409
    assert take(town, officer, matter, "prepare").status_code == 302
    before = mereford.entries("view")
    paths = list(dict.fromkeys(OPEN.findall(officer.get(f"{matter}/records").text)))
    assert len(paths) == 3
    assert mereford.entries("view") == before
    opened = officer.post(paths[1]).text
    assert mereford.entries("view") == before + 1
    assert {FIRST_NAME, FAMILY_NAME, WHY} <= set(personal(opened, NOTE))
    assert "Next: " not in opened
    decide_all(officer, matter)
    shown = text_of(officer.post(f"{matter}/answer").text)
    assert WHY in shown
    assert NOTE not in shown
    assert "Written by another agency’s staff" in shown
    unread = {"named": "no", "form": "json"}
    assert officer.post(f"{matter}/answer/file", unread).status_code == 422
    assert "tick the box" in officer.text
    answer = hand_over(officer, matter, "json")
    assert answer.status_code == 200, text_of(officer.text)
    document = json.loads(answer.get_data())
    assert document["request"] in page
    given = json.dumps(document["given"], ensure_ascii=False)
    assert WHY in given
    assert "Ottoline" not in answer.get_data(as_text=True)
    assert any("another agency" in one["why"] for one in document["withheld"])
    assert {"proof", "root", "entry"} <= document["access_report"][0].keys()
    assert verified(town, tmp_path, answer.get_data())
    assert take(town, officer, matter, "answer", reason="post").status_code == 302
    done = text_of(officer.get(matter).text)
    assert "Answered" in done
    assert "by post" in done
    assert officer.get(f"{matter}/records").status_code == 409


@pytest.mark.parametrize("form", ["pdf", "html"])
def test_the_answer_can_be_read_and_printed(town: Any, mereford: Mereford, form: str) -> None:
    officer = town.browser("surgery-dpo")
    matter = ask(town, officer, refer(town, mereford))
    take(town, officer, matter, "prepare")
    decide_all(officer, matter)
    answer = hand_over(officer, matter, form)
    assert answer.status_code == 200
    data = answer.get_data()
    assert answer.headers["Content-Disposition"].endswith(f".{form}")
    text = text_of_pdf(data) if form == "pdf" else data.decode()
    assert WHY in " ".join(text.split())
    assert "Ottoline" not in text
    assert faults_of(data) == [] if form == "pdf" else "<title>" in text


def test_own_staff_are_named_only_where_the_officer_says_so(town: Any, mereford: Mereford) -> None:
    officer = town.browser("surgery-dpo")
    matter = ask(town, officer, refer(town, mereford))
    take(town, officer, matter, "prepare")
    decide_all(officer, matter)
    with town.hub.database.working() as connection:
        name = connection.exec_driver_sql(
            "SELECT display_name FROM staff_user WHERE username = 'surgery-dpo'"
        ).scalar_one()
    assert name not in hand_over(officer, matter, "json").get_data(as_text=True)
    named = hand_over(officer, matter, "json", named="yes")
    assert name in named.get_data(as_text=True)


def test_words_are_taken_out_and_wrong_choices_are_told_beside_their_item(
    town: Any, mereford: Mereford
) -> None:
    officer = town.browser("surgery-dpo")
    matter = ask(town, officer, refer(town, mereford))
    take(town, officer, matter, "prepare")
    decide_all(officer, matter)
    officer.get(f"{matter}/records")
    path = list(dict.fromkeys(OPEN.findall(officer.text)))[1]
    page = officer.post(path).text
    short = next(
        s for s in SHORT.findall(page) if NOTE in page.partition(f"withhold-{s}")[0][-900:]
    )
    form: Mapping[str, Any] = {**choices(page), "withhold": []}
    assert officer.post(
        f"{path}/decided", {**form, f"why-{short}": "", f"hide-{short}": "Ottoline"}
    ).status_code == 422  # fmt: skip
    assert "Select why it is withheld" in officer.text
    wrong = {**form, f"why-{short}": "other_person", f"hide-{short}": "Ottilie"}
    assert officer.post(f"{path}/decided", wrong).status_code == 422
    assert "exactly as they stand" in officer.text
    right = {**form, f"why-{short}": "other_person", f"hide-{short}": "her daughter\nOttoline"}
    assert officer.post(f"{path}/decided", right).status_code == 302
    officer.get(f"{matter}/records")
    shown = text_of(officer.post(f"{matter}/answer").text)
    assert "Will ring [withheld] [withheld] first" in shown
    assert "Words in it are withheld: About another person" in shown


def test_a_form_that_was_begun_is_opened_decided_about_and_handed_over(
    town: Any, mereford: Mereford
) -> None:
    gp, officer = mereford.actor("gp"), town.browser("surgery-dpo")
    reference = refer(town, mereford)
    draft = start_draft(town.hub, gp)
    person = {"first_name": FIRST_NAME, "family_name": FAMILY_NAME}
    person |= {"date_of_birth-day": "27", "date_of_birth-month": "3", "date_of_birth-year": "1948"}
    pages = {
        "person": person,
        "needs": {"needs": ["lonely"]},
        "why": {"why": "Rang about the stairs", "priority": "urgent"},
        "authority": {"seen": "Her son Ottokar showed a paper"},
    }
    save_draft(town.hub, gp, draft, pages=pages)
    matter = ask(town, officer, reference)
    take(town, officer, matter, "prepare")
    shown = text_of(officer.get(f"{matter}/records").text)
    assert "What was begun and not finished" in shown
    assert "Rang about the stairs" not in shown
    opened = text_of(officer.post(f"{matter}/records/{matter.rpartition('/')[2]}/1").text)
    assert "A form that somebody began: why" in opened
    for said in ("Date of birth: 27 3 1948", "Needs: ", "How soon: Urgent"):
        assert said in opened, said
    decide_all(officer, matter)
    answer = text_of(officer.post(f"{matter}/answer").text)
    assert "What was begun about you and not finished" in answer
    assert "Why: Rang about the stairs" in answer
    assert "Ottokar" not in answer
    for form in ("json", "html", "pdf"):
        file = hand_over(officer, matter, form)
        assert file.status_code == 200
        if form != "pdf":
            assert "Rang about the stairs" in file.get_data(as_text=True)
            assert "Ottokar" not in file.get_data(as_text=True)
    discard_draft(town.hub, gp, draft)


# A breach and its pack


def breach(town: Any, officer: Any, **changes: Any) -> str:
    officer.get("/duties/breaches/new")
    form = {
        **today(town, "aware_on"),
        "aware_time": "00:01",
        **today(town, "since"),
        **today(town, "until"),
        "kinds": ["confidentiality"],
        "channel": "hub",
        "user": "",
        "agency": "",
        "reference": "",
        "what": "A screen was left open",
        **changes,
    }
    made = officer.post("/duties/breaches/new", form)
    assert made.status_code == 302, text_of(officer.text)
    return str(made.headers["Location"])


def pack(town: Any, officer: Any, matter: str, form: str, **changes: Any) -> Any:
    assert officer.get(f"{matter}/exposed").status_code == 200
    sent = {
        **today(town, "since"),
        **today(town, "until"),
        "user": "",
        "agency": "",
        "reference": "",
        "delivery": "",
        "form": form,
    }
    return download(officer, f"{matter}/exposed", {**sent, **changes})


def test_a_breach_from_suspicion_to_its_end(town: Any) -> None:
    officer = town.browser("surgery-dpo")
    matter = breach(town, officer)
    page = officer.get(matter).text
    assert "ICO to be told by" in page
    assert "A screen was left open" not in page
    told = take(town, officer, matter, "do_not_notify", words="Nobody was there")
    assert told.status_code == 422
    assert "Select one from the list" in officer.text
    steps = (
        ("notify_regulator", {"words": "IC-1234"}),
        ("do_not_tell", {"words": "Nobody read it", "reason": "no_high_risk"}),
        ("close", {"words": "Screens lock after a minute now"}),
    )
    for event, form in steps:
        assert take(town, officer, matter, event, **form).status_code == 302, event
    history = text_of(officer.get(matter).text)
    assert "ICO told" in history
    assert "IC-1234" not in history
    assert "IC-1234" in officer.post(f"{matter}/written").text
    officer.get(f"{matter}/steps/note")
    late = officer.post(f"{matter}/steps/note", {**today(town, "on"), "words": "late"})
    assert late.status_code == 409


def verified(town: Any, directory: Path, data: bytes) -> bool:
    """Whether the officer's own program finds the file true."""
    file = directory / "file"
    file.write_bytes(data)
    return verify([str(file), "--log-key", town.hub.log_vkey]) == 0


def test_the_pack_says_who_was_exposed_and_proves_each_line(
    town: Any, mereford: Mereford, tmp_path: Path
) -> None:
    reference = refer(town, mereford)
    officer = town.browser("surgery-dpo")
    matter = breach(town, officer, reference=reference)
    before = mereford.entries("access")
    document = json.loads(pack(town, officer, matter, "json", reference=reference).get_data())
    assert mereford.entries("access") == before + 1
    assert {row["type"] for row in document["entries"]} == {"release"}
    row = document["entries"][0]
    assert row["reference"] == reference
    assert {"person", "delivery", "proof", "leaf_hash", "entry"} <= row.keys()
    assert document["summary"]["people"] == 1
    assert document["summary"]["disclosures"] == len(document["entries"])
    assert "identity" in document["summary"]["classes"]
    assert not personal(json.dumps(document), NOTE)
    one = pack(town, officer, matter, "json", delivery=row["delivery"])
    assert [r["delivery"] for r in json.loads(one.get_data())["entries"]] == [row["delivery"]]
    csv = pack(town, officer, matter, "csv", reference=reference).get_data(as_text=True)
    assert csv.count(reference) == len(document["entries"])
    assert verified(town, tmp_path, csv.encode())
    assert verified(town, tmp_path, json.dumps(document).encode())
    row["channel"] = "file"
    assert not verified(town, tmp_path, json.dumps(document).encode())
    assert pack(town, officer, matter, "pdf").get_data().startswith(b"%PDF")
    summary = text_of(pack(town, officer, matter, "page", reference=reference).get_data(True))
    assert "People 1" in summary
    assert reference in summary
    mine = {name: str(mereford.actor(name).user_id) for name in ("gp", "surgery-dpo")}
    none = json.loads(
        pack(town, officer, matter, "json", user=mine["gp"], reference=reference).get_data()
    )
    assert none["entries"] == []
    assert pack(town, officer, matter, "json", reference="RH-2222-2222").status_code == 422


def test_the_pack_is_narrowed_to_one_way_and_never_leaves_out_what_says_none(
    town: Any, mereford: Mereford
) -> None:
    task = mereford.accepted()
    gp, neighbour = town.browser("gp"), town.browser("neighbours")
    gp.post(f"/referrals/{task.referral_id}/open")
    neighbour.get(f"/tasks/{task.id}")
    assert neighbour.post(f"/tasks/{task.id}/open").status_code == 200
    officer = town.browser("surgery-dpo")
    matter = breach(town, officer, reference=task.reference)

    def found(channel: str) -> Any:
        sent = pack(town, officer, matter, "json", reference=task.reference, channel=channel)
        return json.loads(sent.get_data())

    everything = found("")
    ways = [row["channel"] for row in everything["entries"]]
    assert set(ways) == {"inbox", "page"} == set(everything["summary"]["channels"])
    for way in Channel:
        shown = [row["channel"] for row in found(way)["entries"]]
        assert shown == [one for one in ways if one == way]
    older = Event(
        type=EntryType.VIEW,
        sender=mereford.agencies["surgery"],
        actor_agency=mereford.agencies["surgery"],
        referral_id=task.referral_id,
        outcome="permit",
    )
    append(town.hub, mereford.actor("gp"), older)
    narrowed = found("https_push")
    assert [row["channel"] for row in narrowed["entries"]] == [None]
    assert narrowed["summary"]["channel_not_said"] == 1
    page = pack(
        town, officer, matter, "page", reference=task.reference, channel="https_push"
    ).get_data(as_text=True)
    assert "1 of them do not say by which way" in text_of(page)
    assert pack(town, officer, matter, "json", channel="semaphore").status_code == 422


# A complaint, and the list


def test_a_complaint_from_receipt_to_outcome_linked_to_a_request(
    town: Any, mereford: Mereford
) -> None:
    officer = town.browser("surgery-dpo")
    asked = ask(town, officer, refer(town, mereford))
    number = re.search(r"AR-[0-9A-Z]{4}-[0-9A-Z]{4}", officer.get(asked).text)
    assert number
    officer.get("/duties/complaints/new")
    form = {
        **today(town, "received_on"),
        "by": "phone",
        "about": "access_request",
        "requester": "self",
        "name": "",
        "contact": "",
        "what": "It takes too long",
        "reference": "",
        "request": number[0],
    }
    assert officer.post("/duties/complaints/new", {**form, "request": "AR-2"}).status_code == 422
    assert (
        officer.post("/duties/complaints/new", {**form, "request": "AR-2222-2222"}).status_code
        == 422
    )
    made = officer.post("/duties/complaints/new", form)
    assert made.status_code == 302
    matter = made.headers["Location"]
    page = text_of(officer.get(matter).text)
    assert "Acknowledgement due" in page
    assert number[0] in page
    assert take(town, officer, matter, "acknowledge", words="").status_code == 302
    told = {"words": "Answered within the month", "reason": "not_upheld"}
    assert take(town, officer, matter, "answer", **told).status_code == 302
    assert "not upheld" in officer.get(matter).text


def test_the_list_shows_what_is_due_overdue_first_and_costs_the_same_however_long(
    town: Any,
) -> None:
    officer = town.browser("surgery-dpo")
    with counting(town.hub.database) as before:
        officer.get("/duties")
    first = breach(town, officer)
    town.clock.pass_by(timedelta(hours=73))
    officer = town.browser("surgery-dpo")
    second = breach(town, officer)
    with counting(town.hub.database) as after:
        page = officer.get("/duties").text
    assert len(after) == len(before) <= LIST_STATEMENTS, "\n".join(after)
    assert page.index(first) < page.index(second)
    assert "Overdue" in page[page.index(first) : page.index(second)]
    assert "Overdue" in text_of(officer.get(first).text)
    overview = officer.get("/overview").text
    assert first in overview
    assert "Requests, breaches and complaints that are overdue" in text_of(overview)


# What is refused


def test_what_is_wrong_is_told_at_its_field(town: Any, mereford: Mereford) -> None:
    officer = town.browser("surgery-dpo")
    officer.get("/duties/requests/find")
    found = officer.post(
        "/duties/requests/find", {"nhs_number": str(nhs_number(0)), "reference": ""}
    )
    path = found.headers["Location"] if found.status_code == 302 else ""
    if not path:
        reference = refer(town, mereford)
        path = officer.post("/duties/requests/find", {"reference": reference}).headers["Location"]
    officer.get(path)
    assert officer.post(path, {}).status_code == 422
    for text in ("Enter the day", "Select how it was received", "Select who asked"):
        assert text in officer.text
    future = {"received_on-day": "1", "received_on-month": "1", "received_on-year": "2090"}
    form = {"by": "letter", "requester": "representative", "authority": "", "identity": "known"}
    assert officer.post(path, {**future, **form}).status_code == 422
    assert "what lets the representative ask" in officer.text
    officer.post(path, {**future, **form, "authority": "parent"})
    assert "must be today or in the past" in officer.text
    officer.get("/duties/breaches/new")
    assert officer.post("/duties/breaches/new", {"aware_time": "25:00"}).status_code == 422


@pytest.mark.parametrize("path", ["/duties/breaches/new", "/duties/complaints/new"])
def test_odd_text_is_text_or_a_plain_message(town: Any, path: str) -> None:
    officer = town.browser("surgery-dpo")
    names = re.findall(r'name="([a-z_-]+)"', officer.get(path).text)
    fields = {name for name in names if name not in {"csrf_token", "theme-color", "viewport"}}
    fields -= {"robots"}
    for text in NAUGHTY[::7]:
        answer = officer.post(path, dict.fromkeys(fields, text))
        assert answer.status_code in {302, 422}, (text, answer.status_code)
        assert not any(active in officer.text for active in ("<script>alert", "<img src=x"))


def test_an_unknown_step_or_part_is_not_there(town: Any, mereford: Mereford) -> None:
    officer = town.browser("surgery-dpo")
    matter = ask(town, officer, refer(town, mereford))
    take(town, officer, matter, "prepare")
    for step in ("nonsense", "review", "export", "notify_regulator", "record"):
        assert officer.get(f"{matter}/steps/{step}").status_code == 404, step
    officer.get(f"{matter}/records")
    assert officer.post(f"{matter}/records/{uuid4()}/1").status_code == 404
    assert officer.get(f"{matter}/exposed").status_code == 404
    part = OPEN.findall(officer.get(f"{matter}/records").text)[0]
    assert officer.post(f"{part[:-1]}9").status_code == 404
    assert officer.get(part).status_code == 405


ROUTES = (
    ("GET", ""),
    ("POST", "/written"),
    ("GET", "/steps/note"),
    ("POST", "/steps/note"),
    ("GET", "/records"),
    ("POST", "/records/{part}/1"),
    ("POST", "/records/{part}/1/decided"),
    ("POST", "/answer"),
    ("GET", "/exposed"),
    ("POST", "/exposed"),
)


def test_another_agencys_are_not_there(town: Any, mereford: Mereford) -> None:
    officer, hill = town.browser("surgery-dpo"), town.browser("hill-dpo")
    matter = ask(town, officer, refer(town, mereford))
    take(town, officer, matter, "prepare")
    part = OPEN.findall(officer.get(f"{matter}/records").text)[0].split("/")[4]
    number = re.search(r"AR-[0-9A-Z]{4}-[0-9A-Z]{4}", officer.get(matter).text)
    assert number
    assert number[0] not in hill.get("/duties").text
    for method, rest in ROUTES:
        told = []
        for base in (matter, f"/duties/{uuid4()}"):
            hill.get("/duties/requests/find")
            path = f"{base}{rest.format(part=part)}"
            answer = hill.get(path) if method == "GET" else hill.post(path)
            assert answer.status_code == 404, (method, rest)
            told.append(html.unescape(answer.get_data(as_text=True)))
        assert told[0] == told[1]
