"""Registers: two people put an agreement or words in force, and the next decision knows it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from consent.codes import Article6, Article9, DataClass, Purpose
from consent.notices import notice
from referral_hub.domain.codes import NeedCode
from referral_hub.domain.commands import Actor
from referral_hub.domain.registers import ItemState, ProcessingRole, Register
from referral_hub.errors import Conflict, Forbidden, InvalidInput, NotFound
from referral_hub.services.activity_register import Activity, record_activity
from referral_hub.services.agreement_register import (
    AgreementTerms,
    decide_agreement,
    propose_agreement,
)
from referral_hub.services.notice_register import (
    Adoption,
    decide_notice,
    propose_notice,
    words_in_use,
)
from referral_hub.services.overview import overview
from referral_hub.services.register_files import register_file
from referral_hub.services.registers import (
    Details,
    end_item,
    own_details,
    read_item,
    read_register,
    record_details,
)
from referral_hub.services.table_forms import TableForm
from tests.hub_bench import Bench
from tests.pdf_checks import text_of_pdf

WELSH = notice("support-referral", "2", "cy")
ENGLISH = notice("support-referral", "2", "en")
OLD_WORDS = notice("support-referral", "1", "en")
YEAR = timedelta(days=365)


def terms(bench: Bench, with_: str = "fire", **changes: Any) -> AgreementTerms:
    today = bench.clock().date()
    made = AgreementTerms(
        other=bench.agencies[with_],
        sending=True,
        purposes=frozenset({Purpose.SUPPORT}),
        classes=frozenset(DataClass),
        article6=Article6.PUBLIC_TASK,
        article9=Article9.EXPLICIT_CONSENT,
        evidence={"public_task_reference": "FRSA-2004-s6"},
        since=today,
        until=today + YEAR,
        review_on=today + YEAR / 2,
        document="ISA-2026-07",
    )
    return replace(made, **changes)


def activity(bench: Bench, **changes: Any) -> Activity:
    made = Activity(
        name="Referrals to voluntary groups",
        role=ProcessingRole.CONTROLLER,
        purposes="Support at home",
        lawful_basis="Article 6(1)(e), Article 9(2)(h)",
        people="Patients and their carers",
        information="Names, ways of contact, needs",
        recipients="Voluntary groups that the person named",
        transfers="None",
        retention="Eight years",
        security="Each field sealed on its own",
        document=None,
        review_on=bench.clock().date() + timedelta(days=20),
    )
    return replace(made, **changes)


def last_state(bench: Bench, *, to: str) -> str:
    """Where a new referral of somebody who agreed to one agency stands."""
    needs = frozenset({NeedCode.HOME_SAFETY if to == "fire" else NeedCode.LONELY})
    sent = bench.refer(to=(to,), needs=needs)
    return str(bench.tasks(sent.referral_id)[0]["state"])


def decision_of(bench: Bench, *, to: str) -> dict[str, Any]:
    needs = frozenset({NeedCode.HOME_SAFETY if to == "fire" else NeedCode.LONELY})
    sent = bench.refer(to=(to,), needs=needs)
    found = bench.rows(
        "SELECT entry FROM log_entry WHERE type = 'decision' AND referral_id = %s"
        " AND recipient_agency_id = %s ORDER BY id LIMIT 1",
        sent.referral_id,
        bench.agencies[to],
    )
    entry: dict[str, Any] = json.loads(bytes(found[0]["entry"]))
    return entry


def state(bench: Bench, actor: Actor, item: UUID, register: Register = Register.AGREEMENTS) -> str:
    return read_item(bench.hub, actor, register, item).state


def test_a_proposal_changes_nothing_and_an_approval_changes_the_next_decision(
    bench: Bench,
) -> None:
    officer, theirs = bench.staff["surgery-dpo"], bench.staff["fire-admin"]
    before = decision_of(bench, to="fire")
    assert (before["outcome"], before["details"]["reason"]) == ("refuse", "no_agreement")
    item = propose_agreement(bench.hub, officer, terms(bench))
    assert decision_of(bench, to="fire")["outcome"] == "refuse"
    decide_agreement(bench.hub, theirs, item, approve=True)
    assert state(bench, officer, item) is ItemState.IN_FORCE
    assert decision_of(bench, to="fire")["outcome"] == "permit"
    end_item(bench.hub, officer, Register.AGREEMENTS, item)
    assert state(bench, officer, item) is ItemState.ENDED
    assert decision_of(bench, to="fire")["outcome"] == "refuse"
    assert bench.verify().ok


def test_the_worker_decides_again_from_the_same_register(bench: Bench) -> None:
    officer, admin = bench.staff["surgery-dpo"], bench.staff["fire-admin"]
    item = propose_agreement(bench.hub, officer, terms(bench))
    decide_agreement(bench.hub, admin, item, approve=True)
    sent = bench.refer(to=("fire",), needs=frozenset({NeedCode.HOME_SAFETY}))
    end_item(bench.hub, officer, Register.AGREEMENTS, item)
    bench.deliver()
    task = bench.tasks(sent.referral_id)[0]
    assert task["released_at"] is None


def test_whoever_proposes_cannot_approve(bench: Bench) -> None:
    officer = bench.staff["surgery-dpo"]
    item = propose_agreement(bench.hub, officer, terms(bench))
    with pytest.raises(Conflict, match="Somebody else"):
        decide_agreement(bench.hub, officer, item, approve=True)
    with pytest.raises(psycopg.errors.CheckViolation):
        bench.rows(
            "UPDATE sharing_agreement SET decided_by = proposed_by, decision = 'approved'"
            " WHERE id = %s",
            item,
        )


def test_an_agency_that_has_an_officer_approves_for_itself(bench: Bench) -> None:
    """The council has an officer, so the surgery's own second person is not enough."""
    officer, admin = bench.staff["surgery-dpo"], bench.staff["surgery-admin"]
    theirs = bench.staff["council-dpo"]
    item = propose_agreement(bench.hub, officer, terms(bench, "council"))
    with pytest.raises(Conflict, match="other agency"):
        decide_agreement(bench.hub, admin, item, approve=True)
    with pytest.raises(NotFound):
        decide_agreement(bench.hub, bench.staff["hill-dpo"], item, approve=True)
    assert state(bench, theirs, item) is ItemState.WAITING
    decide_agreement(bench.hub, theirs, item, approve=True)
    assert state(bench, officer, item) is ItemState.IN_FORCE
    with pytest.raises(Conflict, match="already"):
        decide_agreement(bench.hub, theirs, item, approve=False)
    entries = bench.rows(
        "SELECT outcome, sender_agency_id, recipient_agency_id FROM log_entry"
        " WHERE outcome LIKE 'register_%%' ORDER BY id"
    )
    parties = (bench.agencies["surgery"], bench.agencies["council"])
    assert [
        (row["outcome"], row["sender_agency_id"], row["recipient_agency_id"]) for row in entries
    ] == [
        ("register_proposed", *parties),
        ("register_approved", *parties),
    ]


