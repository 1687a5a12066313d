"""Emergency access opens one record once, never silently, never without its entry in the log."""

from __future__ import annotations

import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.evidence.entry import decode
from consent.model import EmergencyCause
from referral_hub.audit import integrate
from referral_hub.domain.codes import DeclineReason, ReviewOutcome, Role
from referral_hub.domain.commands import (
    Actor,
    AnswerTask,
    AskEmergencyAccess,
    ReviewEmergencyAccess,
)
from referral_hub.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LogUnavailable,
    NotFound,
    ServiceUnavailable,
)
from referral_hub.services import emergency_access
from referral_hub.services import emergency_review as reviews
from referral_hub.services.answer_task import answer_task
from referral_hub.services.emergency_access import ask_emergency_access, open_in_emergency
from referral_hub.services.release import Withheld
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.wiring import without_log_key
from tests.hub_bench import GARDEN, Bench, NewBench, only
from tests.leaks import without_ids
from tests.services.test_log_before_disclosure import BROKEN, broken, holding

REFUSALS = Path(__file__).parents[1] / "tables" / "emergency_refusals.csv"
REASON = "Her neighbour hears water running and nobody answers the door or the telephone."
CAUSE = EmergencyCause.OTHERS_AT_RISK


def ask(bench: Bench, task_id: UUID, by: str = "mentors", **changes: object) -> UUID:
    wanted = AskEmergencyAccess(task_id, uuid4(), CAUSE, REASON)
    return ask_emergency_access(bench.hub, bench.staff[by], replace(wanted, **changes))  # type: ignore[arg-type]  # changes are its fields


def offered(bench: Bench, to: str = "mentors") -> UUID:
    """A task that was just delivered to `to`."""
    sent = bench.refer(to=(to, "council"), needs=GARDEN if to == "time_bank" else ("lonely",))
    bench.deliver()
    task: UUID = bench.tasks(sent.referral_id)[-1]["id"]
    return task


def entries(bench: Bench, kind: str) -> list[dict[str, object]]:
    rows = bench.rows("SELECT entry FROM log_entry WHERE type = %s ORDER BY id", kind)
    found = [decode(row["entry"]) for row in rows]
    return [
        {"outcome": one.outcome, "purpose": one.purpose, **one.details}
        for one in found
        if one.purpose == "emergency"
    ]


def assert_every_look_has_its_override(bench: Bench) -> None:
    """No ticket is used without two integrated entries of the right kinds, each its own."""
    wrong = bench.rows(
        "SELECT a.id FROM emergency_access a"
        " LEFT JOIN log_entry o ON o.id = a.override_entry_id"
        " LEFT JOIN log_entry u ON u.id = a.use_entry_id"
        " WHERE a.used_at IS NOT NULL AND (o.seq IS NULL OR u.seq IS NULL OR o.seq >= u.seq"
        " OR o.type <> 'override' OR u.type <> 'view' OR o.outcome <> 'permit'"
        " OR u.outcome <> 'permit' OR o.referral_id <> a.referral_id"
        " OR u.referral_id <> a.referral_id OR u.actor_user_id <> a.user_id)"
    )
    assert wrong == []


def test_a_coordinator_opens_once_what_its_kind_of_agency_may_be_told(bench: Bench) -> None:
    task_id = offered(bench)
    ticket_id = ask(bench, task_id)
    opened = open_in_emergency(bench.hub, bench.staff["mentors"], task_id, ticket_id)
    assert opened.fields["contact.phone"] == "07700 900123"
    assert opened.fields["identity.family_name"] == "Quillfeather"
    assert not {"health.why", "identity.nhs_number"} & opened.fields.keys()
    assert "Zebedee" not in repr(opened)
    override = only(entries(bench, "override"))
    assert (override["outcome"], override["ticket"]) == ("permit", str(ticket_id))
    assert only(entries(bench, "view"))["ticket"] == str(ticket_id)
    assert_every_look_has_its_override(bench)
    assert bench.verify().ok


