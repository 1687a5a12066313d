"""An erased person opens for nobody, also not after a backup, and the log stays whole."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from referral_hub.audit.findings import Kind
from referral_hub.crypto.records import OpeningsContext
from referral_hub.crypto.subject import open_subject_key
from referral_hub.crypto.unseal import open_openings
from referral_hub.domain.codes import NeedCode
from referral_hub.domain.commands import AnswerTask
from referral_hub.domain.retention import KeptBecause
from referral_hub.errors import (
    Conflict,
    CryptoError,
    Forbidden,
    HubError,
    InvalidInput,
    NotFound,
    ServiceUnavailable,
)
from referral_hub.services.answer_task import answer_task, ask
from referral_hub.services.audit_entry import Unopened, open_entry
from referral_hub.services.audit_filters import Filters
from referral_hub.services.erase_person import (
    ErasedPerson,
    apply_erasures,
    erase_person,
    look_before_erasing,
    refuse_erasure,
)
from referral_hub.services.evidence_bundle import write_bundle
from referral_hub.services.find_person import find_person
from referral_hub.services.release import open_task, view_own
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.store.tables import metadata
from tests.hub_bench import Bench, Row, nhs_number, only


@pytest.fixture
def person(bench: Bench) -> UUID:
    """Somebody about whom a question was asked, so that there is a note and a disclosure."""
    sent = bench.refer(person={"nhs_number": nhs_number(9)})
    bench.deliver()
    ask(bench.hub, bench.staff["mentors"], only(bench.tasks(sent.referral_id))["id"], "A dog?")
    subject: UUID = bench.one("SELECT subject_id FROM referral WHERE id = %s", sent.referral_id)
    return subject


def erase(bench: Bench, person: UUID, by: str = "surgery-dpo") -> ErasedPerson:
    return erase_person(bench.hub, bench.staff[by], person)


def sealed(bench: Bench, person: UUID) -> dict[str, Any]:
    """What is still wrapped or sealed about a person, anywhere."""
    return {
        "key": bench.one("SELECT wrapped_key FROM subject WHERE id = %s", person),
        "openings": bench.rows(
            "SELECT o.* FROM log_opening o JOIN log_entry e ON e.id = o.entry_id"
            " WHERE o.subject_id = %s AND sealed_openings <> ''::bytea",
            person,
        ),
        "notes": bench.rows(
            "SELECT m.id FROM message m JOIN referral r ON r.id = m.referral_id"
            " WHERE r.subject_id = %s",
            person,
        ),
        "released": bench.rows(
            "SELECT d.id FROM release d JOIN referral r ON r.id = d.referral_id"
            " WHERE r.subject_id = %s AND d.wrapped_keys IS NOT NULL",
            person,
        ),
    }


def copy(bench: Bench) -> dict[str, list[Row]]:
    return {table.name: bench.table(table.name) for table in metadata.sorted_tables}


def put_back(bench: Bench, rows: dict[str, list[Row]]) -> None:
    """Restore a dump: every table holds exactly what it held."""
    with psycopg.connect(bench.url) as owner:
        for table in reversed(metadata.sorted_tables):
            owner.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
        for table in metadata.sorted_tables:
            insert = sql.SQL(
                "INSERT INTO {0} OVERRIDING SYSTEM VALUE"
                " SELECT * FROM json_populate_recordset(NULL::{0}, %s)"
            ).format(sql.Identifier(table.name))
            owner.execute(insert, [json.dumps([row["copy"] for row in rows[table.name]])])


NOTHING: dict[str, Any] = {"key": None, "openings": [], "notes": [], "released": []}


def test_nothing_that_was_sealed_about_the_person_is_left_to_open(
    bench: Bench, person: UUID
) -> None:
    assert all(sealed(bench, person).values())
    draft_rows = bench.table("draft")
    done = erase(bench, person)
    assert sealed(bench, person) == NOTHING
    row = only(bench.rows("SELECT * FROM subject WHERE id = %s", person))
    assert row["erased_at"] is not None
    assert row["nhs_index"] is None
    assert bench.table("draft") == draft_rows
    entry = only(bench.rows("SELECT * FROM log_entry WHERE id = %s", done.entry_id))
    assert (entry["type"], entry["outcome"]) == ("erasure", "erased")
    assert entry["seq"] is not None


def test_what_the_hub_had_of_the_person_opens_with_no_key_that_it_has(
    bench: Bench, person: UUID
) -> None:
    """The record's ciphertext stays; its key is wrapped by one that is nowhere any more."""
    stored = only(bench.rows("SELECT * FROM sealed_record WHERE subject_id = %s", person))
    opening = bench.rows("SELECT * FROM log_opening WHERE subject_id = %s", person)[0]
    wrapped = bench.one("SELECT wrapped_key FROM subject WHERE id = %s", person)
    others = bench.refer(person={"nhs_number": nhs_number(10)})
    erase(bench, person)
    assert only(bench.rows("SELECT * FROM sealed_record WHERE subject_id = %s", person)) == stored
    haystack = b"".join(
        json.dumps(row["copy"]).encode() for rows in copy(bench).values() for row in rows
    )
    assert bytes(wrapped).hex().encode() not in haystack
    assert bytes(opening["sealed_openings"]).hex().encode() not in haystack
    keys = bench.rows(
        "SELECT id, origin_agency_id, wrapped_key FROM subject WHERE wrapped_key IS NOT NULL"
    )
    assert keys
    for row in keys:
        context = OpeningsContext(
            str(opening["entry_id"]), str(row["origin_agency_id"]), str(row["id"])
        )
        with pytest.raises(CryptoError):
            open_openings(
                bench.hub.keys,
                wrapped_subject_key=row["wrapped_key"],
                context=context,
                sealed=opening["sealed_openings"],
            )
        with pytest.raises(CryptoError):
            open_subject_key(
                bench.hub.keys,
                subject_key_id=str(person),
                owner=str(bench.agencies["surgery"]),
                wrapped=row["wrapped_key"],
            )
    assert view_own(bench.hub, bench.staff["gp"], others.referral_id).fields
    with pytest.raises(HubError):
        view_own(bench.hub, bench.staff["gp"], stored["referral_id"])
    task = only(bench.tasks(stored["referral_id"]))
    with pytest.raises(HubError):
        open_task(bench.hub, bench.staff["mentors"], task["id"])