def test_an_agency_without_an_officer_leaves_it_to_a_second_person_of_the_other(
    bench: Bench,
) -> None:
    officer, admin = bench.staff["surgery-dpo"], bench.staff["surgery-admin"]
    item = propose_agreement(bench.hub, officer, terms(bench, "mentors"))
    with pytest.raises(Conflict, match="Somebody else"):
        decide_agreement(bench.hub, officer, item, approve=True)
    decide_agreement(bench.hub, admin, item, approve=True)
    assert state(bench, officer, item) is ItemState.IN_FORCE


def test_a_recipient_may_propose_and_the_sender_approves(bench: Bench) -> None:
    theirs, officer = bench.staff["council-dpo"], bench.staff["surgery-dpo"]
    item = propose_agreement(bench.hub, theirs, terms(bench, "surgery", sending=False))
    decide_agreement(bench.hub, officer, item, approve=False)
    assert state(bench, theirs, item) is ItemState.TURNED_DOWN


def test_a_revision_supersedes_from_its_day_and_edits_nothing(bench: Bench) -> None:
    officer, theirs = bench.staff["surgery-dpo"], bench.staff["council-dpo"]
    before = next(
        item
        for item in read_register(bench.hub, officer, Register.AGREEMENTS)
        if item.row["recipient_name"] == "Mereford Council"
    )
    assert before.state is ItemState.IN_FORCE
    assert before.due  # nobody gave it a day of review
    narrow = terms(
        bench,
        "council",
        classes=frozenset({DataClass.NEED}),
        since=bench.clock().date() + timedelta(days=10),
    )
    item = propose_agreement(bench.hub, officer, narrow, supersedes=before.id)
    with pytest.raises(Conflict, match="other revision"):
        propose_agreement(bench.hub, officer, narrow, supersedes=before.id)
    decide_agreement(bench.hub, theirs, item, approve=True)
    assert state(bench, officer, item) is ItemState.NOT_YET
    assert state(bench, officer, before.id) is ItemState.IN_FORCE
    assert set(decision_of(bench, to="council")["classes"]) != {"need"}
    bench.clock.forward(timedelta(days=11))
    assert state(bench, officer, item) is ItemState.IN_FORCE
    assert state(bench, officer, before.id) is ItemState.SUPERSEDED
    assert decision_of(bench, to="council")["classes"] == ["need"]
    kept = bench.rows("SELECT * FROM sharing_agreement WHERE id = %s", before.id)[0]
    assert {name: before.row[name] for name in kept} == kept