def test_it_needs_no_agreement_in_force(bench: Bench) -> None:
    task_id = offered(bench)
    bench.rows("UPDATE consent_event SET valid_until = now() - interval '1 day'")
    bench.rows("UPDATE sharing_agreement SET valid_until = now() - interval '1 day'")
    opened = open_in_emergency(bench.hub, bench.staff["mentors"], task_id, ask(bench, task_id))
    assert opened.fields["contact.address"]


def test_the_owner_council_opens_what_another_agency_holds_even_after_withdrawal(
    bench: Bench,
) -> None:
    task_id = offered(bench)
    referral_id = bench.tasks()[0]["referral_id"]
    withdraw_agreement(bench.hub, bench.staff["gp"], referral_id)
    ticket_id = ask(bench, task_id, "council")
    opened = open_in_emergency(bench.hub, bench.staff["council"], task_id, ticket_id)
    assert opened.fields["health.why"]
    with pytest.raises(Conflict, match="no longer with you"):
        ask(bench, task_id, "mentors")


def test_who_declined_holds_it_no_more(bench: Bench) -> None:
    task_id = offered(bench)
    no = AnswerTask(task_id, False, DeclineReason.NO_CAPACITY, None)
    answer_task(bench.hub, bench.staff["mentors"], no)
    with pytest.raises(Conflict):
        ask(bench, task_id)
    assert bench.table("emergency_access") == []


@pytest.mark.parametrize("username", ["gp", "surgery-dpo", "surgery-admin", "council-dpo"])
def test_other_roles_are_refused(bench: Bench, username: str) -> None:
    with pytest.raises(Forbidden):
        ask(bench, offered(bench), username)


@pytest.mark.parametrize("username", ["neighbours", "library", "fire"])
def test_another_agencys_task_and_one_that_never_was_are_alike(bench: Bench, username: str) -> None:
    for task_id in (offered(bench), uuid4()):
        with pytest.raises(NotFound) as refusal:
            ask(bench, task_id, username)
        assert str(refusal.value) == "There is nothing here for you."
    assert bench.table("emergency_access") == []


@pytest.mark.parametrize("reason", ["test", "xxx " * 20, "urgent " * 20])
def test_a_reason_without_substance_is_refused_and_nothing_is_written(
    bench: Bench, reason: str
) -> None:
    task_id = offered(bench)
    with pytest.raises(InvalidInput) as refusal:
        ask(bench, task_id, reason=reason)
    assert set(refusal.value.fields) == {"reason"}
    assert reason not in str(refusal.value)
    assert bench.table("emergency_access") == bench.table("emergency_alert") == []


def _refusals() -> list[dict[str, str]]:
    with REFUSALS.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _about_person(column: str, value: str) -> Callable[[Bench, Actor], None]:
    statement = f"UPDATE subject SET {column} = {value}"  # noqa: S608 - from this file

    def change(bench: Bench, actor: Actor) -> None:
        bench.rows(statement, *([actor.agency_id] * ("%s" in value)))

    return change


def _nothing(_bench: Bench, _actor: Actor) -> None:
    pass


def _later(seconds: float) -> Callable[[Bench, Actor], None]:
    return lambda bench, _actor: bench.clock.forward(timedelta(minutes=15, seconds=seconds))


MEANWHILE: dict[str, Callable[[Bench, Actor], None]] = {
    "late": _later(60),
    "last-second-over": _later(0),
    "never": _about_person("never_share_with", "ARRAY[%s]"),
    "conflict": _about_person("conflicts", "ARRAY[%s]"),
    "died": _about_person("deceased", "true"),
    "agency-inactive": lambda bench, actor: bench.rows(  # type: ignore[dict-item,return-value]  # its rows are no matter
        "UPDATE agency SET active = false WHERE id = %s", actor.agency_id
    ),
}