def test_recipients_are_told_by_reference_and_what_was_not_sent_stops(
    bench: Bench, person: UUID
) -> None:
    bench.refer(needs=(NeedCode.EQUIPMENT,), to=("council",), person={"nhs_number": nhs_number(9)})
    done = erase(bench, person)
    assert done.told == ("Common Ground Peer Mentors",)
    assert done.stopped == ("Mereford Council",)
    bench.deliver()
    assert {state for _, state in bench.states()} == {"withdrawn"}
    assert ("notification", "delivered", None) in bench.outbox()
    assert ("offer", "cancelled", "withdrawn") in bench.outbox()


def test_the_log_verifies_after_an_erasure_and_so_does_the_evidence_taken_away(
    bench: Bench, person: UUID, tmp_path: Path
) -> None:
    reference = bench.one("SELECT reference FROM referral WHERE subject_id = %s", person)
    erase(bench, person)
    bench.deliver()
    outcome = bench.verify()
    assert outcome.ok, outcome.problems
    file = io.BytesIO()
    write_bundle(bench.hub, bench.staff["surgery-dpo"], Filters(reference=reference), file)
    kept = tmp_path / "evidence.zip"
    kept.write_bytes(file.getvalue())
    checked = subprocess.run(
        [sys.executable, "-m", "consent.evidence.verify", kept, "--log-key", bench.hub.log_vkey],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_an_entry_of_an_erased_person_says_so_and_opens_no_more(bench: Bench, person: UUID) -> None:
    about = bench.rows(
        "SELECT id FROM log_entry WHERE subject_id = %s AND sender_agency_id = %s ORDER BY id",
        person, bench.agencies["surgery"],
    )  # fmt: skip
    erase(bench, person)
    opened = open_entry(bench.hub, bench.staff["surgery-dpo"], about[0]["id"])
    assert (opened.values, opened.unopened) == ({}, Unopened.ERASED)


def test_nobody_hides_an_entry_by_calling_it_an_erased_persons(bench: Bench, person: UUID) -> None:
    other = bench.refer(person={"nhs_number": nhs_number(11)})
    erase(bench, person)
    assert bench.verify().ok
    entry = bench.rows("SELECT id FROM log_entry WHERE referral_id = %s LIMIT 1", other.referral_id)
    bench.rows(
        "UPDATE log_opening SET sealed_openings = '', subject_id = %s WHERE entry_id = %s",
        person, only(entry)["id"],
    )  # fmt: skip
    assert {problem.kind for problem in bench.verify().problems} == {Kind.ERASURE}


def test_the_same_person_referred_again_is_a_new_person(bench: Bench, person: UUID) -> None:
    erase(bench, person)
    again = bench.refer(person={"nhs_number": nhs_number(9)})
    found = bench.one("SELECT subject_id FROM referral WHERE id = %s", again.referral_id)
    assert found != person
    bench.deliver()
    assert bench.states(again.referral_id) == [("mentors", "offered")]


def test_while_somebody_helps_the_person_erasure_is_refused_and_the_refusal_logged(
    bench: Bench, person: UUID
) -> None:
    task = only(bench.tasks())
    answer_task(bench.hub, bench.staff["mentors"], AnswerTask(task["id"], True, None, None))
    with pytest.raises(Conflict, match="Common Ground Peer Mentors is helping"):
        erase(bench, person)
    assert all(sealed(bench, person).values())
    last = bench.rows("SELECT type, outcome FROM log_entry ORDER BY id DESC LIMIT 1")
    assert only(last) == {"type": "erasure", "outcome": "refuse"}
    withdraw_agreement(bench.hub, bench.staff["gp"], task["referral_id"])
    erase(bench, person)
    assert sealed(bench, person) == NOTHING
    assert bench.verify().ok
    with pytest.raises(Conflict, match="erased already"):
        erase(bench, person)


def test_a_refusal_says_of_whom_and_why_until_the_person_is_erased_after_all(
    bench: Bench, person: UUID
) -> None:
    officer = bench.staff["surgery-dpo"]
    entry_id = refuse_erasure(bench.hub, officer, person, KeptBecause.LEGAL_CLAIMS)
    assert all(sealed(bench, person).values())
    logged = only(bench.rows("SELECT entry, subject_id FROM log_entry WHERE id = %s", entry_id))
    entry = json.loads(bytes(logged["entry"]))
    assert (entry["outcome"], entry["details"]) == ("refuse", {"kept_because": "legal_claims"})
    assert logged["subject_id"] == person
    assert "subject" in entry["commitments"]
    assert bench.verify().ok
    for stranger in ("gp", "surgery-admin"):
        with pytest.raises(Forbidden):
            refuse_erasure(bench.hub, bench.staff[stranger], person, KeptBecause.ARCHIVING)
    erase(bench, person)
    assert sealed(bench, person) == NOTHING
    assert bench.verify().ok
    with pytest.raises(Conflict, match="erased already"):
        refuse_erasure(bench.hub, officer, person, KeptBecause.ARCHIVING)


@pytest.mark.parametrize("by", ["gp", "mentors", "council", "surgery-admin"])
def test_no_other_role_may_erase_or_even_look(bench: Bench, person: UUID, by: str) -> None:
    actor = bench.staff[by]
    for attempt in (
        lambda: erase_person(bench.hub, actor, person),
        lambda: look_before_erasing(bench.hub, actor, person),
        lambda: find_person(bench.hub, actor, nhs_number=nhs_number(9)),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert all(sealed(bench, person).values())


@pytest.mark.parametrize("by", ["hill-dpo", "council-dpo"])
def test_another_agencys_officer_finds_nobody_and_erases_nobody(
    bench: Bench, person: UUID, by: str
) -> None:
    """The council owns the referral and knows its reference; the person is the surgery's."""
    officer = bench.staff[by]
    reference = bench.one("SELECT reference FROM referral WHERE subject_id = %s", person)
    told = []
    for named in ({"reference": reference}, {"reference": "RH-0000-0000"}):
        with pytest.raises(InvalidInput) as refused:
            find_person(bench.hub, officer, **named)
        told.append(refused.value.fields)
    assert told[0] == told[1]
    with pytest.raises(InvalidInput):
        find_person(bench.hub, officer, nhs_number=nhs_number(9))
    for attempt in (look_before_erasing, erase_person):
        with pytest.raises(NotFound):
            attempt(bench.hub, officer, person)
    assert all(sealed(bench, person).values())


def test_the_officer_finds_the_person_by_reference_or_by_nhs_number(
    bench: Bench, person: UUID
) -> None:
    officer = bench.staff["surgery-dpo"]
    reference = bench.one("SELECT reference FROM referral WHERE subject_id = %s", person)
    assert find_person(bench.hub, officer, reference=reference.lower()) == person
    assert find_person(bench.hub, officer, nhs_number=nhs_number(9)) == person
    with pytest.raises(InvalidInput, match="NHS number"):
        find_person(bench.hub, officer, nhs_number="999 000 0001")
    erase(bench, person)
    with pytest.raises(InvalidInput):
        find_person(bench.hub, officer, nhs_number=nhs_number(9))


def test_a_restored_backup_brings_the_person_back_only_until_the_erasures_are_applied(
    bench: Bench, person: UUID
) -> None:
    before = copy(bench)
    erase(bench, person)
    put_back(bench, before)
    assert all(sealed(bench, person).values())
    assert apply_erasures(bench.hub) == 1
    assert sealed(bench, person) == NOTHING
    assert apply_erasures(bench.hub) == 0
    entry = bench.rows("SELECT entry FROM log_entry WHERE type = 'erasure' AND outcome = 'erased'")
    assert b"restored_backup" in only(entry)["entry"]
    assert {state for _, state in bench.states()} == {"withdrawn"}


def test_keys_put_back_beside_a_log_that_was_not_are_reported_until_applied(
    bench: Bench, person: UUID
) -> None:
    key = only(bench.rows("SELECT * FROM subject WHERE id = %s", person))
    erase(bench, person)
    bench.rows(
        "UPDATE subject SET wrapped_key = %s, erased_at = NULL WHERE id = %s",
        key["wrapped_key"], person,
    )  # fmt: skip
    assert Kind.ERASURE in {problem.kind for problem in bench.verify().problems}
    assert apply_erasures(bench.hub) == 1
    assert bench.verify().ok, bench.verify().problems


def test_where_the_ledger_cannot_be_written_nobody_is_erased(bench: Bench, person: UUID) -> None:
    ledger = bench.hub.settings.erasure_ledger
    ledger.mkdir(parents=True)
    with pytest.raises(ServiceUnavailable, match="nothing was erased"):
        erase(bench, person)
    assert all(sealed(bench, person).values())
    assert bench.verify().ok


def test_the_ledger_holds_ids_only_and_outlives_a_line_that_was_cut_off(
    bench: Bench, person: UUID
) -> None:
    ledger = bench.hub.settings.erasure_ledger
    ledger.write_bytes(b'{"agency": "0190')
    erase(bench, person)
    (line,) = ledger.read_text().splitlines()
    assert json.loads(line).keys() == {"agency", "at", "entry", "subject"}
    ledger.write_text("nonsense\n" + line + "\n")
    with pytest.raises(ServiceUnavailable, match="Line 1"):
        apply_erasures(bench.hub)


def test_the_officers_own_database_role_cannot_take_a_key_away(bench: Bench, person: UUID) -> None:
    us = bench.agencies["surgery"]
    for statement in (
        "UPDATE subject SET wrapped_key = NULL",
        "DELETE FROM message",
        "UPDATE release SET wrapped_keys = NULL",
    ):
        with (
            psycopg.connect(bench.url, options=f"-c role=hub_app -c app.agency={us}") as app,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            app.execute(statement.encode())
    assert all(sealed(bench, person).values())
