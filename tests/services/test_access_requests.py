"""A person asks for their records: the clock, opening, redaction, and what is handed over."""

from __future__ import annotations

import gc
import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from consent.evidence.checkpoint import parse_checkpoint, parse_note
from consent.evidence.merkle import leaf_hash, verify_inclusion
from referral_hub.domain.commands import AnswerTask
from referral_hub.domain.duty_clocks import local_day
from referral_hub.domain.matters import (
    Authority,
    ClockState,
    ExtensionReason,
    HandedOver,
    IdentityCheck,
    MatterEvent,
    MatterState,
    Requester,
)
from referral_hub.domain.nhs_number import parse_nhs_number
from referral_hub.domain.third_parties import Exemption, Handling
from referral_hub.errors import Conflict, Forbidden, InvalidInput, NotFound
from referral_hub.services import subject_export
from referral_hub.services.access_review import (
    Decided,
    given_value,
    look_at,
    parts_of,
    save_review,
)
from referral_hub.services.answer_task import answer_task, ask, reply
from referral_hub.services.correct_fact import Correction, correct_fact
from referral_hub.services.erase_person import erase_person
from referral_hub.services.matters import open_written, read_matter, register
from referral_hub.services.person_items import HeldItem
from referral_hub.services.subject_export import make_export, preview
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.store import person_records
from referral_hub.store.exposures import exposures
from tests.hub_bench import Bench, nhs_number
from tests.services.matters import (
    CONTACT,
    NAME,
    WANTED,
    as_it_stands,
    asked,
    in_hand,
    person_of,
    reviewed,
    step,
    withholding,
)
from tests.statements import counting

ANSWER, QUESTION, ACCEPTED = "No dog, but a cat", "Is there a dog?", "Gladly, says Jane"


@pytest.fixture
def person(bench: Bench) -> UUID:
    """Somebody who was referred, asked about, and accepted by the mentors."""
    sent = bench.refer(to=("mentors", "council"))
    bench.deliver()
    task: UUID = bench.tasks(sent.referral_id)[0]["id"]
    ask(bench.hub, bench.staff["mentors"], task, QUESTION)
    reply(bench.hub, bench.staff["gp"], task, ANSWER)
    answer_task(bench.hub, bench.staff["mentors"], AnswerTask(task, True, None, ACCEPTED))
    bench.deliver()
    return person_of(bench, sent.referral_id)


def referral_of(bench: Bench, person: UUID) -> UUID:
    found: UUID = bench.one("SELECT id FROM referral WHERE subject_id = %s", person)
    return found


def entries(bench: Bench, kind: str, purpose: str | None = None) -> list[dict[str, Any]]:
    rows = bench.rows("SELECT entry FROM log_entry WHERE type = %s ORDER BY id", kind)
    found = [json.loads(bytes(row["entry"])) for row in rows]
    return [one for one in found if purpose in (None, one["purpose"])]


# The register and its clock


def test_a_request_is_recorded_with_its_clock_and_its_entry(bench: Bench, person: UUID) -> None:
    matter = asked(bench, person)
    view = read_matter(bench.hub, bench.staff["surgery-dpo"], matter)
    assert view.matter.reference.startswith("AR-")
    assert (view.matter.state, view.clock.state) == (MatterState.RECEIVED, ClockState.RUNNING)
    assert view.clock.due_at == view.matter.due_at
    assert [one.event for one in view.steps] == ["record"]
    (entry,) = [one for one in entries(bench, "admin") if "matter" in one["details"]]
    assert entry["details"] == {
        "matter": str(matter), "duty": "access_request", "step": "record"
    }  # fmt: skip
    assert bench.verify().ok


def test_what_was_written_is_sealed_and_opened_by_a_logged_look(bench: Bench, person: UUID) -> None:
    matter = asked(bench, person, requester=Requester.REPRESENTATIVE, authority=Authority.ATTORNEY)
    for table in ("matter", "matter_step", "matter_words", "log_entry"):
        assert not [w for w in (NAME, CONTACT, WANTED) if w in str(bench.table(table))]
    before = len(entries(bench, "view"))
    (written,) = open_written(bench.hub, bench.staff["surgery-dpo"], matter)
    assert written.words == {"name": NAME, "contact": CONTACT, "wanted": WANTED}
    assert len(entries(bench, "view")) == before + 1
    assert NAME not in repr(written)


