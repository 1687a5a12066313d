"""Importing through the pages: the file streams in, the page follows it, and nothing leaks."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from consent.notices import current
from referral_hub.clock import system_clock
from referral_hub.domain.csv_mapping import CsvMapping
from referral_hub.services.import_mapping import seed
from referral_hub.services.run_imports import run_imports
from referral_hub.web.forms.mapping import raw_of
from tests.importing import SECRETS, as_csv, visit
from tests.statements import counting
from tests.web.test_isolation import NEVER, _all_of
from tests.web.test_page_budgets import SESSION

BOUNDARY = "hubtestboundary"
MIXED = (
    visit(1),
    visit(2, agreed_to_referral="no"),
    visit(3, first_name=""),
    visit(4, phone="=cmd|' /C calc'!A0"),
    visit(5, date_of_birth="soon"),
)


def form(data: bytes, token: str | None, *, field: str = "file") -> bytes:
    """A form's body with its token and a file."""
    parts = []
    if token is not None:
        parts.append(f'Content-Disposition: form-data; name="csrf_token"\r\n\r\n{token}'.encode())
    head = f'Content-Disposition: form-data; name="{field}"; filename="visits.csv"\r\n'
    parts.append(f"{head}Content-Type: text/csv\r\n\r\n".encode() + data)
    lines = b"".join(b"--" + BOUNDARY.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return lines + b"--" + BOUNDARY.encode() + b"--\r\n"


def send(browser: Any, data: bytes, **changes: Any) -> TestResponse:
    """Send a file with the token of the page."""
    body = form(data, changes.pop("token", browser.token), **changes)
    answer: TestResponse = browser.client.post(
        "/imports", data=body, content_type=f"multipart/form-data; boundary={BOUNDARY}"
    )
    return browser._seen(answer)


def save_columns(town: Any, mapping: CsvMapping | None = None) -> Any:
    """Let the library's administrator save the first mapping, with what the script names."""
    admin = town.browser("library-admin")
    admin.get("/imports/columns")
    words = current("support-referral", "en", town.clock())
    raw = raw_of(
        mapping or seed("library"), int(re.findall(r'name="version" value="(\d+)"', admin.text)[0])
    )
    raw |= {
        "notice": f"{words.id}/{words.version}/{words.language}",
        "agencies": list(admin.agencies().values()),
        "classes": ["identity", "contact", "need", "access_needs", "health"],
    }
    answer = admin.post("/imports/columns", raw)
    assert answer.status_code == 302, admin.text
    admin.follow(answer)
    return admin


@pytest.fixture(scope="module")
def librarian(town: Any) -> Any:
    """The librarian, whose administrator has said what the columns mean."""
    town.clock.now = system_clock()
    save_columns(town)
    browser = town.browser("librarian")
    browser.get("/imports")
    return browser


def looked_through(town: Any, browser: Any, data: bytes) -> str:
    """Send a file and let the worker look through it; returns its page."""
    browser.get("/imports")
    answer = send(browser, data)
    assert answer.status_code == 302, browser.text
    run_imports(town.hub)
    path: str = answer.headers["Location"]
    return path


def test_a_file_goes_from_the_form_to_referrals(town: Any, librarian: Any) -> None:
    librarian.get("/imports")
    page = send(librarian, as_csv(MIXED)).headers["Location"]
    waiting = librarian.get(page)
    assert waiting.headers["Refresh"] == "3"
    assert "<progress" in librarian.text
    assert "Refresh" not in librarian.get(f"{page}?still=1").headers
    run_imports(town.hub)
    checked = librarian.get(page)
    assert "Refresh" not in checked.headers
    assert "Write a real date" in librarian.text
    assert "date_of_birth" in librarian.text
    assert librarian.post(f"{page}/confirm").status_code == 302
    run_imports(town.hub)
    librarian.get(page)
    assert "What happened" in librarian.text
    assert re.search(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}", librarian.text)
    assert not [word for word in SECRETS[:3] if word in librarian.text]
    librarian.get("/intake")
    assert "Row of a file, line 4" in librarian.text


def test_rows_come_back_as_a_file_that_can_be_put_right_and_sent(town: Any, librarian: Any) -> None:
    page = looked_through(town, librarian, as_csv([visit(21), visit(22, phone="=1+1")]))
    librarian.get(page)
    answer = librarian.post(f"{page}/returned")
    assert answer.mimetype == "text/csv"
    text = answer.get_data().decode("utf-8-sig")
    header, row = csv.reader(io.StringIO(text))
    assert header[-2:] == ["line", "error"]
    said = dict(zip(header, row, strict=True))
    assert said["phone"] == "'=1+1"
    assert said["line"] == "3"
    assert said["error"].startswith("phone: Write a phone number")
    again = looked_through(town, librarian, text.replace("'=1+1", "07700 900999").encode())
    librarian.get(again)
    librarian.post(f"{again}/confirm")
    run_imports(town.hub)
    librarian.get(again)
    assert re.search(r"RH-[0-9A-Z]{4}", librarian.text)


def test_the_same_file_leads_to_the_same_page(town: Any, librarian: Any) -> None:
    first = looked_through(town, librarian, as_csv([visit(31)]))
    assert looked_through(town, librarian, as_csv([visit(31)])) == first
    librarian.get(first)
    assert librarian.post(f"{first}/discard").status_code == 302
    assert looked_through(town, librarian, as_csv([visit(31)])) != first


def test_a_file_is_taken_only_with_the_token_of_the_page(town: Any, librarian: Any) -> None:
    librarian.get("/imports")
    rows = as_csv([visit(41)])
    assert send(librarian, rows, token=None).status_code == 400
    assert send(librarian, rows, token="x.y.z").status_code == 400
    assert send(librarian, rows, field="other").status_code == 400
    other = town.browser("firefighter")
    other.get("/imports")
    assert send(librarian, rows, token=other.token).status_code == 400
    urlencoded = librarian.client.post("/imports", data={"csrf_token": librarian.token})
    assert urlencoded.status_code == 400
    cross = librarian.client.post(
        "/imports",
        data=form(rows, librarian.token),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert cross.status_code == 400


@pytest.mark.parametrize(
    "body",
    [b"", b"--hubtestboundary", b"--hubtestboundary\r\n\r\n", b"nonsense" * 100, b"\0" * 70_000],
)
def test_a_broken_form_is_refused_and_leaves_nothing(librarian: Any, body: bytes) -> None:
    answer = librarian.client.post(
        "/imports", data=body, content_type=f"multipart/form-data; boundary={BOUNDARY}"
    )
    assert answer.status_code in {400, 413}


def test_a_file_cut_off_on_the_way_is_refused(librarian: Any) -> None:
    librarian.get("/imports")
    whole = form(as_csv([visit(n) for n in range(200)]), librarian.token)
    answer = librarian.client.post(
        "/imports", data=whole[:9000], content_type=f"multipart/form-data; boundary={BOUNDARY}"
    )
    assert answer.status_code == 400
    librarian.get("/imports")
    assert "Being received" not in librarian.text


def test_a_file_of_many_pieces_arrives_whole(town: Any, librarian: Any) -> None:
    rows = [visit(n, agreed_to_referral="no") for n in range(9_000)]
    assert len(as_csv(rows)) > 800_000
    page = looked_through(town, librarian, as_csv(rows))
    librarian.get(page)
    assert "9000" in librarian.text


def test_an_empty_file_says_what_to_do(librarian: Any) -> None:
    librarian.get("/imports")
    assert send(librarian, b"").status_code == 422
    assert "The file is empty" in librarian.text


def test_another_agencys_file_is_not_there(town: Any, librarian: Any) -> None:
    page = looked_through(town, librarian, as_csv([visit(51)]))
    import_id = UUID(page.rpartition("/")[2])
    for username in ("gp", "firefighter", "council"):
        other = town.browser(username)
        other.get("/imports")
        for verb in ("", "/confirm", "/discard", "/returned"):
            ask = other.post if verb else other.get
            theirs, never = (ask(f"/imports/{one}{verb}") for one in (import_id, NEVER))
            assert theirs.status_code == 404
            assert _all_of(theirs) == _all_of(never)


def test_without_columns_the_page_says_whom_to_ask(town: Any) -> None:
    fighter = town.browser("firefighter")
    fighter.get("/imports")
    assert "has not said yet" in fighter.text
    assert send(fighter, as_csv([visit(1)])).status_code == 409


def test_columns_that_cannot_be_meant_are_named_and_nothing_typed_is_lost(town: Any) -> None:
    admin = town.browser("fire-admin")
    admin.get("/imports/columns")
    raw = raw_of(seed("fire_service"), 0)
    wrong = {**raw, "needs": "LON lonely", "yes": "yes, no"}
    assert admin.post("/imports/columns", wrong).status_code == 422
    assert "line 1 must be your word" in admin.text
    assert "LON lonely" in admin.text
    twice = {**raw, "column_2": "visit_ref"}
    assert admin.post("/imports/columns", twice).status_code == 422
    assert "Two columns have the same name" in admin.text
    assert admin.post("/imports/columns", raw).status_code == 302
    assert admin.post("/imports/columns", {**raw, "area": "MF-HAR"}).status_code == 409
    other = town.browser("library-admin")
    other.get("/imports/columns")
    assert "visit_ref" not in other.text


def test_pages_of_imports_cost_few_statements(town: Any, librarian: Any) -> None:
    page = looked_through(town, librarian, as_csv([visit(n) for n in range(60, 90)]))
    librarian.post(f"{page}/confirm")
    run_imports(town.hub)
    with counting(town.hub.database) as shown:
        librarian.get(page)
    assert len(shown) <= SESSION + 5, "\n".join(map(str, shown))
    with counting(town.hub.database) as listed:
        librarian.get("/imports")
    assert len(listed) <= SESSION + 3