@pytest.mark.parametrize("row", _refusals(), ids=lambda row: row["id"])
def test_a_use_that_may_not_be_is_refused_with_a_reason_and_logged(
    bench: Bench, row: dict[str, str]
) -> None:
    mentors = bench.staff["mentors"]
    task_id, other_task, theirs = offered(bench), offered(bench), offered(bench, "neighbours")
    bench.clock.stop_at(bench.clock())
    ticket_id = ask(bench, task_id)
    if row["id"] == "second-use":
        open_in_emergency(bench.hub, mentors, task_id, ticket_id)
    MEANWHILE.get(row["id"], _nothing)(bench, mentors)
    used = bench.one("SELECT count(*) FROM emergency_access WHERE used_at IS NOT NULL")
    who, task, ticket = {
        "another-user": (replace(mentors, user_id=uuid4()), task_id, ticket_id),
        "another-role": (replace(mentors, role=Role.COUNCIL_OFFICER), task_id, ticket_id),
        "another-referral": (mentors, other_task, ticket_id),
        "other-agency": (bench.staff["neighbours"], theirs, ticket_id),
        "other-agencys-task": (bench.staff["neighbours"], task_id, ticket_id),
        "no-such-ticket": (mentors, task_id, uuid4()),
    }.get(row["id"], (mentors, task_id, ticket_id))
    with pytest.raises(NotFound if row["reason"] == "not there" else Withheld) as refusal:
        open_in_emergency(bench.hub, who, task, ticket)
    logged = entries(bench, "decision")
    assert bool(logged) is (row["logged"] == "yes")
    if logged:
        assert getattr(refusal.value, "reason", None) == row["reason"] == only(logged)["reason"]
        assert only(logged)["outcome"] in {"refuse", "hold"}
        assert str(refusal.value).endswith(".")
    assert bench.one("SELECT count(*) FROM emergency_access WHERE used_at IS NOT NULL") == used


@pytest.mark.parametrize("meanwhile", ["never", "conflict", "died"])
def test_a_claim_that_consent_refuses_makes_no_ticket_and_stands_in_the_log(
    bench: Bench, meanwhile: str
) -> None:
    task_id = offered(bench)
    MEANWHILE[meanwhile](bench, bench.staff["mentors"])
    with pytest.raises(Withheld):
        ask(bench, task_id)
    assert bench.table("emergency_access") == bench.table("emergency_alert") == []
    assert only(entries(bench, "decision"))["outcome"] in {"refuse", "hold"}


def test_two_presses_at_once_open_once(new_bench: NewBench) -> None:
    bench = new_bench()
    task_id = offered(bench)
    ticket_id = ask(bench, task_id)

    def press(_: int) -> str:
        try:
            open_in_emergency(bench.hub, bench.staff["mentors"], task_id, ticket_id)
        except Withheld as refusal:
            return refusal.reason
        return "opened"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(press, range(8))) == [*["emergency_used"] * 7, "opened"]
    assert len(entries(bench, "view")) == 1
    assert len(entries(bench, "decision")) == 7
    assert_every_look_has_its_override(bench)


def test_a_page_sent_twice_claims_once(bench: Bench) -> None:
    task_id, ticket_id = offered(bench), uuid4()
    assert ask(bench, task_id, ticket_id=ticket_id) == ask(bench, task_id, ticket_id=ticket_id)
    assert len(bench.table("emergency_access")) == len(entries(bench, "override")) == 1
    colleague = replace(bench.staff["mentors"], user_id=uuid4())
    with pytest.raises(Conflict):
        ask_emergency_access(
            bench.hub, colleague, AskEmergencyAccess(task_id, ticket_id, CAUSE, REASON)
        )


@pytest.mark.parametrize("how", BROKEN)
def test_nothing_opens_and_nothing_is_spent_while(bench: Bench, how: str) -> None:
    task_id = offered(bench)
    ticket_id = ask(bench, task_id)
    with broken(bench, how), pytest.raises(LogUnavailable):
        open_in_emergency(bench.hub, bench.staff["mentors"], task_id, ticket_id)
    assert only(bench.table("emergency_access"))["used_at"] is None
    assert entries(bench, "view") == []
    assert open_in_emergency(bench.hub, bench.staff["mentors"], task_id, ticket_id).fields
    assert_every_look_has_its_override(bench)


