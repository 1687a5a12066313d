"""The doorstep form: four taps, 999 first, nothing kept in the browser, programs kept at bay."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from referral_hub.services.concern_links import make_link, secret_of
from referral_hub.web import doorstep_pace
from tests.web.test_bad_input import NAUGHTY
from tests.web.test_isolation import NEVER, _all_of

TAPS = (
    {"noticed": "alone"},
    {"area": "MF-HAR", "place": "12 Quay St"},
    {"said": "yes"},
    {"send": "yes"},
)
_HIDDEN = re.compile(r'<input type="hidden" name="([a-z]+)" value="([^"]*)"')


class Phone:
    """A delivery worker's phone, on one link."""

    def __init__(self, town: Any, secret: str, *, address: str = "192.0.2.1") -> None:
        self.town, self.path = town, f"/concern/{secret}"
        self.client = town.app.test_client()
        self._from = {"REMOTE_ADDR": address}
        self.text = ""

    def open(self) -> TestResponse:
        return self._seen(self.client.get(self.path, environ_base=self._from))

    def tap(self, said: dict[str, str], *, pause: float = 2.0) -> TestResponse:
        """Tap a button: everything that the page carries goes along."""
        self.town.clock.pass_by(timedelta(seconds=pause))
        carried = {name: html.unescape(value) for name, value in _HIDDEN.findall(self.text)}
        data = {**carried, "website": "", **said}
        return self._seen(self.client.post(self.path, data=data, environ_base=self._from))

    def _seen(self, answer: TestResponse) -> TestResponse:
        self.text = answer.get_data(as_text=True)
        return answer


@pytest.fixture
def secret(town: Any) -> str:
    """What a fresh link of the parcel company ends in."""
    admin = town.actor("parcels-admin")
    return secret_of(town.hub, admin.agency_id, make_link(town.hub, admin, "North depot"))


def concerns(town: Any) -> list[Any]:
    """What waits, oldest first."""
    with town.hub.database.working() as connection:
        query = "SELECT * FROM staged_item WHERE source = 'concern' ORDER BY id"
        return list(connection.execute(text(query)))


def danger_entries(town: Any) -> int:
    with town.hub.database.working() as connection:
        query = (
            "SELECT count(*) FROM log_entry"
            " WHERE convert_from(entry, 'UTF8') LIKE '%danger_advice%'"
        )
        return int(connection.execute(text(query)).scalar_one())


def test_four_taps_send_a_concern_to_the_areas_council(town: Any, secret: str) -> None:
    before = len(concerns(town))
    phone = Phone(town, secret)
    assert phone.open().status_code == 200
    for said in TAPS[:3]:
        assert phone.tap(said).status_code == 200
        assert "Call 999 first" in phone.text
    answer = phone.tap(TAPS[3])
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{phone.path}/sent"
    (found,) = concerns(town)[before:]
    assert found.agency_id == town.actor("council").agency_id
    assert found.sender_agency_id == town.actor("parcels-admin").agency_id
    council = town.browser("council")
    council.get(f"/intake/{found.id}")
    council.post(f"/intake/{found.id}/open")
    for words in ("Very alone", "12 Quay St", "Yes, they said somebody may", "Harbour"):
        assert words in council.text


def test_nothing_is_kept_in_the_browser_or_in_an_address_and_nothing_is_read_back(
    town: Any, secret: str
) -> None:
    phone = Phone(town, secret)
    answers = [phone.open(), *(phone.tap(said) for said in TAPS)]
    for answer in answers:
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Quay" not in answer.headers.get("Location", "")
    thanks = phone.client.get(answers[-1].headers["Location"])
    assert "Quay" not in thanks.get_data(as_text=True)
    assert "alone" not in thanks.get_data(as_text=True)


def test_sending_twice_stores_it_once(town: Any, secret: str) -> None:
    before = len(concerns(town))
    phone = Phone(town, secret)
    phone.open()
    for said in TAPS[:3]:
        phone.tap(said)
    last = phone.text
    assert phone.tap(TAPS[3]).status_code == 303
    phone.text = last
    assert phone.tap(TAPS[3]).status_code == 303
    assert len(concerns(town)) == before + 1


def test_danger_stops_the_form_shows_999_and_is_on_record(town: Any, secret: str) -> None:
    before, entries = len(concerns(town)), danger_entries(town)
    phone = Phone(town, secret)
    phone.open()
    assert phone.text.index("Call 999 first") < phone.text.index("What did you notice?</h1>")
    phone.tap({"danger": "yes"})
    assert "Call 999 now" in phone.text
    assert len(concerns(town)) == before
    assert danger_entries(town) == entries + 1


def test_a_person_who_said_no_is_passed_on_to_nobody(town: Any, secret: str) -> None:
    before = len(concerns(town))
    phone = Phone(town, secret)
    phone.open()
    for said in (*TAPS[:2], {"said": "no"}):
        phone.tap(said)
    assert "Nothing is sent" in phone.text
    phone.tap({**TAPS[0], **TAPS[1], "said": "no", "send": "yes"})
    assert len(concerns(town)) == before


def test_a_program_that_fills_in_every_field_is_thanked_and_not_heard(
    town: Any, secret: str
) -> None:
    before = len(concerns(town))
    phone = Phone(town, secret)
    phone.open()
    for said in TAPS[:3]:
        phone.tap(said)
    assert phone.tap({**TAPS[3], "website": "https://spam.example"}).status_code == 302
    assert len(concerns(town)) == before