def test_a_basis_without_its_reference_is_told_at_the_field(bench: Bench) -> None:
    officer = bench.staff["surgery-dpo"]
    for changes, field in (
        ({"evidence": {}}, "public_task_reference"),
        ({"article9": Article9.HEALTH_OR_SOCIAL_CARE}, "professional_secrecy"),
        ({"article6": Article6.LEGITIMATE_INTERESTS}, "legitimate_interests_assessment"),
        ({"other": uuid4()}, "other"),
        ({"other": bench.agencies["surgery"]}, "other"),
    ):
        with pytest.raises(InvalidInput) as problem:
            propose_agreement(bench.hub, officer, terms(bench, **changes))
        assert list(problem.value.fields) == [field]


def test_the_database_takes_no_agreement_that_nobody_proposed(bench: Bench) -> None:
    us = bench.agencies["surgery"]
    columns = (
        "id, sender_agency_id, recipient_agency_id, purposes, classes, article6, evidence,"
        " valid_from, valid_until, proposed_agency_id, proposed_by, proposed_at, decided_at"
    )
    values = "%s, %s, %s, '{support}', '{need}', 'e', '{}', now(), now() + interval '1 day'"
    for proposed, decided in ((None, None), ("now()", "now()")):
        with (
            psycopg.connect(bench.url, options=f"-c role=hub_app -c app.agency={us}") as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(
                f"INSERT INTO sharing_agreement ({columns}) VALUES ({values}, %s, %s,"  # noqa: S608 - constants
                f" {proposed or 'NULL'}, {decided or 'NULL'})".encode(),
                (uuid4(), us, bench.agencies["fire"], us, uuid4()),
            )


def test_going_down_keeps_the_dates_that_agreements_really_had(bench: Bench) -> None:
    """The view says what the migration would write; waiting proposals would go."""
    officer, admin = bench.staff["surgery-dpo"], bench.staff["fire-admin"]
    item = propose_agreement(bench.hub, officer, terms(bench))
    waiting = propose_agreement(bench.hub, officer, terms(bench, "library"))
    decide_agreement(bench.hub, admin, item, approve=True)
    end_item(bench.hub, officer, Register.AGREEMENTS, item)
    row = bench.rows("SELECT * FROM agreement_in_force WHERE id = %s", item)[0]
    ended = bench.one("SELECT ended_at FROM sharing_agreement WHERE id = %s", item)
    assert row["valid_until"] == ended
    assert bench.rows("SELECT 1 FROM agreement_in_force WHERE id = %s", waiting) == []


def adoption(bench: Bench, **changes: Any) -> Adoption:
    today = bench.clock().date()
    return replace(
        Adoption(ENGLISH, since=today, until=None, review_on=today + YEAR, document=None), **changes
    )


def test_words_count_when_two_people_approved_them_and_others_no_more(bench: Bench) -> None:
    officer, admin, gp = (bench.staff[name] for name in ("surgery-dpo", "surgery-admin", "gp"))

    def told() -> list[tuple[str, str]]:
        return [
            (one.version, one.language) for one in words_in_use(bench.hub, gp, "support-referral")
        ]

    assert told() == [("2", "en"), ("2", "cy")]
    item = propose_notice(bench.hub, officer, adoption(bench, words=OLD_WORDS))
    assert told() == [("2", "en"), ("2", "cy")]
    with pytest.raises(Conflict, match="Somebody else"):
        decide_notice(bench.hub, officer, item, approve=True)
    decide_notice(bench.hub, admin, item, approve=True)
    assert told() == [("1", "en")]
    with pytest.raises(InvalidInput) as problem:
        bench.refer()
    assert list(problem.value.fields) == ["notice"]
    assert bench.refer(agreement=bench.agreed(("mentors",), notice_version="1")).reference
    newer = propose_notice(bench.hub, officer, adoption(bench), supersedes=item)
    decide_notice(bench.hub, admin, newer, approve=True)
    assert told() == [("2", "en")]
    assert state(bench, officer, item, Register.NOTICES) is ItemState.SUPERSEDED
    hill = bench.staff["hill-gp"]
    assert len(words_in_use(bench.hub, hill, "support-referral")) == 2


def test_words_end_on_their_day(bench: Bench) -> None:
    officer, admin, gp = (bench.staff[name] for name in ("surgery-dpo", "surgery-admin", "gp"))
    until = bench.clock().date() + timedelta(days=3)
    for words in (ENGLISH, WELSH):
        last = until if words is WELSH else None
        item = propose_notice(bench.hub, officer, adoption(bench, words=words, until=last))
        decide_notice(bench.hub, admin, item, approve=True)
    assert len(words_in_use(bench.hub, gp, "support-referral")) == 2
    bench.clock.forward(timedelta(days=5))
    assert words_in_use(bench.hub, gp, "support-referral") == [ENGLISH]


def test_an_activity_is_revised_by_another_and_ends(bench: Bench) -> None:
    officer = bench.staff["surgery-dpo"]
    first = record_activity(bench.hub, officer, activity(bench))
    second = record_activity(
        bench.hub, officer, activity(bench, retention="Ten years"), supersedes=first
    )
    assert state(bench, officer, first, Register.ACTIVITIES) is ItemState.SUPERSEDED
    with pytest.raises(Conflict):
        record_activity(bench.hub, officer, activity(bench), supersedes=first)
    end_item(bench.hub, officer, Register.ACTIVITIES, second)
    with pytest.raises(Conflict):
        end_item(bench.hub, officer, Register.ACTIVITIES, second)
    for other in ("hill-dpo", "council-dpo"):
        with pytest.raises(NotFound):
            read_item(bench.hub, bench.staff[other], Register.ACTIVITIES, first)
        assert read_register(bench.hub, bench.staff[other], Register.ACTIVITIES) == []


def test_what_is_due_stands_on_the_overview_until_it_is_revised(bench: Bench) -> None:
    officer = bench.staff["surgery-dpo"]
    first = record_activity(bench.hub, officer, activity(bench))
    due = [row for row in overview(bench.hub, officer, 7).review if row.register == "activities"]
    assert [row.id for row in due] == [first]
    later = bench.clock().date() + YEAR
    record_activity(bench.hub, officer, activity(bench, review_on=later), supersedes=first)
    bench.clock.forward(timedelta(minutes=20))
    found = overview(bench.hub, officer, 7)
    assert [row for row in found.review if row.register == "activities"] == []
    assert {row.register for row in found.review} == {"agreements"}
    assert found.waiting == 0
    propose_notice(bench.hub, officer, adoption(bench))
    assert overview(bench.hub, officer, 7).waiting == 1
    assert overview(bench.hub, bench.staff["hill-dpo"], 7).waiting == 0


def test_a_file_is_formula_safe_whole_and_logged(bench: Bench) -> None:
    officer = bench.staff["surgery-dpo"]
    record_activity(bench.hub, officer, activity(bench, name="=1+1"))
    before = bench.one("SELECT count(*) FROM log_entry WHERE type = 'access'")
    taken: dict[TableForm, bytes] = {}
    for form in TableForm:
        file = io.BytesIO()
        register_file(bench.hub, officer, Register.ACTIVITIES, file, form=form)
        taken[form] = file.getvalue()
    assert bench.one("SELECT count(*) FROM log_entry WHERE type = 'access'") == before + 3
    rows = list(csv.DictReader(io.StringIO(taken[TableForm.CSV].decode("utf-8-sig"))))
    assert rows[0]["name"] == "'=1+1"
    assert json.loads(taken[TableForm.JSON])["activities"][0]["retention"] == "Eight years"
    assert taken[TableForm.PDF].startswith(b"%PDF")
    assert "Eight years" in text_of_pdf(taken[TableForm.PDF])


def test_the_agencys_address_is_the_newest_that_it_recorded(bench: Bench) -> None:
    officer = bench.staff["surgery-dpo"]
    record_details(bench.hub, officer, Details("3 Quay", "01632 960011", "dpo@quay.example"))
    assert own_details(bench.hub, officer).address == "3 Quay"
    assert own_details(bench.hub, bench.staff["hill-dpo"]).address.startswith("Hill View")


def test_others_keep_no_registers(bench: Bench) -> None:
    for name in ("gp", "mentors", "council"):
        actor = bench.staff[name]
        with pytest.raises(Forbidden):
            read_register(bench.hub, actor, Register.AGREEMENTS)
        with pytest.raises(Forbidden):
            propose_agreement(bench.hub, actor, terms(bench))
        with pytest.raises(Forbidden):
            record_activity(bench.hub, actor, activity(bench))


def test_every_write_has_its_entry_and_names_no_text(bench: Bench) -> None:
    officer, admin = bench.staff["surgery-dpo"], bench.staff["fire-admin"]
    item = propose_agreement(bench.hub, officer, terms(bench))
    decide_agreement(bench.hub, admin, item, approve=True)
    end_item(bench.hub, officer, Register.AGREEMENTS, item)
    record_activity(bench.hub, officer, activity(bench))
    entries = bench.rows(
        "SELECT outcome, entry FROM log_entry WHERE outcome LIKE 'register_%%' ORDER BY id"
    )
    assert [row["outcome"] for row in entries] == [
        "register_proposed",
        "register_approved",
        "register_ended",
        "register_recorded",
    ]
    assert all(b"FRSA" not in bytes(row["entry"]) for row in entries)
    assert all("facts" in json.loads(bytes(row["entry"]))["commitments"] for row in entries)