def test_proof_of_identity_starts_the_clock_and_clarification_stops_it(
    bench: Bench, person: UUID
) -> None:
    officer = bench.staff["surgery-dpo"]
    matter = asked(bench, person, identity=IdentityCheck.WAITING)
    assert read_matter(bench.hub, officer, matter).clock.state is ClockState.NOT_STARTED
    bench.clock.forward(timedelta(days=5))
    step(bench, matter, MatterEvent.CONFIRM_IDENTITY)
    first = read_matter(bench.hub, officer, matter).clock.due_at
    step(bench, matter, MatterEvent.ASK_CLARIFICATION, words="Which years?")
    row = register(bench.hub, officer).open[-1].matter
    assert (row.clock, row.due_at) == (ClockState.PAUSED, None)
    bench.clock.forward(timedelta(days=14))
    step(bench, matter, MatterEvent.CLARIFY)
    again = read_matter(bench.hub, officer, matter).clock
    assert again.paused_days == 14
    assert first is not None
    assert again.due_at is not None
    assert again.due_at >= first + timedelta(days=13)


def test_an_extension_is_given_once_and_within_the_first_month(bench: Bench, person: UUID) -> None:
    matter, other = asked(bench, person), asked(bench, person_of(bench, bench.refer().referral_id))
    reason = ExtensionReason.COMPLEX.value
    with pytest.raises(InvalidInput):
        step(bench, matter, MatterEvent.EXTEND, reason=reason)
    step(bench, matter, MatterEvent.EXTEND, reason=reason, words="Told by letter: three agencies")
    with pytest.raises(Conflict):
        step(bench, matter, MatterEvent.EXTEND, reason=reason, words="again")
    bench.clock.forward(timedelta(days=40))
    with pytest.raises(Conflict):
        step(bench, other, MatterEvent.EXTEND, reason=reason, words="too late")
    late = {
        one.matter.id: one.overdue for one in register(bench.hub, bench.staff["surgery-dpo"]).open
    }
    assert late == {matter: False, other: True}


def test_days_that_cannot_be_are_refused(bench: Bench, person: UUID) -> None:
    today = local_day(bench.clock())
    with pytest.raises(InvalidInput):
        asked(bench, person, received_on=today + timedelta(days=1))
    matter = asked(bench, person, received_on=today - timedelta(days=2))
    for day in (today + timedelta(days=1), today - timedelta(days=3)):
        with pytest.raises(InvalidInput):
            step(bench, matter, MatterEvent.PREPARE, on=day)
    with pytest.raises(Conflict):
        asked(bench, person)


def test_another_agencys_officer_and_other_roles_get_nowhere(bench: Bench, person: UUID) -> None:
    matter = in_hand(bench, person)
    for use in (
        lambda actor: read_matter(bench.hub, actor, matter),
        lambda actor: open_written(bench.hub, actor, matter),
        lambda actor: parts_of(bench.hub, actor, matter),
        lambda actor: look_at(bench.hub, actor, matter, part=person),
        lambda actor: preview(bench.hub, actor, matter),
        lambda actor: make_export(bench.hub, actor, matter, "json"),
    ):
        with pytest.raises(NotFound):
            use(bench.staff["hill-dpo"])
        for name in ("gp", "mentors", "council", "surgery-admin"):
            with pytest.raises(Forbidden):
                use(bench.staff[name])
    with pytest.raises(NotFound):
        asked(bench, person, by="hill-dpo")
    assert register(bench.hub, bench.staff["hill-dpo"]).open == []


# Opening and deciding


def test_nothing_opens_before_an_answer_is_being_prepared_or_after(
    bench: Bench, person: UUID
) -> None:
    officer = bench.staff["surgery-dpo"]
    matter = asked(bench, person)
    looks = len(entries(bench, "view"))
    with pytest.raises(Conflict):
        look_at(bench.hub, officer, matter, part=person)
    step(bench, matter, MatterEvent.PREPARE)
    step(bench, matter, MatterEvent.WITHDRAW)
    with pytest.raises(Conflict):
        look_at(bench.hub, officer, matter, part=person)
    assert len(entries(bench, "view")) == looks


def test_each_opening_is_a_look_before_anything_is_shown(bench: Bench, person: UUID) -> None:
    officer, referral = bench.staff["surgery-dpo"], referral_of(bench, person)
    matter = in_hand(bench, person)
    _, looked, _ = look_at(bench.hub, officer, matter, part=referral)
    (entry,) = entries(bench, "view", "subject_access")
    assert entry["details"]["matter"] == str(matter)
    assert {"identity", "health"} <= set(entry["classes"])
    values = {one.item.what: one.item.value for one in looked}
    assert values["field.identity.first_name"] == "Zebedee"
    assert values["note.ours"]["text"] == ANSWER
    assert {"task", "disclosure", "referral"} <= values.keys()
    other = person_of(bench, bench.refer().referral_id)
    with pytest.raises(NotFound):
        look_at(bench.hub, officer, matter, part=other)
    assert len(entries(bench, "view", "subject_access")) == 1


