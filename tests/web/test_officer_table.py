"""The log as a table: each row provable, nothing run by a spreadsheet, nothing of others."""

from __future__ import annotations

import csv
import io
import json
import re
from base64 import b64decode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.evidence.merkle import leaf_hash, verify_inclusion
from consent.evidence.verify import main as verify
from consent.model import DataClass
from referral_hub.services.release import open_task
from referral_hub.services.table_forms import BESIDE, COLUMNS, safe
from tests.pdf_checks import faults_of, text_of_pdf
from tests.web.mereford import Mereford, personal

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    made = Mereford(town.hub, town.url)
    open_task(town.hub, made.actor("neighbours"), made.accepted().id)
    made.refer(to=("council",), classes=frozenset({DataClass.NEED}))
    made.refer(to=())
    return made


@pytest.fixture
def download(town: Any, mereford: Mereford) -> Any:  # noqa: ARG001 - the story comes first
    def take(username: str, form: dict[str, str] | None = None) -> Rows:
        town.clock.pass_by(timedelta(minutes=1))
        browser = town.browser(username)
        browser.get("/log/evidence")
        answer = browser.client.post(
            "/log/table", data={"csrf_token": browser.token, **(form or {})}
        )
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Disposition"] == "attachment; filename=log.csv"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.data.startswith(b"\xef\xbb\xbf")
        text = answer.data.decode("utf-8-sig")
        answer.close()
        assert not personal(text)
        table = list(csv.DictReader(io.StringIO(text, newline="")))
        assert tuple(table[0]) == (*COLUMNS, *BESIDE)
        return table

    return take


def test_every_row_is_proved_by_what_stands_in_it(town: Any, download: Any) -> None:
    table = download("surgery-dpo")
    assert len(table) > 10
    with town.hub.database.working() as connection:
        roots = dict(
            connection.exec_driver_sql("SELECT size, encode(root, 'hex') FROM log_checkpoint").all()
        )
        entries = dict(connection.exec_driver_sql("SELECT seq, entry FROM log_entry").all())
    for row in table:
        size, index = int(row["tree_size"]), int(row["index"])
        assert roots[size] == row["root"]
        verify_inclusion(
            index,
            size,
            leaf=bytes.fromhex(row["leaf_hash"]),
            proof=[b64decode(node) for node in row["proof"].split()],
            root=bytes.fromhex(row["root"]),
        )
        assert row["entry_id"].encode() in entries[index]
        assert (row["reason"] or row["type"]).encode() in entries[index]
        assert row["entry"].encode() in {b"", entries[index]}


@pytest.mark.usefixtures("mereford")
@pytest.mark.parametrize("username", ["surgery-dpo", "council-dpo"])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_table_verifies_by_the_officers_own_program(
    town: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], username: str, form: str
) -> None:
    path = tmp_path / f"log.{form}"
    path.write_bytes(taken(town, username, form=form).data)
    assert verify([str(path), "--log-key", town.hub.log_vkey]) == 0, capsys.readouterr()
    path.write_bytes(path.read_bytes().replace(b"account_added", b"account_ended"))
    assert verify([str(path), "--log-key", town.hub.log_vkey]) == 1
    assert "(not-included)" in capsys.readouterr().out


def test_the_table_says_what_the_list_says(download: Any, mereford: Mereford) -> None:
    table = download("surgery-dpo", {"type": "release"})
    assert {row["type"] for row in table} == {"release"}
    assert len(table) == mereford.entries("release")
    first = table[0]
    assert first["sender"] == "Harbour Street Surgery"
    assert first["recipient"] == "Mereford Good Neighbours"
    assert "identity" in first["classes"].split()
    assert first["article6"]
    refused = download("surgery-dpo", {"outcome": "refuse"})
    assert all(row["reason"] for row in refused)


def test_an_agency_takes_its_own_side_only(download: Any) -> None:
    ours = {row["entry_id"] for row in download("surgery-dpo")}
    councils = download("council-dpo")
    shared = [row for row in councils if row["entry_id"] in ours]
    assert not [row for row in shared if row["outcome"] in {"refuse", "hold"}]
    assert not {row["user"] for row in councils} & {"Dr Amara Osei", "Pat Okafor", "Lee Sandhu"}


def test_taking_a_table_is_in_the_log_and_in_the_table(download: Any, mereford: Mereford) -> None:
    before = mereford.entries("access")
    table = download("surgery-dpo", {"type": "access"})
    assert mereford.entries("access") >= before + 1
    assert table[-1]["type"] == "access"
    assert table[-1]["purpose"] == "oversight"