def test_when_the_log_fails_after_the_ticket_was_spent_nothing_opens_and_it_stays_spent(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = offered(bench)
    ticket_id = ask(bench, task_id)
    honest = emergency_access.ensure_integrated
    opened: list[Any] = []
    waits: list[Any] = []
    wreck, repair = BROKEN["the tree may not be written"]

    def then_fails(*given: Any) -> None:
        waits.append(given)
        if len(waits) == 2:
            bench.rows(wreck)
        honest(*given)

    monkeypatch.setattr(emergency_access, "ensure_integrated", then_fails)
    monkeypatch.setattr(emergency_access, "open_fields", lambda *given: opened.append(given))
    with pytest.raises(LogUnavailable):
        open_in_emergency(bench.hub, bench.staff["mentors"], task_id, ticket_id)
    bench.rows(repair)
    assert only(bench.table("emergency_access"))["used_at"] is not None
    assert opened == []
    with pytest.raises(Withheld):
        open_in_emergency(bench.hub, bench.staff["mentors"], task_id, ticket_id)
    assert opened == []
    assert bench.verify().ok


def test_a_claim_whose_entry_cannot_be_appended_leaves_no_ticket(bench: Bench) -> None:
    task_id = offered(bench)
    with (
        holding(bench, "LOCK TABLE log_entry IN EXCLUSIVE MODE"),
        pytest.raises(ServiceUnavailable),
    ):
        ask(bench, task_id)
    assert bench.table("emergency_access") == bench.table("emergency_alert") == []


def test_a_process_without_the_logs_key_opens_nothing_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrate, "PATIENCE_SECONDS", 0.2)
    task_id = offered(bench)
    ticket_id = ask(bench, task_id)
    with pytest.raises(LogUnavailable):
        open_in_emergency(without_log_key(bench.hub), bench.staff["mentors"], task_id, ticket_id)
    assert only(bench.table("emergency_access"))["used_at"] is None


def test_it_all_works_where_there_is_no_redis(new_bench: NewBench) -> None:
    bench = new_bench(REDIS_URL="redis://127.0.0.1:9/0")
    task_id = offered(bench)
    opened = open_in_emergency(bench.hub, bench.staff["mentors"], task_id, ask(bench, task_id))
    assert opened.fields
    assert reviews.count_alerts(bench.hub, bench.staff["surgery-dpo"]) == 1


STEPS = st.lists(
    st.sampled_from(("ask", "open", "open again", "wait", "colleague", "break", "repair", "never")),
    min_size=3,
    max_size=9,
)


@given(STEPS)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_in_no_order_of_events_anything_opens_without_its_override_in_the_log(
    property_bench: Bench, steps: list[str]
) -> None:
    bench, mentors = property_bench, property_bench.staff["mentors"]
    bench.rows("UPDATE subject SET never_share_with = '{}'")
    task_id = bench.tasks()[0]["id"]
    tickets: list[UUID] = []
    opened: list[UUID] = []
    wreck, repair = BROKEN["the tree may not be written"]
    for step in steps:
        try:
            match step:
                case "ask":
                    tickets.append(ask(bench, task_id))
                case "wait":
                    bench.clock.forward(timedelta(minutes=8))
                case "break":
                    bench.rows(wreck)
                case "repair":
                    bench.rows(repair)
                case "never":
                    _about_person("never_share_with", "ARRAY[%s]")(bench, mentors)
                case _ if tickets:
                    who = replace(mentors, user_id=uuid4()) if step == "colleague" else mentors
                    assert open_in_emergency(bench.hub, who, task_id, tickets[-1]).fields
                    opened.append(tickets[-1])
                    assert_every_look_has_its_override(bench)
        except (Withheld, LogUnavailable):
            pass
    bench.rows(repair)
    assert len(opened) == len(set(opened))
    spent = bench.rows("SELECT id FROM emergency_access WHERE used_at IS NOT NULL")
    assert set(opened) <= {row["id"] for row in spent}


@pytest.fixture(scope="module")
def property_bench(shared_bench: Bench) -> Bench:
    offered(shared_bench)
    return shared_bench


