"""The officer's part of the story: marked words in a request, a breach and a complaint.

What is opened is seen to hold the marks; the lists and pages that nobody opened hold none.
"""

from __future__ import annotations

import html
import json
import re
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.attacks.browsing import Browser
from tests.attacks.canaries import WORD, note
from tests.attacks.story import MENTORS, Town, refer

_PART = re.compile(r'action="(/duties/[^"]+/records/[^"]+/1)"')
_WHY = re.compile(r'name="(why-[0-9a-f]{16})"')


def _day(name: str) -> dict[str, str]:
    now = datetime.now(ZoneInfo("Europe/London"))  # noqa: TID251 - what an officer would type
    return {
        f"{name}-day": str(now.day),
        f"{name}-month": str(now.month),
        f"{name}-year": str(now.year),
    }


def answered_by_the_officer(town: Town) -> None:
    """A request, a breach and a complaint, each with marked words; the answer is handed over."""
    gp, officer = town.signed_in("gp"), town.signed_in("surgery-dpo")
    _, reference = refer(gp, (MENTORS,), needs={"needs": ["been_there"]})
    matter = _request(officer, reference)
    _opened_and_handed_over(officer, matter)
    _breach(officer)
    _complaint(officer)
    for path in ("/duties", "/overview", matter):
        assert officer.get(path).status_code == 200
        assert WORD not in officer.text
        town.overseen.append(officer.text)
    assert officer.post(f"{matter}/written").status_code == 200
    assert note("Asked") in html.unescape(officer.text)


def _request(officer: Browser, reference: str) -> str:
    officer.get("/duties/requests/find")
    found = officer.post("/duties/requests/find", {"reference": reference})
    asked = {
        **_day("received_on"),
        "by": "letter",
        "requester": "representative",
        "authority": "written",
        "identity": "document",
        "name": f"{WORD} the younger",
        "contact": note("Contact"),
        "wanted": note("Asked"),
    }
    officer.send(found.headers["location"], asked)
    matter = officer.path
    officer.send(f"{matter}/steps/ask_clarification", {**_day("on"), "words": note("Clarify")})
    officer.send(f"{matter}/steps/clarify", {**_day("on"), "words": note("Clarified")})
    return matter


def _opened_and_handed_over(officer: Browser, matter: str) -> None:
    officer.get(f"{matter}/records")
    for path in dict.fromkeys(_PART.findall(officer.text)):
        officer.get(f"{matter}/records")
        assert officer.post(path).status_code == 200
        decisions: dict[str, object] = dict.fromkeys(_WHY.findall(officer.text), "")
        decisions |= {name.replace("why-", "hide-"): "" for name in decisions}
        marked = re.search(r'>Why</h2>.*?name="why-([0-9a-f]{16})"', officer.text, re.DOTALL)
        if marked:
            assert WORD in officer.text
            decisions |= {f"why-{marked[1]}": "other_person", f"hide-{marked[1]}": WORD}
        assert officer.post(f"{path}/decided", decisions).is_redirect, officer.words()
    officer.get(f"{matter}/records")
    assert officer.post(f"{matter}/answer").status_code == 200
    file = {"checked": "yes", "named": "yes", "form": "json"}
    answer = officer.post(f"{matter}/answer/file", file)
    given = {one["what"]: one["value"] for one in json.loads(answer.content)["given"]}
    assert "[withheld]" in given["field.health.why"]
    assert WORD in given["field.identity.first_name"]


def _breach(officer: Browser) -> None:
    breach = {
        **_day("aware_on"),
        "aware_time": "00:00",
        **_day("since"),
        **_day("until"),
        "kinds": "confidentiality",
        "channel": "speech",
        "what": note("Breach"),
    }
    officer.send("/duties/breaches/new", breach)
    path = f"{officer.path}/exposed"
    officer.send(path, {**_day("since"), **_day("until"), "form": "page"})
    assert WORD not in officer.text
    officer.get(path)
    pack = officer.post(path, {**_day("since"), **_day("until"), "form": "json"})
    assert json.loads(pack.content)["entries"]
    assert WORD not in pack.text


def _complaint(officer: Browser) -> None:
    complaint = {
        **_day("received_on"),
        "by": "phone",
        "about": "sharing",
        "requester": "self",
        "name": WORD,
        "contact": note("Reach"),
        "what": note("Complaint"),
    }
    officer.send("/duties/complaints/new", complaint)
