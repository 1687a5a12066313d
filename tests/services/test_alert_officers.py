"""An emergency access is told by mail within a minute: a reference, and nothing about anybody."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from consent.model import EmergencyCause
from referral_hub.domain.codes import ReviewOutcome
from referral_hub.domain.commands import AskEmergencyAccess, ReviewEmergencyAccess
from referral_hub.domain.ids import new_id
from referral_hub.services import alert_officers
from referral_hub.services import emergency_review as reviews
from referral_hub.services.alert_officers import announce_alerts
from referral_hub.services.deliver import drain
from referral_hub.services.emergency_access import ask_emergency_access
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.services.work import SWEEP_SECONDS, sweep_until
from referral_hub.store import emergency
from tests.hub_bench import Bench, NewBench, only
from tests.leaks import without_ids
from tests.mail import Mailbox

REASON = "Her neighbour hears water running and nobody answers the door or the telephone."
ADDRESSES = {"surgery": "officer@surgery.example", "mentors": "officer@mentors.example"}
GONE = "redis://127.0.0.1:9/0"


def with_mail(new_bench: NewBench, mailbox: Mailbox) -> Bench:
    bench = new_bench(HUB_SMTP_URL=mailbox.url, REDIS_URL=GONE)
    for key, address in ADDRESSES.items():
        bench.rows("DELETE FROM agency_contact")
        bench.rows(
            "INSERT INTO agency_mail (agency_id, mail_address, code_hash, updated_at)"
            " VALUES (%s, %s, '', %s)",
            bench.agencies[key],
            address,
            bench.clock(),
        )
    return bench


def claimed(bench: Bench) -> UUID:
    """The referral of a claim by the mentors."""
    sent = bench.refer(to=("mentors",))
    bench.deliver()
    task_id = only(bench.tasks(sent.referral_id))["id"]
    wanted = AskEmergencyAccess(task_id, uuid4(), EmergencyCause.OTHERS_AT_RISK, REASON)
    ask_emergency_access(bench.hub, bench.staff["mentors"], wanted)
    return sent.referral_id


def alerts(mailbox: Mailbox) -> list[str]:
    """Whom alerts went to."""
    subjects = [str(mail["Subject"]) for mail in mailbox.mails]
    return sorted(
        to
        for to, subject in zip(mailbox.to, subjects, strict=True)
        if subject == "Emergency access was claimed"
    )


def test_both_officers_are_told_within_a_minute_without_redis_by_a_reference_only(
    new_bench: NewBench, mailbox: Mailbox
) -> None:
    bench = with_mail(new_bench, mailbox)
    referral_id = claimed(bench)
    rounds = iter(range(3))
    sweep_until(bench.hub, lambda: next(rounds, None) is not None)
    assert alerts(mailbox) == sorted(ADDRESSES.values())
    assert SWEEP_SECONDS * 2 < 60
    reference = bench.one("SELECT reference FROM referral WHERE id = %s", referral_id)
    mail = next(m for m in mailbox.mails if str(m["Subject"]).startswith("Emergency"))
    body = mail.get_body(("plain",))
    assert body is not None
    told = body.get_content()
    assert reference in told
    assert "/log/emergencies" in told
    assert reference not in str(mail["Subject"])
    for raw in mailbox.raw:
        for word in ("Quillfeather", "Zebedee", "water", "COPD", "07700", "Gannet"):
            assert word not in without_ids(raw)
    assert bench.verify().ok


def test_nobody_is_told_twice_and_a_mail_server_that_was_away_is_tried_again(
    new_bench: NewBench, mailbox: Mailbox
) -> None:
    bench = with_mail(new_bench, mailbox)
    claimed(bench)
    mailbox.data_answers += ["451 come back later"] * 9
    assert [announce_alerts(bench.hub) for _ in range(2)] == [2, 0]
    drain(bench.hub)
    assert alerts(mailbox) == []
    mailbox.data_answers.clear()
    bench.clock.forward(timedelta(hours=1))
    drain(bench.hub)
    assert alerts(mailbox) == sorted(ADDRESSES.values())
    bench.clock.forward(timedelta(hours=1))
    assert announce_alerts(bench.hub) == 0
    drain(bench.hub)
    assert len(alerts(mailbox)) == 2


def test_a_withdrawal_silences_no_alert_and_a_review_does(
    new_bench: NewBench, mailbox: Mailbox
) -> None:
    bench = with_mail(new_bench, mailbox)
    referral_id = claimed(bench)
    assert announce_alerts(bench.hub) == 2
    officer = bench.staff["surgery-dpo"]
    withdraw_agreement(bench.hub, bench.staff["gp"], referral_id)
    waiting = only(reviews.list_alerts(bench.hub, officer).waiting)
    found = ReviewEmergencyAccess(waiting.id, ReviewOutcome.JUSTIFIED, "Rang the coordinator.")
    reviews.review_emergency_access(bench.hub, officer, found)
    drain(bench.hub)
    assert alerts(mailbox) == [ADDRESSES["mentors"]]


@pytest.mark.parametrize(
    ("contact", "address"),
    [
        ("dpo@surgery.example", "dpo@surgery.example"),
        ("Dr Osei (dpo@surgery.example), 01632 960000", "dpo@surgery.example"),
        ("01632 960000", None),
        ("ask @ the desk", None),
        ("", None),
    ],
    ids=["address", "among words", "telephone", "no address", "blank"],
)
@pytest.mark.parametrize("by_mail", [True, False], ids=["told by mail", "on pages"])
def test_the_officers_own_address_comes_first_and_the_agencys_is_for_want_of_one(
    shared_bench: Bench, contact: str, address: str | None, by_mail: bool
) -> None:
    bench, agency = shared_bench, shared_bench.agencies["surgery"]
    bench.rows("DELETE FROM agency_contact")
    bench.rows("DELETE FROM agency_mail")
    bench.rows("UPDATE emergency_alert SET reviewed_at = now()")
    row = "INSERT INTO agency_contact VALUES (%s, %s, '', '', %s, now())"
    bench.rows(row, new_id(bench.clock()), agency, "an older one, old@surgery.example")
    bench.rows(row, new_id(bench.clock() + timedelta(seconds=1)), agency, contact)
    if by_mail:
        bench.rows(
            "INSERT INTO agency_mail (agency_id, mail_address, code_hash, updated_at)"
            " VALUES (%s, 'duty@surgery.example', '', now())",
            agency,
        )
    claimed(bench)
    expected = address or ("duty@surgery.example" if by_mail else None)
    with bench.hub.database.working() as connection:
        found = emergency.officers(connection, [agency])
    reached = alert_officers.reached(found)
    assert [one.mail_address for one in reached.values()] == ([expected] if expected else [])
    maybe = by_mail or contact.count("@") == 1
    assert announce_alerts(bench.hub) == int(maybe)
    assert reviews.count_alerts(bench.hub, bench.staff["surgery-dpo"]) == 1