def test_what_another_agency_wrote_is_withheld_until_somebody_decides(
    bench: Bench, person: UUID
) -> None:
    officer, referral = bench.staff["surgery-dpo"], referral_of(bench, person)
    matter = in_hand(bench, person)
    _, looked, _ = look_at(bench.hub, officer, matter, part=referral)
    assert {one.item.what for one in looked if withholding(one)} == {"note.theirs"}
    reviewed(bench, matter)
    export = preview(bench.hub, officer, matter)
    given = json.dumps([given_value(one) for one in export.given])
    assert QUESTION not in given
    assert ACCEPTED not in given
    assert ANSWER in given
    assert {one.stands.exemption for one in export.withheld} == {Exemption.OTHER_AGENCY}


def test_words_are_blacked_out_and_words_that_are_not_there_are_refused(
    bench: Bench, person: UUID
) -> None:
    officer, referral = bench.staff["surgery-dpo"], referral_of(bench, person)
    matter = in_hand(bench, person)
    reviewed(bench, matter)
    _, looked, _ = look_at(bench.hub, officer, matter, part=referral)
    note = next(one for one in looked if "Jane" in str(one.item.value))

    def hide(*words: str) -> None:
        part = Decided(Handling.PART, Exemption.OTHER_PERSON, words)
        save_review(bench.hub, officer, matter, part=referral, decisions={note.item.short: part})

    with pytest.raises(InvalidInput):
        hide("Janet")
    hide("JANE", "says")
    export = preview(bench.hub, officer, matter)
    shown = next(given_value(one) for one in export.given if one.item.key == note.item.key)
    assert shown["text"] == "Gladly, [withheld] [withheld]"
    assert "JANE" not in str(bench.table("matter_words")) + str(bench.table("matter_item"))


def test_nothing_is_handed_over_that_nobody_looked_at(bench: Bench, person: UUID) -> None:
    officer = bench.staff["surgery-dpo"]
    matter = in_hand(bench, person)
    with pytest.raises(Conflict, match="not been looked at"):
        make_export(bench.hub, officer, matter, "json")
    reviewed(bench, matter)
    preview(bench.hub, officer, matter)
    again = bench.refer(person={"nhs_number": parse_nhs_number(nhs_number(1))})
    assert person_of(bench, again.referral_id) == person
    with pytest.raises(Conflict, match="not been looked at"):
        make_export(bench.hub, officer, matter, "json")
    assert len(parts_of(bench.hub, officer, matter)[1]) == 4


def test_a_reason_is_asked_for_what_is_withheld(bench: Bench, person: UUID) -> None:
    officer = bench.staff["surgery-dpo"]
    matter = in_hand(bench, person)
    _, looked, _ = look_at(bench.hub, officer, matter, part=person)
    short = looked[0].item.short
    for wrong in (
        {short: Decided(Handling.WITHHOLD)},
        {short: Decided(Handling.GIVE, Exemption.CRIME)},
        {"0" * 16: Decided(Handling.GIVE)},
    ):
        with pytest.raises(InvalidInput):
            save_review(bench.hub, officer, matter, part=person, decisions=wrong)


def test_a_fact_that_was_corrected_is_shown_as_it_was_too(bench: Bench, person: UUID) -> None:
    officer, referral = bench.staff["surgery-dpo"], referral_of(bench, person)
    correct_fact(
        bench.hub,
        bench.staff["gp"],
        Correction(referral, "contact.phone", "07700 900456"),
    )
    matter = in_hand(bench, person)
    _, looked, _ = look_at(bench.hub, officer, matter, part=referral)
    phones = [(one.item.value, one.item.earlier) for one in looked if "phone" in one.item.what]
    assert phones == [("07700 900456", False), ("07700 900123", True)]
    save_review(bench.hub, officer, matter, part=referral, decisions=as_it_stands(looked))
    reviewed(bench, matter)
    preview(bench.hub, officer, matter)


# Handing over


def test_the_export_is_a_step_and_its_accesses_are_proved(bench: Bench, person: UUID) -> None:
    officer = bench.staff["surgery-dpo"]
    matter = in_hand(bench, person)
    reviewed(bench, matter)
    with pytest.raises(Conflict):
        step(bench, matter, MatterEvent.ANSWER, reason=HandedOver.POST.value)
    export = make_export(bench.hub, officer, matter, "json")
    view = read_matter(bench.hub, officer, matter)
    assert view.steps[-1].event == "export"
    head = parse_checkpoint(parse_note(export.checkpoint.encode()).unverified_text)
    root, size = head.root, head.size
    assert size > (view.steps[-1].seq or 0)
    kinds = {one.logged.row.type for one in export.accesses}
    assert kinds == {"release", "view"}
    for one in export.accesses:
        row: dict[str, Any] = dict(one.proved)
        proof = [b64decode(node) for node in row["proof"]]
        leaf = leaf_hash(one.logged.row.entry)
        assert leaf.hex() == row["leaf_hash"]
        verify_inclusion(row["index"], size, leaf=leaf, proof=proof, root=root)
    step(bench, matter, MatterEvent.ANSWER, reason=HandedOver.POST.value)
    done = read_matter(bench.hub, officer, matter)
    assert (done.matter.state, done.clock.state) == (MatterState.ANSWERED, ClockState.STOPPED)
    assert done.matter.closed_at is not None
    assert bench.verify().ok


