"""The person hears that there is news: by a mail without content, through their sender, or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from referral_hub.domain.codes import ClosingOutcome, ContactMethod, DeclineReason
from referral_hub.domain.commands import AnswerTask, CloseTask
from referral_hub.errors import NotFound
from referral_hub.services.answer_task import answer_task, close_task, record_contact
from referral_hub.services.erase_person import erase_person
from referral_hub.services.keep_time import keep_time
from referral_hub.services.person_codes import end_code, give_code
from referral_hub.services.person_told import person_told
from referral_hub.services.record_death import record_death
from referral_hub.services.tell_person import SUBJECT, tell_people
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.services.work_list import Waits, read_work_list
from tests.hub_bench import Bench, NewBench
from tests.leaks import without_ids
from tests.mail import Mailbox

EMAIL, PHONE, POST = ContactMethod.EMAIL, ContactMethod.PHONE, ContactMethod.POST
LATER = timedelta(minutes=5)
PERSONAL = (
    "Zebedee",
    "Quillfeather",
    "07700",
    "COPD",
    "RH-",
    "Mentors",
    "Surgery",
    "Neighbours",
    "lonely",
    "Mereford",
)


@pytest.fixture
def hub_(new_bench: NewBench, mailbox: Mailbox) -> Bench:
    bench = new_bench(HUB_SMTP_URL=mailbox.url, HUB_MAIL_FROM="no-reply@hub.example")
    tell_people(bench.hub)
    bench.clock.forward(LATER)
    return bench


def _refer(
    bench: Bench,
    *preferred: ContactMethod,
    never: tuple[ContactMethod, ...] = (),
    code: bool = True,
    **changes: Any,
) -> UUID:
    contact = replace(
        bench.command().contact, preferred=frozenset(preferred), never=frozenset(never)
    )
    sent = bench.refer(to=("mentors", "neighbours", "council"), contact=contact, **changes)
    if code:
        give_code(bench.hub, bench.staff["gp"], sent.referral_id)
    bench.deliver()
    return sent.referral_id


def _go_on(bench: Bench) -> int:
    """Let a few minutes pass, and the worker tell people and deliver."""
    bench.clock.forward(LATER)
    made = tell_people(bench.hub)
    bench.deliver()
    return made


def _task(bench: Bench, referral_id: UUID) -> Any:
    return bench.tasks(referral_id)[-1]


def _ways(bench: Bench) -> list[tuple[str, str | None]]:
    rows = bench.rows("SELECT step, way FROM person_message ORDER BY id")
    return [(row["step"], row["way"]) for row in rows]


def _list(bench: Bench, username: str = "gp") -> list[tuple[str | None, str]]:
    found = read_work_list(bench.hub, bench.staff[username], what=Waits.TELL).rows
    return [(one.row.kind, (one.row.decision or {})["way"]) for one in found]


def test_who_prefers_mail_is_written_to_at_each_step_without_a_word_about_it(
    hub_: Bench, mailbox: Mailbox
) -> None:
    bench = hub_
    mentors, neighbours = bench.staff["mentors"], bench.staff["neighbours"]
    referral_id = _refer(bench, EMAIL)
    _go_on(bench)
    no = AnswerTask(_task(bench, referral_id)["id"], False, DeclineReason.NO_CAPACITY, None)
    answer_task(bench.hub, mentors, no)
    bench.deliver()
    _go_on(bench)
    task = _task(bench, referral_id)
    answer_task(bench.hub, neighbours, AnswerTask(task["id"], True, None, None))
    _go_on(bench)
    record_contact(bench.hub, neighbours, task["id"])
    closing = CloseTask(task["id"], ClosingOutcome.HELPED, True, "Nothing more")
    close_task(bench.hub, neighbours, closing)
    _go_on(bench)

    steps = ["received", "moved_on", "received", "accepted", "finished"]
    assert _ways(bench) == [(step, "mail") for step in steps]
    assert mailbox.to == ["zq@example.org"] * len(steps)
    assert {str(mail["Subject"]) for mail in mailbox.mails} == {SUBJECT}
    assert len({str(mail["Message-ID"]) for mail in mailbox.mails}) == len(steps)
    for mail in mailbox.mails:
        body = mail.get_body(("plain",))
        assert body is not None
        words = body.get_content()
        assert f"{bench.hub.settings.public_url}/my" in words
        assert not [word for word in PERSONAL if word.lower() in without_ids(words).lower()]
    assert _go_on(bench) == 0
    assert _list(bench) == []
    looks = [
        (row["outcome"], b'"channel":"message"' in bytes(row["entry"]))
        for row in bench.table("log_entry")
        if row["type"] == "view" and b"message_to_person" in bytes(row["entry"])
    ]
    assert looks == [("permit", True)] * len(steps)
    assert bench.verify().ok


def test_who_prefers_the_telephone_is_told_by_the_sender_once(
    hub_: Bench, mailbox: Mailbox
) -> None:
    bench, mentors = hub_, hub_.staff["mentors"]
    referral_id = _refer(bench, PHONE)
    _go_on(bench)
    assert _ways(bench) == [("received", "nobody")]
    assert _list(bench) == []
    task = _task(bench, referral_id)
    answer_task(bench.hub, mentors, AnswerTask(task["id"], True, None, None))
    _go_on(bench)
    assert _list(bench) == [("accepted", "phone")]
    record_contact(bench.hub, mentors, task["id"])
    closing = CloseTask(task["id"], ClosingOutcome.HELPED, True, "Nothing more")
    close_task(bench.hub, mentors, closing)
    _go_on(bench)
    assert _list(bench) == [("finished", "phone")], "an older line gives way to the newer one"
    assert _list(bench, "hill-gp") == _list(bench, "council") == []

    (line,) = read_work_list(bench.hub, bench.staff["gp"], what=Waits.TELL).rows
    for username in ("hill-gp", "council"):
        with pytest.raises(NotFound):
            person_told(bench.hub, bench.staff[username], line.row.id)
    for _ in range(2):
        person_told(bench.hub, bench.staff["nurse"], line.row.id)
    assert _list(bench) == []
    outcomes = [row["outcome"] for row in bench.table("log_entry")]
    assert outcomes.count("person_told") == 1
    assert mailbox.to == []


def test_nobody_is_written_to_who_ruled_it_out_and_providers_hear_all_the_same(
    hub_: Bench, mailbox: Mailbox
) -> None:
    bench = hub_
    ruled_out = _refer(bench, POST, never=(EMAIL, PHONE))
    unsafe = _refer(bench, never=tuple(ContactMethod), code=False)
    without = _refer(bench, EMAIL, code=False)
    _go_on(bench)
    mentors = bench.staff["mentors"]
    for referral_id in (ruled_out, unsafe, without):
        task = _task(bench, referral_id)
        assert task["state"] == "offered", "whoever is to help is asked all the same"
        answer_task(bench.hub, mentors, AnswerTask(task["id"], True, None, None))
    _go_on(bench)
    assert _ways(bench) == [("received", "nobody"), ("accepted", "post")]
    assert mailbox.to == []


@pytest.mark.parametrize("what", ["withdrawn", "died", "ended", "erased"])
def test_what_was_to_be_told_is_not_when_it_has_stopped(
    hub_: Bench, mailbox: Mailbox, what: str
) -> None:
    bench, gp = hub_, hub_.staff["gp"]
    referral_id = _refer(bench, EMAIL)
    by_phone = _refer(bench, PHONE)
    answer_task(
        bench.hub,
        bench.staff["mentors"],
        AnswerTask(_task(bench, by_phone)["id"], True, None, None),
    )
    _go_on(bench)
    assert _list(bench) == [("accepted", "phone")]
    mailbox.to.clear()
    no = AnswerTask(_task(bench, referral_id)["id"], False, DeclineReason.NO_CAPACITY, None)
    answer_task(bench.hub, bench.staff["mentors"], no)
    bench.clock.forward(LATER)
    assert tell_people(bench.hub) == 1, "the row waits in the outbox"

    for one in (referral_id, by_phone):
        match what:
            case "withdrawn":
                withdraw_agreement(bench.hub, gp, one)
            case "died":
                record_death(bench.hub, gp, one, died=True)
            case "ended":
                end_code(bench.hub, gp, one)
            case _:
                withdraw_agreement(bench.hub, gp, one)
                subject = bench.one("SELECT subject_id FROM referral WHERE id = %s", one)
                erase_person(bench.hub, bench.staff["surgery-dpo"], subject)
    bench.deliver()
    _go_on(bench)

    assert mailbox.to == []
    assert _list(bench) == []
    rows = bench.rows("SELECT state FROM outbox WHERE kind = 'person' AND last_code IS NOT NULL")
    assert "due" not in {row["state"] for row in rows}


def test_the_end_of_an_agreement_is_announced_to_the_person_too(hub_: Bench) -> None:
    bench = hub_
    until = (bench.clock() + timedelta(days=10)).date()
    agreement = bench.agreed(("mentors", "neighbours", "council"), until=until)
    _refer(bench, EMAIL, agreement=agreement)
    _go_on(bench)
    keep_time(bench.hub)
    _go_on(bench)
    assert _ways(bench) == [("received", "mail"), ("expiring", "mail")]
    keep_time(bench.hub)
    assert _go_on(bench) == 0


def test_an_address_that_is_refused_makes_a_line_for_the_sender(
    hub_: Bench, mailbox: Mailbox
) -> None:
    bench = hub_
    mailbox.rcpt_answers.append("550 no such mailbox")
    referral_id = _refer(bench, EMAIL)
    answer_task(
        bench.hub,
        bench.staff["mentors"],
        AnswerTask(_task(bench, referral_id)["id"], True, None, None),
    )
    mailbox.rcpt_answers.append("550 no such mailbox")
    _go_on(bench)
    assert _list(bench) == [("accepted", "phone")]
    assert {row["state"] for row in bench.rows("SELECT * FROM outbox WHERE kind = 'person'")} == {
        "delivered"
    }


def test_two_rounds_at_once_and_a_second_row_for_one_cause_tell_nobody_twice(
    hub_: Bench, mailbox: Mailbox
) -> None:
    bench = hub_
    _refer(bench, EMAIL)
    bench.clock.forward(LATER)
    with bench.hub.database.working() as busy:
        busy.exec_driver_sql("SELECT 1 FROM person_round FOR UPDATE")
        assert tell_people(bench.hub) == 0
    assert tell_people(bench.hub) == 1
    bench.rows("UPDATE person_round SET after = %s", UUID(int=1))
    with pytest.raises(Exception, match="recorded already"):
        tell_people(bench.hub)
    bench.deliver()
    bench.deliver()
    assert mailbox.to == ["zq@example.org"]
