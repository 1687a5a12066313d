"""What becomes of an agreement reaches whoever has the referral, is answered, and is chased.

The clock is moved; the database, the worker's round and the partner's server are real.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from consent.model import EventState, GivenBy, Method
from referral_hub.domain.codes import NotificationKind, NotificationState, Role
from referral_hub.domain.commands import Actor, AnswerTask
from referral_hub.domain.notifications import rule_of
from referral_hub.errors import Conflict, Forbidden, HubError, InvalidInput, NotFound
from referral_hub.services.acknowledge import acknowledge, settle
from referral_hub.services.answer_task import answer_task
from referral_hub.services.change_of_mind import Changed, change_of_mind
from referral_hub.services.correct_fact import Correction, correct_fact
from referral_hub.services.keep_time import keep_time
from referral_hub.services.put_right import record_agreement
from referral_hub.services.release import Withheld, open_task, view_own
from referral_hub.services.stop_sharing import Said
from referral_hub.services.submit_referral import Submitted
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.services.work_list import Clearing, Waits, read_work_list
from referral_hub.store import outbox
from tests import people
from tests.hub_bench import GARDEN, Bench, Row, only
from tests.services.partners import PartnerSystem

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
LEASE = timedelta(seconds=90)
SAID = "SELECT state, evidence FROM consent_event WHERE referral_id = %s ORDER BY id"
KINDS = [NotificationKind.REFUSED, NotificationKind.OBJECTED, NotificationKind.RESTRICTED]


def say(
    bench: Bench, referral_id: UUID, kind: NotificationKind, *to: str, by: str = "gp"
) -> Changed:
    agencies = frozenset(bench.agencies[key] for key in to)
    said = Said(kind, agencies, Method.PHONE, GivenBy.SELF)
    return change_of_mind(bench.hub, bench.staff[by], referral_id, said)


def notified(bench: Bench, sent: Submitted | None = None) -> list[Row]:
    """What was told about one referral, or about all."""
    wanted = "SELECT * FROM notification WHERE coalesce(referral_id = %s, true) ORDER BY id"
    return bench.rows(wanted, sent and sent.referral_id)


def told(bench: Bench, sent: Submitted | None = None) -> list[tuple[str, str]]:
    return [(row["kind"], row["state"]) for row in notified(bench, sent)]


def outcomes(bench: Bench, sent: Submitted | None = None) -> list[str]:
    """What the log says of tellings, oldest first."""
    steps = ("told", "chased", "unanswered", "acknowledged", "settled", "announced", "expired")
    rows = bench.rows(
        "SELECT outcome FROM log_entry WHERE outcome = ANY(%s)"
        " AND coalesce(referral_id = %s, true) ORDER BY id",
        list(steps),
        sent and sent.referral_id,
    )
    return [row["outcome"] for row in rows]


def releases(bench: Bench, sent: Submitted) -> list[tuple[str, int]]:
    """(stage, version of the record) of each disclosure of a referral."""
    rows = bench.rows("SELECT * FROM release WHERE referral_id = %s ORDER BY id", sent.referral_id)
    return [(row["stage"], row["record_version"]) for row in rows]


def accepted(bench: Bench, sent: Submitted, to: str = "mentors") -> UUID:
    task_id: UUID = bench.tasks(sent.referral_id)[-1]["id"]
    answer_task(bench.hub, bench.staff[to], AnswerTask(task_id, True, None, None))
    bench.deliver()
    return task_id


@pytest.mark.parametrize("kind", KINDS)
def test_who_has_it_is_told_by_reference_and_can_no_longer_open_it(
    shared_bench: Bench, kind: NotificationKind
) -> None:
    bench = shared_bench
    sent = bench.refer(to=("mentors", "neighbours", "council"))
    bench.deliver()
    task_id = only(bench.tasks(sent.referral_id))["id"]
    bench.clock.forward(SECOND)
    changed = say(bench, sent.referral_id, kind, "mentors")
    assert changed == Changed((), ("Common Ground Peer Mentors",))
    with pytest.raises(HubError):
        open_task(bench.hub, bench.staff["mentors"], task_id)
    bench.deliver()
    row = only(notified(bench, sent))
    assert (row["kind"], row["state"], row["task_id"]) == (kind.value, "waiting", task_id)
    assert row["due_at"] - row["told_at"] == rule_of(kind).answer_within
    said = bench.rows(SAID, sent.referral_id)[-1]
    assert said["state"] == EventState.REFUSED
    assert said["evidence"] == {"said": kind.value}
    assert bench.verify().ok


def test_a_refusal_ends_the_turn_and_asks_the_next_that_is_agreed_to(shared_bench: Bench) -> None:
    bench = shared_bench
    sent = bench.refer(to=("mentors", "neighbours", "council"))
    bench.deliver()
    bench.clock.forward(SECOND)
    say(bench, sent.referral_id, NotificationKind.REFUSED, "mentors")
    bench.deliver()
    assert bench.states(sent.referral_id) == [("mentors", "withdrawn"), ("neighbours", "offered")]


def test_a_restriction_keeps_the_turn_and_a_new_agreement_lifts_it(shared_bench: Bench) -> None:
    bench = shared_bench
    sent = bench.refer(to=("mentors", "council"))
    bench.deliver()
    task_id, mentors = only(bench.tasks(sent.referral_id))["id"], bench.staff["mentors"]
    bench.clock.forward(SECOND)
    say(bench, sent.referral_id, NotificationKind.RESTRICTED, "mentors")
    answer_task(bench.hub, mentors, AnswerTask(task_id, True, None, None))
    bench.deliver()
    assert bench.states(sent.referral_id) == [("mentors", "accepted")]
    assert releases(bench, sent) == [("offer", 1)]
    with pytest.raises(Withheld):
        open_task(bench.hub, mentors, task_id)
    bench.clock.forward(SECOND)
    again = bench.agreed(("mentors", "council"))
    record_agreement(bench.hub, bench.staff["gp"], sent.referral_id, again)
    bench.deliver()
    assert releases(bench, sent) == [("offer", 1), ("accepted", 1)]
    assert "identity.family_name" in open_task(bench.hub, mentors, task_id).fields
    assert told(bench, sent) == [("restricted", "superseded"), ("renewed", "waiting")]
    states = bench.rows(SAID, sent.referral_id)
    assert [row["state"] for row in states] == ["given", "refused", "renewed"]
    assert bench.verify().ok


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_unsent_does_not_go(shared_bench: Bench, kind: NotificationKind) -> None:
    bench = shared_bench
    sent = bench.refer(to=("mentors",))
    bench.clock.forward(SECOND)
    changed = say(bench, sent.referral_id, kind, "mentors")
    assert changed == Changed(("Common Ground Peer Mentors",), ())
    bench.deliver()
    assert releases(bench, sent) == []
    assert told(bench, sent) == []


def test_saying_the_same_again_or_after_a_withdrawal_is_refused(shared_bench: Bench) -> None:
    bench = shared_bench
    sent = bench.refer(to=("mentors", "council"))
    bench.deliver()
    bench.clock.forward(SECOND)
    say(bench, sent.referral_id, NotificationKind.RESTRICTED, "mentors")
    with pytest.raises(Conflict, match="recorded already"):
        say(bench, sent.referral_id, NotificationKind.RESTRICTED, "mentors")
    say(bench, sent.referral_id, NotificationKind.REFUSED, "mentors")
    withdraw_agreement(bench.hub, bench.staff["gp"], sent.referral_id)
    with pytest.raises(Conflict, match="withdrawn"):
        say(bench, sent.referral_id, NotificationKind.OBJECTED, "mentors")


def test_only_the_senders_staff_and_only_about_the_plans_agencies(shared_bench: Bench) -> None:
    bench = shared_bench
    sent = bench.refer(to=("mentors",))
    with pytest.raises(NotFound):
        say(bench, sent.referral_id, NotificationKind.REFUSED, "mentors", by="hill-gp")
    bench.deliver()
    with pytest.raises(Forbidden):
        say(bench, sent.referral_id, NotificationKind.REFUSED, "mentors", by="mentors")
    for agencies in ((), ("surgery",)):
        with pytest.raises(InvalidInput, match="agencies"):
            say(bench, sent.referral_id, NotificationKind.REFUSED, *agencies)


def test_an_acknowledgement_is_recorded_once_however_often_it_is_said(shared_bench: Bench) -> None:
    bench = shared_bench
    sent = bench.refer()
    bench.deliver()
    withdraw_agreement(bench.hub, bench.staff["gp"], sent.referral_id)
    bench.deliver()
    mentors, one = bench.staff["mentors"], only(notified(bench, sent))["id"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: acknowledge(bench.hub, mentors, one), range(4)))
    assert set(answers) == {NotificationState.ACKNOWLEDGED}
    assert outcomes(bench, sent) == ["told", "acknowledged"]


def test_another_agencys_notification_is_not_there(shared_bench: Bench) -> None:
    bench = shared_bench
    sent = bench.refer()
    bench.deliver()
    withdraw_agreement(bench.hub, bench.staff["gp"], sent.referral_id)
    bench.deliver()
    one = only(notified(bench, sent))["id"]
    refusals = []
    for who in ("neighbours", "library", "council", "gp", "hill-gp"):
        for notification_id in (one, uuid4()):
            with pytest.raises(NotFound) as refusal:
                acknowledge(bench.hub, bench.staff[who], notification_id)
            refusals.append(str(refusal.value))
    partner = Actor(uuid4(), bench.agencies["neighbours"], Role.PARTNER_SYSTEM)
    with pytest.raises(NotFound) as refusal:
        acknowledge(bench.hub, partner, one)
    assert set(refusals) == {str(refusal.value)}
    with pytest.raises(NotFound):
        settle(bench.hub, bench.staff["hill-gp"], one)
    assert told(bench, sent) == [("withdrawn", "waiting")]


def test_who_stays_silent_is_reminded_once_and_then_shown_to_people(bench: Bench) -> None:
    sent = bench.refer()
    bench.deliver()
    withdraw_agreement(bench.hub, bench.staff["gp"], sent.referral_id)
    bench.deliver()
    rule, gp = rule_of(NotificationKind.WITHDRAWN), bench.staff["gp"]
    bench.clock.forward(rule.answer_within - 60 * SECOND)
    assert keep_time(bench.hub) == 0
    bench.clock.forward(120 * SECOND)
    assert [keep_time(bench.hub) for _ in range(3)] == [1, 0, 0]
    bench.deliver()
    assert told(bench) == [("withdrawn", "chased")]
    assert outcomes(bench) == ["told", "chased", "told"]
    assert read_work_list(bench.hub, gp).rows == []
    bench.clock.forward(rule.chase_within)
    assert [keep_time(bench.hub) for _ in range(3)] == [1, 0, 0]
    assert outcomes(bench)[3:] == ["unanswered"]
    for reader, clearing in (
        ("gp", Clearing.SETTLE),
        ("council", Clearing.SETTLE),
        ("surgery-dpo", Clearing.LOG),
        ("council-dpo", Clearing.LOG),
    ):
        line = only(read_work_list(bench.hub, bench.staff[reader], what=Waits.SILENT).rows)
        assert (line.row.reference, line.clearing) == (sent.reference, clearing)
    for stranger in ("hill-gp", "hill-dpo"):
        assert read_work_list(bench.hub, bench.staff[stranger]).rows == []
    settle(bench.hub, gp, only(notified(bench))["id"])
    with pytest.raises(Conflict):
        settle(bench.hub, gp, only(notified(bench))["id"])
    assert read_work_list(bench.hub, gp).rows == []
    assert outcomes(bench)[4:] == ["settled"]
    assert bench.verify().ok


def test_a_late_acknowledgement_still_counts(bench: Bench) -> None:
    sent = bench.refer()
    bench.deliver()
    withdraw_agreement(bench.hub, bench.staff["gp"], sent.referral_id)
    bench.deliver()
    for _ in range(2):
        bench.clock.forward(4 * DAY)
        keep_time(bench.hub)
    assert told(bench) == [("withdrawn", "unanswered")]
    acknowledge(bench.hub, bench.staff["mentors"], only(notified(bench))["id"])
    assert told(bench) == [("withdrawn", "acknowledged")]


def test_an_agreement_is_announced_once_and_ends_on_time(bench: Bench) -> None:
    until = (bench.clock() + 60 * DAY).date()
    sent = bench.refer(agreement=bench.agreed(("mentors",), until=until))
    bench.deliver()
    gp = bench.staff["gp"]
    assert keep_time(bench.hub) == 0
    bench.clock.forward(47 * DAY)
    assert [keep_time(bench.hub) for _ in range(3)] == [1, 0, 0]
    bench.deliver()
    assert told(bench) == [("expiring", "waiting"), ("expiring", "waiting")]
    line = only(read_work_list(bench.hub, gp, what=Waits.ENDING).rows)
    assert (line.row.reference, line.clearing) == (sent.reference, Clearing.AGREE)
    open_task(bench.hub, bench.staff["mentors"], only(bench.tasks())["id"])
    bench.clock.forward(14 * DAY)
    assert keep_time(bench.hub) == 1
    assert keep_time(bench.hub) == 0
    bench.deliver()
    assert sorted(told(bench)) == [
        ("expired", "waiting"),
        ("expiring", "superseded"),
        ("expiring", "superseded"),
    ]
    with pytest.raises(Withheld):
        open_task(bench.hub, bench.staff["mentors"], only(bench.tasks())["id"])
    assert outcomes(bench).count("announced") == outcomes(bench).count("expired") == 1
    assert bench.verify().ok


def test_an_agreement_ends_with_the_authority_of_who_gave_it_and_that_is_announced(
    bench: Bench,
) -> None:
    today = bench.clock().date()
    said = people.by_an_attorney(bench, until=today + 10 * DAY)
    sent = bench.refer(agreement=replace(said, valid_until=today + 60 * DAY))
    bench.deliver()
    task_id, council = only(bench.tasks(sent.referral_id))["id"], bench.staff["council"]
    assert keep_time(bench.hub) == 1
    bench.deliver()
    assert told(bench) == [("expiring", "waiting"), ("expiring", "waiting")]
    assert open_task(bench.hub, council, task_id).fields
    bench.clock.forward(12 * DAY)
    keep_time(bench.hub)
    bench.deliver()
    assert ("expired", "waiting") in told(bench)
    with pytest.raises(Withheld):
        open_task(bench.hub, council, task_id)
    assert bench.verify().ok


def test_a_renewal_before_the_end_is_told_and_nothing_ends(bench: Bench) -> None:
    until = (bench.clock() + 10 * DAY).date()
    sent = bench.refer(agreement=bench.agreed(("mentors",), until=until))
    bench.deliver()
    keep_time(bench.hub)
    bench.clock.forward(SECOND)
    record_agreement(bench.hub, bench.staff["gp"], sent.referral_id, bench.agreed(("mentors",)))
    bench.deliver()
    bench.clock.forward(12 * DAY)
    keep_time(bench.hub)
    assert [kind for kind, _ in told(bench)].count("expired") == 0
    assert told(bench)[-1] == ("renewed", "waiting")
    assert read_work_list(bench.hub, bench.staff["gp"], what=Waits.ENDING).rows == []
    assert open_task(bench.hub, bench.staff["mentors"], only(bench.tasks())["id"]).fields


def test_a_refusal_or_a_withdrawal_announces_no_end(bench: Bench) -> None:
    until = (bench.clock() + 10 * DAY).date()
    first = bench.refer(agreement=bench.agreed(("mentors",), until=until))
    second = bench.refer(agreement=bench.agreed(("mentors",), until=until))
    bench.deliver()
    bench.clock.forward(SECOND)
    say(bench, first.referral_id, NotificationKind.RESTRICTED, "mentors")
    withdraw_agreement(bench.hub, bench.staff["gp"], second.referral_id)
    keep_time(bench.hub)
    assert {kind for kind, _ in told(bench)} == {"restricted", "withdrawn"}


def test_rounds_at_once_and_a_round_that_dies_tell_nobody_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = (bench.clock() + 5 * DAY).date()
    for _ in range(3):
        bench.refer(agreement=bench.agreed(("mentors",), until=until))
    bench.deliver()
    from referral_hub.services import keep_time as module

    write = module.change.write

    def killed(*arguments: object) -> None:
        write(*arguments)  # type: ignore[arg-type]  # handed on as they came
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module.change, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            keep_time(bench.hub)
    assert told(bench) == []
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: keep_time(bench.hub), range(3)))
    keep_time(bench.hub)
    assert len(told(bench)) == 6
    assert outcomes(bench) == ["announced"] * 3


def test_unsent_work_that_waits_for_another_try_is_decided_when_the_agreement_ends(
    bench: Bench,
) -> None:
    until = (bench.clock() + 2 * DAY).date()
    bench.refer(agreement=bench.agreed(("mentors",), until=until))
    later = bench.clock() + 30 * DAY
    bench.rows("UPDATE outbox SET due_at = %s", later)
    bench.clock.forward(4 * DAY)
    keep_time(bench.hub)
    bench.deliver()
    assert bench.table("release") == []
    assert bench.states() == [("mentors", "withheld"), ("mentors", "held")]


def test_a_corrected_fact_reaches_who_holds_it_by_a_fresh_decision(shared_bench: Bench) -> None:
    bench = shared_bench
    sent = bench.refer(to=("mentors", "council"))
    bench.deliver()
    task_id, gp = accepted(bench, sent), bench.staff["gp"]
    wanted = Correction(sent.referral_id, "contact.phone", "07700 900111")
    assert correct_fact(bench.hub, gp, wanted) == ("Common Ground Peer Mentors",)
    with pytest.raises(Conflict, match="just corrected"):
        open_task(bench.hub, bench.staff["mentors"], task_id)
    bench.deliver()
    opened = open_task(bench.hub, bench.staff["mentors"], task_id)
    assert opened.fields["contact.phone"] == "07700 900111"
    assert opened.fields["identity.first_name"] == "Zebedee"
    assert view_own(bench.hub, gp, sent.referral_id).fields["contact.phone"] == "07700 900111"
    assert told(bench, sent) == [("corrected", "waiting")]
    assert releases(bench, sent) == [
        ("offer", 1),
        ("accepted", 1),
        ("accepted", 2),
    ]
    with pytest.raises(InvalidInput, match="recorded already"):
        correct_fact(bench.hub, gp, wanted)
    assert bench.disclosures_without_entry() == []
    assert bench.verify().ok


def test_who_does_not_hold_the_fact_is_not_told_and_learns_nothing(shared_bench: Bench) -> None:
    bench = shared_bench
    sent = bench.refer(to=("mentors", "council"))
    bench.deliver()
    wanted = Correction(sent.referral_id, "contact.phone", "07700 900111")
    assert correct_fact(bench.hub, bench.staff["gp"], wanted) == ()
    bench.deliver()
    assert told(bench, sent) == []
    assert len(releases(bench, sent)) == 1


def test_no_correction_is_released_after_the_person_said_no(shared_bench: Bench) -> None:
    bench = shared_bench
    sent = bench.refer(to=("mentors", "council"))
    bench.deliver()
    accepted(bench, sent)
    bench.clock.forward(SECOND)
    say(bench, sent.referral_id, NotificationKind.RESTRICTED, "mentors")
    wanted = Correction(sent.referral_id, "contact.phone", "07700 900111")
    assert correct_fact(bench.hub, bench.staff["gp"], wanted)
    bench.deliver()
    assert releases(bench, sent) == [("offer", 1), ("accepted", 1)]
    assert told(bench, sent) == [("restricted", "waiting"), ("corrected", "waiting")]


def test_only_the_sender_corrects_and_only_what_can_be(shared_bench: Bench) -> None:
    bench = shared_bench
    sent = bench.refer()
    wanted = Correction(sent.referral_id, "contact.phone", "07700 900111")
    with pytest.raises(NotFound):
        correct_fact(bench.hub, bench.staff["hill-gp"], wanted)
    with pytest.raises(InvalidInput, match="fact"):
        correct_fact(
            bench.hub,
            bench.staff["gp"],
            Correction(sent.referral_id, "identity.nhs_number", "9990000018"),
        )
    withdraw_agreement(bench.hub, bench.staff["gp"], sent.referral_id)
    with pytest.raises(Conflict):
        correct_fact(bench.hub, bench.staff["gp"], wanted)


def test_of_two_corrections_at_once_both_are_kept(shared_bench: Bench) -> None:
    bench = shared_bench
    sent = bench.refer()
    values = {"contact.phone": "07700 900111", "identity.first_name": "Zoe"}
    with ThreadPoolExecutor(2) as pool:
        for done in [
            pool.submit(
                correct_fact, bench.hub, bench.staff["gp"], Correction(sent.referral_id, *one)
            )
            for one in values.items()
        ]:
            done.result()
    fields = view_own(bench.hub, bench.staff["gp"], sent.referral_id).fields
    assert {name: fields[name] for name in values} == values


def test_a_correction_catches_up_with_a_delivery_that_was_under_way(shared_bench: Bench) -> None:
    bench = shared_bench
    bench.deliver()
    sent = bench.refer(to=("mentors", "council"))
    with bench.hub.database.one_worker_statement() as connection:
        outbox.claim(connection, at=bench.clock(), most=1, lease=LEASE)
    wanted = Correction(sent.referral_id, "identity.first_name", "Zoe")
    assert correct_fact(bench.hub, bench.staff["gp"], wanted)
    bench.clock.forward(LEASE + SECOND)
    bench.deliver()
    task_id = only(bench.tasks(sent.referral_id))["id"]
    assert (
        open_task(bench.hub, bench.staff["mentors"], task_id).fields["identity.first_name"] == "Zoe"
    )


def test_a_partner_is_told_each_kind_with_references_alone_and_reminded_under_one_id(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    until = (bench.clock() + 10 * DAY).date()
    sent = bench.refer(needs=GARDEN, agreement=bench.agreed(("time_bank",), until=until))
    bench.deliver()
    gp = bench.staff["gp"]
    keep_time(bench.hub)
    bench.deliver()
    correct_fact(bench.hub, gp, Correction(sent.referral_id, "identity.first_name", "Zoe"))
    bench.deliver()
    bench.clock.forward(SECOND)
    say(bench, sent.referral_id, NotificationKind.RESTRICTED, "time_bank")
    bench.deliver()
    bench.clock.forward(SECOND)
    record_agreement(bench.hub, gp, sent.referral_id, bench.agreed(("time_bank",), until=until))
    bench.deliver()
    bench.clock.forward(12 * DAY)
    keep_time(bench.hub)
    bench.deliver()
    say(bench, sent.referral_id, NotificationKind.OBJECTED, "time_bank")
    bench.deliver()
    kinds = [document["kind"] for document in time_bank.documents]
    assert kinds[:2] == ["offer", "expiring"]
    assert sorted(kinds[2:4]) == ["correction", "offer"]
    assert kinds[4:6] == ["restriction", "renewal"]
    assert sorted(kinds[6:8]) == ["correction", "expiry"]
    assert kinds[8:] == ["objection"]
    for document in time_bank.documents:
        if document["kind"] != "offer":
            assert document["fields"] == {}
            assert not [word for word in ("Zebedee", "Zoe", "garden") if word in str(document)]
    reminded = [e for e, kind in zip(time_bank.effects, kinds, strict=True) if kind == "correction"]
    assert len(reminded) == 2
    assert len(set(reminded)) == 1
