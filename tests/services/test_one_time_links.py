"""An agency without a system is told by mail, opens with link and code, and answers.

The mail server is a real one on this machine.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from referral_hub.domain.codes import DeclineReason, NeedCode
from referral_hub.domain.commands import AnswerTask
from referral_hub.domain.links import MOST_WRONG_CODES, LinkState
from referral_hub.errors import Conflict, InvalidInput, NotFound
from referral_hub.services.acknowledge import acknowledge
from referral_hub.services.answer_task import answer_task, ask, reply
from referral_hub.services.oversee import list_undelivered, replay
from referral_hub.services.register_mail import register_mail, register_mail_of
from referral_hub.services.release import open_task
from referral_hub.services.task_inbox import read_task
from referral_hub.services.visits import (
    Opened,
    Visit,
    WrongCode,
    ask_again,
    leave,
    open_link,
    read_link,
    visit_of,
)
from referral_hub.services.withdraw import withdraw_agreement
from tests.hub_bench import Bench, NewBench, only
from tests.leaks import without_ids
from tests.mail import Mailbox

BOOKS = (NeedCode.CANNOT_GET_OUT,)
ADDRESS = "duty@library.example"
PERSONAL = ("Zebedee", "Quillfeather", "Gannet", "07700", "COPD", "RH-", "1944", "zq@example")


@pytest.fixture
def mailed(new_bench: NewBench, mailbox: Mailbox) -> tuple[Bench, str]:
    """A hub whose libraries are told by mail, and their code."""
    bench = new_bench(HUB_SMTP_URL=mailbox.url, HUB_MAIL_FROM="no-reply@hub.example")
    return bench, register_mail(bench.hub, bench.agencies["library"], ADDRESS)


def refer(bench: Bench) -> UUID:
    """A referral that the libraries were offered; returns the task."""
    bench.refer(BOOKS, ("library",))
    bench.deliver()
    return UUID(str(bench.tasks()[-1]["id"]))


def token(mailbox: Mailbox) -> str:
    return mailbox.link().rpartition("/")[2]


def visit(bench: Bench, mailbox: Mailbox, code: str) -> Visit:
    opened = open_link(bench.hub, token(mailbox), code)
    assert isinstance(opened, Opened)
    return visit_of(bench.hub, opened.visit_id, opened.token)


def outcomes(bench: Bench) -> list[str]:
    rows = bench.rows("SELECT outcome FROM log_entry WHERE outcome LIKE 'link_%%' ORDER BY id")
    return [row["outcome"] for row in rows]


def test_a_mail_says_that_a_referral_waits_and_nothing_about_anybody(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, code = mailed
    refer(bench)
    mail = only(mailbox.mails)
    assert mailbox.to == [ADDRESS]
    assert mail["Subject"] == "A referral is waiting for you"
    text = mailbox.raw[0].decode()
    for part in mail.walk():
        if not part.is_multipart():
            text += part.get_content()
    assert not [fact for fact in (*PERSONAL, code) if fact in without_ids(text)]
    effect = bench.one("SELECT id FROM outbox WHERE kind = 'invitation'")
    assert mail["Message-ID"].startswith(f"<{effect}@")


def test_link_and_code_open_what_is_permitted_and_the_look_is_logged(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, code = mailed
    task_id = refer(bench)
    here = visit(bench, mailbox, f" {code.replace('-', ' ').lower()} ")
    assert here.task_id == task_id
    opened = open_task(bench.hub, here.actor, here.task_id)
    assert opened.fields["identity.first_name"] == "Zebedee"
    assert "contact.phone" not in opened.fields
    assert bench.one("SELECT type FROM log_entry WHERE id = %s", opened.entry_id) == "view"
    assert outcomes(bench) == ["link_opened"]
    assert bench.verify().ok
    assert bench.disclosures_without_entry() == []


def test_looking_at_a_link_changes_nothing(mailed: tuple[Bench, str], mailbox: Mailbox) -> None:
    bench, code = mailed
    refer(bench)
    before = bench.table("invitation"), bench.table("log_entry")
    for _ in range(5):
        assert read_link(bench.hub, token(mailbox)).state is LinkState.USABLE
    assert (bench.table("invitation"), bench.table("log_entry")) == before
    assert visit(bench, mailbox, code)


def test_a_link_works_once_and_its_visit_in_one_browser_alone(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, code = mailed
    refer(bench)
    here = visit(bench, mailbox, code)
    assert open_link(bench.hub, token(mailbox), code) is LinkState.USED
    for other in (None, "", "x", token(mailbox)):
        with pytest.raises(NotFound):
            visit_of(bench.hub, here.id, other)
    with pytest.raises(NotFound):
        visit_of(bench.hub, uuid4(), token(mailbox))


def test_a_visit_lasts_an_hour_and_ends_when_left(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, code = mailed
    refer(bench)
    opened = open_link(bench.hub, token(mailbox), code)
    assert isinstance(opened, Opened)
    bench.clock.forward(timedelta(minutes=59))
    here = visit_of(bench.hub, opened.visit_id, opened.token)
    assert not here.over
    leave(bench.hub, here)
    assert visit_of(bench.hub, opened.visit_id, opened.token).over


def test_five_wrong_codes_close_the_link_even_for_the_right_one(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, code = mailed
    refer(bench)
    wrong = [open_link(bench.hub, token(mailbox), "2222-2222") for _ in range(MOST_WRONG_CODES)]
    assert wrong == [WrongCode(4), WrongCode(3), WrongCode(2), WrongCode(1), LinkState.CLOSED]
    assert open_link(bench.hub, token(mailbox), code) is LinkState.CLOSED
    assert outcomes(bench) == ["link_closed"]


def test_a_new_link_goes_to_the_registered_address_alone_and_not_too_often(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, code = mailed
    refer(bench)
    old = token(mailbox)
    assert ask_again(bench.hub, old) is LinkState.USABLE
    bench.clock.forward(timedelta(days=8))
    assert read_link(bench.hub, old).state is LinkState.EXPIRED
    assert ask_again(bench.hub, old) is None
    with pytest.raises(Conflict):
        ask_again(bench.hub, old)
    bench.deliver()
    with pytest.raises(Conflict):
        ask_again(bench.hub, old)
    assert mailbox.to == [ADDRESS, ADDRESS]
    assert token(mailbox) != old
    assert visit(bench, mailbox, code)


def test_after_accepting_the_rest_is_announced_by_another_mail(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, code = mailed
    refer(bench)
    here = visit(bench, mailbox, code)
    answer_task(bench.hub, here.actor, AnswerTask(here.task_id, True, None, "Gladly"))
    bench.deliver()
    assert len(mailbox.raw) == 2
    assert mailbox.mails[1]["Subject"] == "There is news about a referral for you"
    again = visit(bench, mailbox, code)
    assert open_task(bench.hub, again.actor, again.task_id).fields["contact.phone"]


def test_an_answered_question_is_announced_too(mailed: tuple[Bench, str], mailbox: Mailbox) -> None:
    bench, code = mailed
    refer(bench)
    here = visit(bench, mailbox, code)
    ask(bench.hub, here.actor, here.task_id, "Is there a step?")
    reply(bench.hub, bench.staff["gp"], here.task_id, "No step.")
    bench.deliver()
    assert len(mailbox.raw) == 2
    again = visit(bench, mailbox, code)
    words = [note.text for note in open_task(bench.hub, again.actor, again.task_id).messages]
    assert words == ["Is there a step?", "No step."]


def test_not_for_us_moves_the_referral_on_and_ends_the_link(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, code = mailed
    bench.refer(BOOKS, ("library", "council"))
    bench.deliver()
    here = visit(bench, mailbox, code)
    no = AnswerTask(here.task_id, False, DeclineReason.NO_CAPACITY, None)
    answer_task(bench.hub, here.actor, no)
    bench.deliver()
    assert bench.states()[0] == ("library", "declined")
    assert read_link(bench.hub, token(mailbox)).state is LinkState.MOVED_ON


def test_a_withdrawal_is_announced_and_acknowledged_by_link(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, code = mailed
    task_id = refer(bench)
    first = token(mailbox)
    withdraw_agreement(bench.hub, bench.staff["gp"], bench.tasks()[-1]["referral_id"])
    bench.deliver()
    assert len(mailbox.raw) == 2
    here = visit(bench, mailbox, code)
    with pytest.raises(Conflict):
        open_task(bench.hub, here.actor, here.task_id)
    told = only(list(read_task(bench.hub, here.actor, task_id).told))
    assert acknowledge(bench.hub, here.actor, told.id) == "acknowledged"
    assert read_link(bench.hub, first).state is LinkState.MOVED_ON


def test_a_withdrawal_ends_the_link_and_what_a_visit_may_open_at_once(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, code = mailed
    refer(bench)
    unopened = token(mailbox)
    here = visit(bench, mailbox, code)
    withdraw_agreement(bench.hub, bench.staff["gp"], bench.tasks()[-1]["referral_id"])
    assert read_link(bench.hub, unopened).state is LinkState.MOVED_ON
    with pytest.raises(Conflict):
        open_task(bench.hub, here.actor, here.task_id)


def test_a_mail_that_was_taken_twice_has_one_message_id_and_two_links_that_work(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, code = mailed
    refer(bench)
    effect = bench.one("SELECT id FROM outbox WHERE kind = 'invitation'")
    bench.rows("UPDATE outbox SET state = 'due', settled_at = NULL WHERE id = %s", effect)
    bench.deliver()
    one, two = mailbox.mails
    assert one["Message-ID"] == two["Message-ID"]
    first, second = (mailbox.link(n).rpartition("/")[2] for n in (0, 1))
    assert first != second
    assert isinstance(open_link(bench.hub, first, code), Opened)
    assert open_link(bench.hub, second, code) is LinkState.USED


def test_a_refused_mail_waits_for_a_person_who_can_send_it_again(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, _ = mailed
    mailbox.rcpt_answers.append("550 no such user")
    refer(bench)
    council = bench.staff["council"]
    stuck = only(list_undelivered(bench.hub, council))
    assert (stuck.kind, stuck.state, stuck.last_code) == ("invitation", "refused", "smtp_550")
    replay(bench.hub, council, stuck.id)
    bench.deliver()
    assert len(mailbox.raw) == 1


def test_a_mail_that_is_put_off_is_tried_again(mailed: tuple[Bench, str], mailbox: Mailbox) -> None:
    bench, _ = mailed
    mailbox.data_answers.append("451 greylisted")
    refer(bench)
    assert mailbox.raw == []
    bench.clock.forward(timedelta(seconds=10))
    bench.deliver()
    assert len(mailbox.raw) == 1


def test_nothing_secret_is_stored(mailed: tuple[Bench, str], mailbox: Mailbox) -> None:
    bench, code = mailed
    refer(bench)
    opened = open_link(bench.hub, token(mailbox), code)
    assert isinstance(opened, Opened)
    stored = "".join(
        str(row)
        for name in ("agency_mail", "invitation", "invitation_token", "outbox", "log_entry")
        for row in bench.table(name)
    )
    for secret in (code, code.replace("-", ""), token(mailbox), opened.token):
        assert secret not in stored


def test_a_new_code_ends_the_old_one_for_links_that_were_sent(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, old = mailed
    refer(bench)
    fresh = register_mail(bench.hub, bench.agencies["library"], ADDRESS)
    assert open_link(bench.hub, token(mailbox), old) == WrongCode(4)
    assert isinstance(open_link(bench.hub, token(mailbox), fresh), Opened)


def test_agencies_that_are_not_told_by_mail_get_none(
    mailed: tuple[Bench, str], mailbox: Mailbox
) -> None:
    bench, _ = mailed
    bench.refer(to=("neighbours",))
    bench.deliver()
    task_id = bench.tasks()[-1]["id"]
    ask(bench.hub, bench.staff["neighbours"], task_id, "When?")
    reply(bench.hub, bench.staff["gp"], task_id, "Soon.")
    bench.deliver()
    assert mailbox.raw == []
    assert ("invitation", "cancelled", "nobody_to_write_to") in bench.outbox()


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b", "a@b.c\r\nBcc: d@e.f", "a@b.example " * 9]
)
def test_only_a_mail_address_can_be_registered(bench: Bench, address: str) -> None:
    with pytest.raises(InvalidInput):
        register_mail_of(bench.hub, "Mereford Libraries", address)
    with pytest.raises(InvalidInput):
        register_mail_of(bench.hub, "No such agency", "a@b.example")
