"""Somebody else decides, a child does, or nobody is asked: held, put right, and on by itself.

Each row of `deciding_for_a_person.csv` is submitted to a real hub and must be placed or held as it
says, both when it is accepted and when the worker decides again before anything leaves.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from consent.model import GivenBy
from referral_hub.crypto.unseal import open_statement
from referral_hub.domain.codes import AuthorityScope, NeedCode, StatementKind
from referral_hub.domain.commands import AgreementTaken, AnswerTask, ConcernRaised, DecideForChild
from referral_hub.errors import Conflict, CryptoError, Forbidden, InvalidInput, NotFound
from referral_hub.services.answer_task import answer_task, record_contact
from referral_hub.services.decide_for_child import decide_for_child
from referral_hub.services.deliver import drain
from referral_hub.services.put_right import record_agreement
from referral_hub.services.record_death import record_death
from referral_hub.services.release import Withheld, open_task
from referral_hub.services.speaking_for import statement_context
from referral_hub.services.withdraw import withdraw_agreement
from tests import people
from tests.hub_bench import Bench
from tests.services.partners import partner_system

TABLE = Path(__file__).parents[1] / "tables" / "deciding_for_a_person.csv"
with TABLE.open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))
SECRETS = (people.WHY, people.DOCTOR, people.GILLICK, people.REASONS, people.DOCUMENT, people.FEARS)


def _agreement(bench: Bench, row: dict[str, str]) -> AgreementTaken:
    said: dict[str, Any] = {"given_by": GivenBy(row["decided_by"])}
    if row["assessed"]:
        said["assessment"] = people.assessment(bench)
    if row["decided"]:
        said["best_interests"] = people.decision(bench)
    if words := set(row["child"].split()):
        said["child"] = people.views(
            child_agrees=True if "agrees" in words else False if "disagrees" in words else None,
            parent_agrees={True: True, False: None}["parent_agrees" in words]
            if "parent_disagrees" not in words
            else False,
            gillick=people.GILLICK if "gillick" in words else None,
            parental_responsibility="Her mother; birth certificate"
            if "parental" in words
            else None,
        )
    if words := set(row["authority"].split()):
        said["authority"] = people.authority(
            seen=people.DOCUMENT if "seen" in words else None,
            covers=next((s for s in AuthorityScope if s.value in words), AuthorityScope.WELFARE),
            until=people.yesterday(bench) if "ended" in words else None,
            risk="risk" in words,
        )
    return bench.agreed(people.COUNCIL, **said)


def _born(bench: Bench, age: str) -> date:
    today = bench.clock().date()
    return date(today.year - int(age), 1, 1)


def _referred(bench: Bench, row: dict[str, str]) -> UUID:
    person = {"date_of_birth": _born(bench, row["age"])}
    return bench.refer(agreement=_agreement(bench, row), person=person).referral_id


def _only(bench: Bench, referral_id: UUID) -> Any:
    (task,) = bench.tasks(referral_id)
    return task


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_referral_is_placed_or_held_as_the_table_says(shared_bench: Bench, row: Any) -> None:
    referral_id = _referred(shared_bench, row)
    task = _only(shared_bench, referral_id)
    assert (task["state"], task["reason"] or "") == (row["outcome"], row["reason"])
    drain(shared_bench.hub)
    state = {"routed": "offered", "held": "held"}[row["outcome"]]
    assert _only(shared_bench, referral_id)["state"] == state


def test_a_missing_decision_is_recorded_and_the_referral_goes_on_by_itself(bench: Bench) -> None:
    held = bench.refer(agreement=people.in_best_interests(bench, best_interests=None)).referral_id
    bench.deliver()
    decision = _only(bench, held)["decision"]
    assert (decision["reason"], decision["clearer"]) == ("best_interests_missing", "sender_agency")
    assert "R09" in decision["rules"]

    record_agreement(bench.hub, bench.staff["gp"], held, people.in_best_interests(bench))
    bench.deliver()

    assert bench.states(held) == [("council", "offered")]
    released = bench.rows("SELECT outcome FROM log_entry WHERE type = 'release'")
    assert [row["outcome"] for row in released] == ["permit"]
    assert bench.verify().ok


def test_a_childs_missing_note_is_recorded_and_the_referral_goes_on_by_itself(
    bench: Bench,
) -> None:
    held = people.refer_child(bench, None).referral_id
    said = bench.agreed(people.COUNCIL, child=people.views())
    record_agreement(bench.hub, bench.staff["gp"], held, said)
    bench.deliver()
    assert bench.states(held) == [("council", "offered")]


@pytest.mark.parametrize(
    ("share", "state", "reason"),
    [(True, "offered", None), (False, "held", "child_decided_against")],
)
def test_the_council_decides_where_child_and_parent_disagree(
    bench: Bench, share: bool, state: str, reason: str | None
) -> None:
    held = people.disagreement_decided(bench, share=share).referral_id
    bench.deliver()
    task = _only(bench, held)
    assert (task["state"], task["decision"].get("reason")) == (state, reason)
    outcome = "decided_to_share" if share else "decided_against"
    entry = bench.rows("SELECT * FROM log_entry WHERE outcome = %s", outcome)
    assert [row["actor_agency_id"] for row in entry] == [bench.agencies["council"]]
    again = DecideForChild(held, share, people.REASONS)
    with pytest.raises(Conflict, match="waits"):
        decide_for_child(bench.hub, bench.staff["council"], again)
    assert bench.verify().ok


def test_only_the_accountable_council_decides_about_a_child(bench: Bench) -> None:
    held = people.refer_child(bench, people.views(parent_agrees=False)).referral_id
    decided = DecideForChild(held, True, people.REASONS)
    for username in ("gp", "mentors", "surgery-dpo"):
        with pytest.raises((Forbidden, NotFound)):
            decide_for_child(bench.hub, bench.staff[username], decided)
    elsewhere = replace(bench.staff["council"], agency_id=bench.agencies["library"])
    with pytest.raises(NotFound):
        decide_for_child(bench.hub, elsewhere, decided)


def test_a_referral_without_a_disagreement_has_nothing_to_decide(bench: Bench) -> None:
    sent = people.refer_child(bench, people.views()).referral_id
    with pytest.raises(Conflict):
        decide_for_child(bench.hub, bench.staff["council"], DecideForChild(sent, True, "No need"))


def test_a_concern_that_is_pushed_says_that_it_is_one(bench: Bench) -> None:
    with partner_system() as council:
        council.register(bench, "Mereford Council")
        people.raise_concern(bench)
        bench.deliver()
        (document,) = council.documents
    assert document["purpose"] == "safeguarding"


def test_a_safeguarding_concern_goes_to_the_council_alone_without_consent(bench: Bench) -> None:
    sent = people.raise_concern(bench).referral_id
    bench.deliver()
    assert bench.states(sent) == [("council", "offered")]
    assert bench.rows("SELECT id FROM consent_event WHERE referral_id = %s", sent) == []
    plan = bench.one("SELECT plan FROM referral WHERE id = %s", sent)
    asked = {UUID(one["agency"]) for slot in plan for one in slot["candidates"]}
    assert asked == {bench.agencies["council"]}
    decision = _only(bench, sent)["decision"]
    assert "R13" in decision["rules"]
    assert "R03" not in decision["rules"]
    opened = open_task(bench.hub, bench.staff["council"], _only(bench, sent)["id"])
    assert opened.fields["sensitive.note"].startswith(people.FEARS)
    assert "has not been told" in opened.fields["sensitive.note"]
    assert bench.verify().ok


@pytest.mark.parametrize("needs", [[NeedCode.LONELY], [NeedCode.LIFTS, NeedCode.LONELY]])
def test_a_concern_is_one_matter_for_the_council_whatever_is_needed(
    bench: Bench, needs: list[NeedCode]
) -> None:
    sent = people.raise_concern(bench, needs=needs)
    assert [slot.agency_id for slot in sent.slots] == [bench.agencies["council"]]
    assert set(sent.slots[0].needs) == set(needs)


def test_a_concern_rests_on_no_agreement_so_none_is_recorded_or_withdrawn(bench: Bench) -> None:
    sent = people.raise_concern(bench).referral_id
    gp = bench.staff["gp"]
    with pytest.raises(Conflict, match="does not rest"):
        withdraw_agreement(bench.hub, gp, sent)
    with pytest.raises(Conflict, match="does not rest"):
        record_agreement(bench.hub, gp, sent, bench.agreed(("neighbours",)))


def test_a_death_holds_what_has_not_gone_and_a_mistake_lets_it_go_on(bench: Bench) -> None:
    gp = bench.staff["gp"]
    sent = bench.refer(to=("council",)).referral_id
    record_death(bench.hub, gp, sent, died=True)
    bench.deliver()
    assert [row["state"] for row in bench.tasks(sent)] == ["withheld", "held"]
    assert bench.tasks(sent)[-1]["decision"]["rules"] == ["R14", "R15"]
    assert bench.rows("SELECT id FROM release") == []
    with pytest.raises(Conflict, match="already"):
        record_death(bench.hub, gp, sent, died=True)

    record_death(bench.hub, gp, sent, died=False)
    bench.deliver()

    assert bench.states(sent)[-1] == ("council", "offered")
    said = bench.rows("SELECT outcome FROM log_entry WHERE outcome LIKE 'death%' ORDER BY id")
    assert [row["outcome"] for row in said] == ["death_recorded", "death_corrected"]


def test_what_had_gone_cannot_be_opened_after_a_death(bench: Bench) -> None:
    sent = bench.refer(to=("council",)).referral_id
    bench.deliver()
    record_death(bench.hub, bench.staff["gp"], sent, died=True)
    with pytest.raises(Withheld) as withheld:
        open_task(bench.hub, bench.staff["council"], _only(bench, sent)["id"])
    assert withheld.value.reason == "person_has_died"


def test_another_agency_records_no_death(bench: Bench) -> None:
    sent = bench.refer(to=("council",)).referral_id
    with pytest.raises(NotFound):
        record_death(bench.hub, bench.staff["hill-gp"], sent, died=True)


def test_words_are_sealed_and_open_with_the_persons_key_alone(bench: Bench) -> None:
    bench.refer(agreement=people.in_best_interests(bench))
    people.raise_concern(bench)
    people.disagreement_decided(bench)
    rows = {name: str(bench.table(name)) for name in ("statement", "child_decision", "log_entry")}
    assert not [secret for secret in SECRETS for text in rows.values() if secret in text]
    statement = bench.rows("SELECT * FROM statement WHERE kind = 'best_interests'")[0]
    subject = bench.rows("SELECT * FROM subject WHERE id = %s", statement["subject_id"])[0]
    context = statement_context(
        statement["id"], StatementKind.BEST_INTERESTS, subject["origin_agency_id"], subject["id"]
    )

    def opened(**changes: str) -> bytes:
        return open_statement(
            bench.hub.keys,
            wrapped_subject_key=subject["wrapped_key"],
            context=replace(context, **changes),
            sealed=statement["sealed_words"],
        )

    assert people.WHY.encode() in opened()
    for wrong in (
        {"statement_id": str(subject["id"])},
        {"kind": StatementKind.GILLICK.value},
        {"owner": str(bench.agencies["hill"])},
        {"subject_key_id": str(statement["id"])},
    ):
        with pytest.raises(CryptoError):
            opened(**wrong)


def test_an_acceptance_that_is_delivered_late_leaves_the_task_where_it_is_by_then(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from referral_hub.services import disclose

    sent = bench.refer(to=("neighbours",)).referral_id
    bench.deliver()
    task_id = _only(bench, sent)["id"]
    neighbours = bench.staff["neighbours"]
    answer_task(bench.hub, neighbours, AnswerTask(task_id, True, None, None))
    deliver = disclose._deliver_to_inboxes

    def meanwhile(*arguments: Any) -> None:
        record_contact(bench.hub, neighbours, task_id)
        deliver(*arguments)

    monkeypatch.setattr(disclose, "_deliver_to_inboxes", meanwhile)
    bench.deliver()
    assert _only(bench, sent)["state"] == "in_progress"
    assert (
        bench.one("SELECT state FROM task_event WHERE event = 'deliver_accepted'") == "in_progress"
    )
    assert bench.verify().ok


def test_vital_interests_are_refused_for_somebody_who_was_found_able(bench: Bench) -> None:
    bench.rows("UPDATE sharing_agreement SET article6 = 'd'")
    able = bench.agreed(people.COUNCIL, assessment=people.assessment(bench))
    task = _only(bench, bench.refer(agreement=able).referral_id)
    assert (task["state"], task["reason"]) == ("held", "able_to_consent")
    assert "R11" in task["decision"]["rules"]
    assert timedelta(0) == task["created_at"] - task["moved_at"]


def test_a_referral_rests_on_an_agreement_or_on_a_concern_and_never_on_both(bench: Bench) -> None:
    command = bench.command()
    with pytest.raises(ValueError, match="rests on"):
        replace(command, concern=ConcernRaised("Somebody takes her money", person_told=False))
    assert replace(command, agreement=None).concern is None
    with pytest.raises(InvalidInput):
        people.raise_concern(bench, person={"area": "nowhere"})