def test_nobody_taps_through_four_pages_in_a_second(town: Any, secret: str) -> None:
    before = len(concerns(town))
    phone = Phone(town, secret)
    phone.open()
    for said in TAPS[:3]:
        phone.tap(said, pause=0.1)
    assert phone.tap(TAPS[3], pause=0.1).status_code == 422
    assert "Press send once more" in phone.text
    assert phone.tap(TAPS[3], pause=5).status_code == 303
    assert len(concerns(town)) == before + 1


def test_all_answers_at_once_skip_no_page(town: Any, secret: str) -> None:
    before = len(concerns(town))
    phone = Phone(town, secret)
    phone.open()
    everything = {name: value for said in TAPS for name, value in said.items()}
    assert phone.tap(everything, pause=60).status_code == 422
    assert len(concerns(town)) == before


def test_a_form_that_was_open_too_long_begins_again(town: Any, secret: str) -> None:
    phone = Phone(town, secret)
    phone.open()
    assert phone.tap(TAPS[0], pause=31 * 60).status_code == 422
    assert "Begin again" in phone.text
    assert phone.tap(TAPS[0]).status_code == 200


def test_a_form_of_another_link_or_an_altered_one_is_refused(town: Any, secret: str) -> None:
    admin = town.actor("parcels-admin")
    other = secret_of(town.hub, admin.agency_id, make_link(town.hub, admin, "South depot"))
    phone, elsewhere = Phone(town, secret), Phone(town, other)
    phone.open()
    elsewhere.open()
    elsewhere.text = phone.text
    assert elsewhere.tap(TAPS[0]).status_code == 400
    token = dict(_HIDDEN.findall(phone.text))["form"]
    for broken in ("", "x", token[:-1], token.replace(".0.", ".3."), "a.b.c.d", "é" * 40):
        answer = phone.client.post(phone.path, data={"form": broken, "noticed": "alone"})
        assert answer.status_code == 400, broken


def test_a_link_that_was_stopped_or_never_was_is_not_there(town: Any, secret: str) -> None:
    admin = town.browser("parcels-admin")
    admin.get("/concern-links")
    links = re.findall(r"/concern-links/([0-9a-f-]{36})/stop", admin.text)
    phone = Phone(town, secret)
    assert phone.open().status_code == 200
    form = dict(_HIDDEN.findall(phone.text))
    for link in links:
        assert admin.post(f"/concern-links/{link}/stop").status_code == 302
    stopped, never = phone.open(), phone.client.get("/concern/aaaaaaaaaaaaaaaaaaaaaaaa")
    assert stopped.status_code == 404
    assert _all_of(stopped) == _all_of(never)
    assert phone.client.post(phone.path, data=form).status_code == 404


def test_a_link_takes_so_many_and_then_asks_to_wait(
    town: Any, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorstep_pace, "PER_ADDRESS", "2 per 10 minutes")
    pace = doorstep_pace.DoorstepPace(town.hub.settings.redis_url, town.hub.settings.secret_key)
    monkeypatch.setitem(town.app.extensions, "doorstep", pace)
    answers = []
    for _ in range(3):
        phone = Phone(town, secret, address="192.0.2.77")
        phone.open()
        answers += [phone.tap(said) for said in TAPS][3:]
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert answers[-1].headers["Retry-After"]
    other = Phone(town, secret, address="192.0.2.78")
    other.open()
    assert [other.tap(said).status_code for said in TAPS][-1] == 303


@pytest.mark.parametrize("odd", NAUGHTY)
def test_odd_text_is_text_or_refused_in_plain_words(town: Any, secret: str, odd: str) -> None:
    phone = Phone(town, secret)
    phone.open()
    phone.tap(TAPS[0])
    answer = phone.tap({"area": "MF-HAR", "place": odd})
    assert answer.status_code in {200, 422}
    assert "<script>alert" not in phone.text
    for name in ("noticed", "area", "said"):
        phone.open()
        assert phone.tap({name: odd}).status_code in {200, 422}


@pytest.mark.parametrize("verb", ["sheet", "replace", "stop"])
def test_another_employers_link_is_not_there(town: Any, verb: str) -> None:
    link = make_link(town.hub, town.actor("parcels-admin"), "North depot")
    other = town.browser("library-admin")
    ask = other.get if verb == "sheet" else other.post
    theirs, never = (ask(f"/concern-links/{one}/{verb}") for one in (link, NEVER))
    assert theirs.status_code == 404
    assert _all_of(theirs) == _all_of(never)


def test_an_administrator_makes_prints_and_replaces_a_link(town: Any) -> None:
    admin = town.browser("parcels-admin")
    admin.get("/concern-links")
    assert admin.post("/concern-links", {"label": ""}).status_code == 422
    sheet = admin.post("/concern-links", {"label": "West depot"}).headers["Location"]
    admin.get(sheet)
    (first,) = re.findall(r"https?://[^<\s]*/concern/([a-z2-7]{24})", admin.text)
    assert "<svg" in admin.text
    assert " style=" not in admin.text
    replaced = admin.post(sheet.replace("/sheet", "/replace")).headers["Location"]
    admin.get(replaced)
    (second,) = re.findall(r"https?://[^<\s]*/concern/([a-z2-7]{24})", admin.text)
    assert Phone(town, first).open().status_code == 404
    phone = Phone(town, second)
    phone.open()
    for said in TAPS:
        phone.tap(said)
    admin.get("/concern-links")
    assert "1: Waits for a person" in admin.text
    assert admin.get(sheet).status_code == 404


def test_the_table_of_links_opens_none_of_them(town: Any, secret: str) -> None:
    with town.hub.database.working() as connection:
        rows = str(list(connection.execute(text("SELECT * FROM concern_link"))))
    assert secret not in rows