@pytest.mark.usefixtures("mereford")
def test_nothing_to_take_is_said_on_the_page(town: Any) -> None:
    browser = town.browser("surgery-dpo")
    browser.get("/log/evidence")
    answer = browser.client.post(
        "/log/table", data={"csrf_token": browser.token, "reference": "RH-2222-2222"}
    )
    assert answer.status_code == 400
    assert "No entry in the log fits these filters yet" in answer.text


@pytest.mark.usefixtures("mereford")
@pytest.mark.parametrize("username", ["gp", "mentors", "council", "surgery-admin"])
def test_nobody_else_may_take_it(town: Any, username: str) -> None:
    browser = town.browser(username)
    browser.get("/")
    answer = browser.client.post("/log/table", data={"csrf_token": browser.token})
    assert answer.status_code == 403


def test_an_agency_with_a_formula_for_a_name_is_text(mereford: Mereford, download: Any) -> None:
    name = '=HYPERLINK("https://example.org","x")'
    mereford.as_owner(
        "UPDATE agency SET name = :name WHERE name = 'Mereford Good Neighbours'", name=name
    )
    try:
        recipients = {row["recipient"] for row in download("surgery-dpo", {"type": "release"})}
        assert f"'{name}" in recipients
        assert name not in recipients
    finally:
        mereford.as_owner(
            "UPDATE agency SET name = 'Mereford Good Neighbours' WHERE name = :name", name=name
        )


@given(st.text())
def test_no_cell_begins_as_a_formula(text: str) -> None:
    cell = safe(text)
    assert not cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))
    assert cell.removeprefix("'") == text or cell == text


def test_the_root_is_the_checkpoints(town: Any, download: Any) -> None:
    table = download("surgery-dpo", {"type": "consent"})
    with town.hub.database.working() as connection:
        note = connection.exec_driver_sql(
            "SELECT note FROM log_checkpoint WHERE size = %(size)s",
            {"size": int(table[0]["tree_size"])},
        ).scalar_one()
    assert table[0]["tree_size"].encode() == bytes(note).splitlines()[1]
    assert b64decode(bytes(note).splitlines()[2]).hex() == table[0]["root"]


# The same for a program and for a printer


def taken(town: Any, username: str, **form: str) -> Any:
    town.clock.pass_by(timedelta(minutes=1))
    browser = town.browser(username)
    browser.get("/log/evidence")
    answer = browser.client.post("/log/table", data={"csrf_token": browser.token, **form})
    assert answer.status_code == 200, answer.text
    assert not personal(answer.data.decode("latin-1"))
    answer.close()
    return answer


def test_the_program_s_form_holds_the_exact_entries_and_what_proves_them(
    town: Any, mereford: Mereford
) -> None:
    answer = taken(town, "surgery-dpo", form="json", type="release")
    assert answer.content_type == "application/json"
    found = json.loads(answer.data)
    note = found["checkpoint"].splitlines()
    assert found["log_key"] == town.hub.log_vkey
    assert len(found["entries"]) == mereford.entries("release")
    for row in found["entries"]:
        leaf = leaf_hash(row["entry"].encode())
        assert leaf.hex() == row["leaf_hash"]
        verify_inclusion(
            row["index"],
            int(note[1]),
            leaf=leaf,
            proof=[b64decode(node) for node in row["proof"]],
            root=b64decode(note[2]),
        )
    councils = json.loads(taken(town, "council-dpo", form="json").data)["entries"]
    assert not [row for row in councils if row["entry"] is None and row["reason"]]


@pytest.mark.usefixtures("mereford")
def test_the_printed_form_is_whole_and_says_the_same(town: Any) -> None:
    answer = taken(town, "surgery-dpo", form="pdf")
    assert answer.content_type == "application/pdf"
    data = answer.data
    assert data.startswith(b"%PDF-1.7")
    objects = [int(number) for number in re.findall(rb"\n(\d+) 0 obj", data)]
    xref = int(re.findall(rb"startxref\n(\d+)", data)[0])
    assert data[xref:].startswith(b"xref\n0 %d\n" % (max(objects) + 1))
    places = re.findall(rb"(\d{10}) 00000 n ", data[xref:])
    for number, place in enumerate(places, start=1):
        assert data[int(place) :].startswith(b"%d 0 obj" % number)
    assert faults_of(data) == []
    text = text_of_pdf(data)
    assert "Harbour Street Surgery" in text
    assert "index: " in text


@pytest.mark.usefixtures("mereford")
def test_a_form_that_is_not_offered_is_refused(town: Any) -> None:
    browser = town.browser("surgery-dpo")
    browser.get("/log/evidence")
    answer = browser.client.post("/log/table", data={"csrf_token": browser.token, "form": "exe"})
    assert answer.status_code == 400
    assert "Choose CSV, JSON or PDF" in answer.text