def test_the_officers_of_both_agencies_are_alerted_at_once_with_a_reference_only(
    bench: Bench,
) -> None:
    task_id = offered(bench)
    ask(bench, task_id, "council")
    reference = bench.one("SELECT reference FROM referral")
    for username in ("surgery-dpo", "council-dpo"):
        alert = only(reviews.list_alerts(bench.hub, bench.staff[username]).waiting)
        assert alert.reference == reference
    stored = str(bench.table("emergency_alert")) + str(bench.table("emergency_access"))
    for personal in ("Zebedee", "Quillfeather", "neighbour hears", "07700"):
        assert personal not in without_ids(stored)
    assert reviews.count_alerts(bench.hub, bench.staff["hill-dpo"]) == 0
    assert reviews.count_alerts(bench.hub, bench.staff["gp"]) == 0


def _alert(bench: Bench, username: str) -> UUID:
    return reviews.list_alerts(bench.hub, bench.staff[username]).waiting[0].id


def test_a_review_is_an_entry_ends_the_alert_and_is_made_once_by_each_agency(bench: Bench) -> None:
    task_id = offered(bench)
    ask(bench, task_id, "council")
    for username, outcome in (
        ("surgery-dpo", ReviewOutcome.JUSTIFIED),
        ("council-dpo", ReviewOutcome.NEEDS_ACTION),
    ):
        officer = bench.staff[username]
        review = ReviewEmergencyAccess(_alert(bench, username), outcome, "Asked the duty worker.")
        reviews.review_emergency_access(bench.hub, officer, review)
        with pytest.raises(Conflict, match="already"):
            reviews.review_emergency_access(bench.hub, officer, review)
        listed = reviews.list_alerts(bench.hub, officer)
        assert (len(listed.waiting), len(listed.reviewed)) == (0, 1)
    outcomes = [one["outcome"] for one in entries(bench, "override")]
    assert outcomes == ["permit", "justified", "needs_action"]
    assert bench.verify().ok


def test_whoever_used_it_does_not_review_it_and_the_attempt_is_logged(bench: Bench) -> None:
    ask(bench, offered(bench), "council")
    user = bench.staff["council"]
    officer = replace(user, role=Role.DATA_PROTECTION_OFFICER)
    review = ReviewEmergencyAccess(
        _alert(bench, "council-dpo"), ReviewOutcome.JUSTIFIED, "It was me."
    )
    with pytest.raises(Withheld, match="somebody else must review"):
        reviews.review_emergency_access(bench.hub, officer, review)
    assert only(entries(bench, "decision"))["reason"] == "emergency_own_review"
    assert reviews.count_alerts(bench.hub, officer) == 1


def test_the_oldest_alert_comes_first(bench: Bench) -> None:
    tasks = [offered(bench) for _ in range(3)]
    for task_id in tasks:
        ask(bench, task_id)
        bench.clock.forward(timedelta(minutes=1))
    waiting = reviews.list_alerts(bench.hub, bench.staff["surgery-dpo"]).waiting
    assert [alert.raised_at for alert in waiting] == sorted(alert.raised_at for alert in waiting)
    assert len(waiting) == 3


def test_the_reason_opens_for_the_two_agencies_officers_after_a_logged_look(bench: Bench) -> None:
    ask(bench, offered(bench), "council")
    for username in ("surgery-dpo", "council-dpo"):
        looks = bench.one("SELECT count(*) FROM log_entry WHERE type = 'view'")
        alert_id = _alert(bench, username)
        written = reviews.open_reason(bench.hub, bench.staff[username], alert_id)
        assert [note.text for note in written] == [REASON]
        assert REASON not in repr(written)
        assert bench.one("SELECT count(*) FROM log_entry WHERE type = 'view'") == looks + 1
    with pytest.raises(NotFound):
        reviews.open_reason(bench.hub, bench.staff["hill-dpo"], alert_id)
    with pytest.raises(NotFound):
        reviews.read_alert(bench.hub, bench.staff["surgery-dpo"], alert_id)
    with broken(bench, "the tree may not be written"), pytest.raises(LogUnavailable):
        reviews.open_reason(bench.hub, bench.staff["council-dpo"], alert_id)