def test_the_access_report_is_read_while_it_is_written_and_is_the_same_each_time(
    bench: Bench, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = in_hand(bench, person)
    reviewed(bench, matter)
    export = make_export(bench.hub, bench.staff["surgery-dpo"], matter, "json")
    found = [one.proved for one in export.accesses]
    assert found == [one.proved for one in export.accesses]
    assert export.accesses.count() == len(found) > 2
    read: list[int | None] = []

    def one_by_one(*arguments: Any, **options: Any) -> Iterator[list[Any]]:
        for rows in exposures(*arguments, **options):
            for row in rows:
                read.append(row.seq)
                yield [row]

    monkeypatch.setattr(subject_export, "exposures", one_by_one)
    lines = iter(export.accesses)
    next(lines)
    next(lines)
    assert len(read) == 2
    assert len([*lines]) == len(found) - 2


def test_items_are_read_while_they_are_written_a_batch_of_referrals_at_a_time(
    bench: Bench, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        bench.refer(person={"nhs_number": parse_nhs_number(nhs_number(1))})
    matter = in_hand(bench, person)
    reviewed(bench, matter)
    given = make_export(bench.hub, bench.staff["surgery-dpo"], matter, "json").given
    read: list[int] = []
    of_referrals = person_records.of_referrals

    def watched(*arguments: Any) -> Any:
        read.append(len(arguments[2]))
        return of_referrals(*arguments)

    monkeypatch.setattr(person_records, "of_referrals", watched)
    with counting(bench.hub.database) as at_once:
        whole = [one.item.key for one in given]
    assert read == [3]
    monkeypatch.setattr(person_records, "REFERRALS_AT_ONCE", 1)
    read.clear()
    alive, batches, keys = [], [], []
    with counting(bench.hub.database) as one_by_one:
        for one in given:
            keys.append(one.item.key)
            batches.append(len(read))
            alive.append(sum(isinstance(there, HeldItem) for there in gc.get_objects()))
    assert keys == whole
    assert batches == sorted(batches)
    assert set(batches) == {0, 1, 2, 3}
    assert max(alive) <= 2 < len(whole)
    kinds = len(person_records._OF_REFERRALS)
    assert len(one_by_one) == len(at_once) + 2 * kinds


def test_what_came_in_after_the_last_look_is_not_written_into_the_answer(
    bench: Bench, person: UUID
) -> None:
    matter = in_hand(bench, person)
    reviewed(bench, matter)
    export = make_export(bench.hub, bench.staff["surgery-dpo"], matter, "json")
    assert list(export.given)
    later = Correction(referral_of(bench, person), "contact.phone", "07700 900456")
    correct_fact(bench.hub, bench.staff["gp"], later)
    with pytest.raises(Conflict, match="not been looked at"):
        list(export.given)


def test_a_new_review_asks_for_a_new_export(bench: Bench, person: UUID) -> None:
    matter = in_hand(bench, person)
    reviewed(bench, matter)
    make_export(bench.hub, bench.staff["surgery-dpo"], matter, "pdf")
    reviewed(bench, matter)
    with pytest.raises(Conflict):
        step(bench, matter, MatterEvent.ANSWER, reason=HandedOver.POST.value)


# Erasing


def test_a_person_with_an_open_request_is_not_erased(bench: Bench, person: UUID) -> None:
    officer = bench.staff["surgery-dpo"]
    withdraw_agreement(bench.hub, bench.staff["gp"], referral_of(bench, person))
    matter = asked(bench, person)
    with pytest.raises(Conflict, match="asked for"):
        erase_person(bench.hub, officer, person)
    step(bench, matter, MatterEvent.WITHDRAW)
    erase_person(bench.hub, officer, person)
    assert bench.rows("SELECT 1 FROM matter_words WHERE matter_id = %s", matter) == []
    assert bench.rows("SELECT 1 FROM matter_step WHERE matter_id = %s", matter)
    with pytest.raises(Conflict):
        asked(bench, person)
    assert bench.verify().ok


@pytest.mark.parametrize(
    "statement", ["DELETE FROM matter_step", "UPDATE matter_item SET item = ''"]
)
def test_a_step_and_a_decision_cannot_be_changed_by_the_web(bench: Bench, statement: str) -> None:
    with (
        psycopg.connect(bench.url, options="-c role=hub_app") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())
