"""Accepting a referral: decided for each recipient, sealed, logged and stored at once, and once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from consent.model import DataClass, EventState
from referral_hub.domain.codes import NeedCode, Role
from referral_hub.domain.commands import SubmitReferral
from referral_hub.domain.transitions import TaskState
from referral_hub.errors import Forbidden, InvalidInput
from referral_hub.services.put_right import record_agreement
from referral_hub.services.release import view_own
from referral_hub.services.submit_referral import Submitted, submit_referral
from tests.hub_bench import Bench, nhs_number, only

MAY_REFER = {Role.REFERRER, Role.COUNCIL_OFFICER, Role.PARTNER_SYSTEM}
SECRETS = ("Zebedee", "Quillfeather", "1944-05-06", "4 Gannet Row", "07700 900123", "COPD", "Ring")


def test_the_first_permitted_recipient_of_the_plan_gets_the_task(bench: Bench) -> None:
    submitted = bench.refer(to=("neighbours", "council"))
    (slot,) = submitted.slots
    assert (slot.state, slot.agency_id) == (TaskState.ROUTED, bench.agencies["neighbours"])
    assert slot.needs == (NeedCode.LONELY,)
    assert slot.decision["outcome"] == "permit"
    assert bench.states() == [("neighbours", "routed")]
    assert bench.outbox() == [("offer", "due", None)]


def test_everyone_who_was_considered_has_a_decision_in_the_log(bench: Bench) -> None:
    bench.refer(to=("council",))
    decided = bench.rows(
        "SELECT recipient_agency_id AS to, outcome FROM log_entry WHERE type = 'decision'"
        " ORDER BY id"
    )
    keys = {agency_id: key for key, agency_id in bench.agencies.items()}
    assert [(keys[row["to"]], row["outcome"]) for row in decided] == [
        ("mentors", "refuse"),
        ("neighbours", "refuse"),
        ("council", "permit"),
    ]
    assert bench.states() == [("council", "routed")]


def test_a_refusal_holds_the_referral_and_says_what_is_missing_and_how_to_fix_it(
    bench: Bench,
) -> None:
    submitted = bench.refer(agreement=bench.agreed(("mentors",), state=EventState.REFUSED))
    (slot,) = submitted.slots
    assert slot.state is TaskState.HELD
    assert slot.decision["outcome"] == "refuse"
    assert slot.decision["reason"] == "consent_refused"
    assert slot.decision["missing"]
    assert slot.decision["fix"]
    assert bench.states() == [("mentors", "held")]
    assert bench.outbox() == []
    assert only(bench.tasks())["decision"] == dict(slot.decision)


def test_nobody_named_means_nobody_is_told(bench: Bench) -> None:
    submitted = bench.refer(to=())
    assert only(submitted.slots).state is TaskState.HELD
    assert bench.deliver() == 0
    assert bench.one("SELECT count(*) FROM release") == 0


def test_a_class_that_was_not_agreed_narrows_the_permit(bench: Bench) -> None:
    classes = frozenset({DataClass.IDENTITY, DataClass.NEED, DataClass.CONTACT})
    submitted = bench.refer(agreement=bench.agreed(("council",), classes=classes))
    decision = only(submitted.slots).decision
    assert set(decision["classes"]) == {"contact", "identity", "need"}
    assert not any(name.startswith(("health", "access")) for name in decision["fields"])


def test_needs_of_different_helpers_go_to_different_recipients_at_once(bench: Bench) -> None:
    submitted = bench.refer(
        needs=(NeedCode.LONELY, NeedCode.BEEN_THERE, NeedCode.HOME_SAFETY, NeedCode.EQUIPMENT),
        to=("mentors", "council"),
    )
    placed = {need: slot.agency_id for slot in submitted.slots for need in slot.needs}
    assert placed == {
        NeedCode.LONELY: bench.agencies["mentors"],
        NeedCode.BEEN_THERE: bench.agencies["mentors"],
        NeedCode.HOME_SAFETY: bench.agencies["council"],
        NeedCode.EQUIPMENT: bench.agencies["council"],
    }


def test_a_need_that_nobody_meets_goes_to_the_accountable_council(bench: Bench) -> None:
    bench.rows("UPDATE service SET active = false")
    bench.refer(needs=(NeedCode.PARENTING,), to=("council",))
    assert bench.states() == [("council", "routed")]


def test_every_referral_has_the_areas_council_as_its_owner(bench: Bench) -> None:
    bench.refer(needs=tuple(NeedCode))
    owners = bench.rows(
        "SELECT owner_agency_id AS id FROM referral UNION SELECT owner_agency_id FROM task"
    )
    assert only(owners)["id"] == bench.agencies["council"]


def test_the_same_draft_sent_twice_is_one_referral(bench: Bench) -> None:
    command = bench.command()
    gp = bench.staff["gp"]
    first = submit_referral(bench.hub, gp, command)
    again = submit_referral(bench.hub, gp, command)
    assert (again.referral_id, again.reference) == (first.referral_id, first.reference)
    assert again.slots == ()
    for table in ("referral", "subject", "task", "outbox", "consent_event", "sealed_record"):
        assert len(bench.table(table)) == 1, table


def test_the_same_draft_sent_by_many_at_once_is_one_referral(bench: Bench) -> None:
    command = bench.command()

    def send(_: int) -> Submitted:
        return submit_referral(bench.hub, bench.staff["gp"], command)

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(send, range(8)))
    assert len({(one.referral_id, one.reference) for one in sent}) == 1
    assert sum(bool(one.slots) for one in sent) == 1
    assert len(bench.table("referral")) == len(bench.table("task")) == 1


def test_a_draft_of_another_agency_is_another_referral(bench: Bench) -> None:
    command = bench.command(to=("neighbours", "council"))
    first = submit_referral(bench.hub, bench.staff["gp"], command)
    other = submit_referral(bench.hub, bench.staff["hill-gp"], command)
    assert first.referral_id != other.referral_id
    assert other.slots


def test_one_number_is_one_person_within_an_agency_and_never_across_agencies(
    bench: Bench,
) -> None:
    person = {"nhs_number": nhs_number(5)}
    for username in ("gp", "nurse", "hill-gp", "hill-gp"):
        bench.refer(person=person, by=username, to=("neighbours", "council"))
    people = bench.rows("SELECT origin_agency_id AS agency, nhs_index FROM subject")
    assert {row["agency"] for row in people} == {bench.agencies["surgery"], bench.agencies["hill"]}
    assert len(people) == len({row["nhs_index"] for row in people}) == 2


def test_two_first_referrals_of_one_person_at_once_make_one_person(bench: Bench) -> None:
    commands = [bench.command(person={"nhs_number": nhs_number(6)}) for _ in range(6)]

    def send(command: SubmitReferral) -> Submitted:
        return submit_referral(bench.hub, bench.staff["gp"], command)

    with ThreadPoolExecutor(6) as pool:
        sent = list(pool.map(send, commands))
    assert len({one.referral_id for one in sent}) == 6
    assert len(bench.table("subject")) == 1
    assert len(bench.table("referral")) == 6


def test_people_without_a_number_are_never_taken_for_one_another(bench: Bench) -> None:
    for _ in range(2):
        bench.refer(person={"nhs_number": None})
    assert len(bench.table("subject")) == 2


def test_what_a_person_said_never_about_counts_at_their_next_referral(bench: Bench) -> None:
    person = {"nhs_number": nhs_number(8)}
    bench.refer(person=person)
    bench.rows("UPDATE subject SET never_share_with = %s", [bench.agencies["mentors"]])
    again = bench.refer(person=person)
    assert only(again.slots).agency_id == bench.agencies["neighbours"]
    refused = bench.rows("SELECT plan FROM referral WHERE id = %s", again.referral_id)
    assert only(refused)["plan"][0]["excluded"][0]["reason"] == "never_this_one"


def test_an_area_that_no_council_looks_after_is_refused_with_the_field_to_fix(
    bench: Bench,
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        bench.refer(person={"area": "ELSEWHERE"})
    assert list(refusal.value.fields) == ["area"]
    assert not bench.table("referral")
    assert "ELSEWHERE" not in str(refusal.value)


@pytest.mark.parametrize("role", [role for role in Role if role not in MAY_REFER])
def test_nobody_but_those_who_refer_may_refer(bench: Bench, role: Role) -> None:
    gp = bench.staff["gp"]
    with pytest.raises(Forbidden):
        submit_referral(bench.hub, replace(gp, role=role), bench.command())
    assert not bench.table("referral")


def test_nothing_that_was_typed_is_stored_in_clear(bench: Bench) -> None:
    command = bench.command()
    submit_referral(bench.hub, bench.staff["gp"], command)
    bench.deliver()
    secrets = (*SECRETS, str(command.person.nhs_number))
    for name in ("referral", "subject", "sealed_record", "consent_event", "task", "log_entry"):
        for row in bench.table(name):
            stored = repr([bytes(v) if isinstance(v, memoryview) else v for v in row.values()])
            assert not [secret for secret in secrets if secret in stored], name


def test_the_senders_own_staff_read_back_exactly_what_was_typed(bench: Bench) -> None:
    command = bench.command(needs=(NeedCode.LONELY, NeedCode.EQUIPMENT))
    sent = submit_referral(bench.hub, bench.staff["gp"], command)
    opened = view_own(bench.hub, bench.staff["nurse"], sent.referral_id)
    fields = dict(opened.fields)
    fields.pop("need.needs")
    assert fields == {
        "identity.first_name": "Zebedee",
        "identity.family_name": "Quillfeather",
        "identity.date_of_birth": "1944-05-06",
        "identity.nhs_number": command.person.nhs_number,
        "contact.area": "MF-HAR",
        "contact.address": "4 Gannet Row\nMF1 2AB",
        "contact.phone": "07700 900123",
        "contact.email": "zq@example.org",
        "contact.preferences": {"preferred": ["phone"], "never": ["post"], "note": "After ten"},
        "access_needs.language": {"tag": "en", "interpreter": False},
        "access_needs.access": {"needs": [], "note": "Speaks softly"},
        "need.task_note": "Ring twice",
        "health.why": command.why,
    }
    assert sorted(need for needs in opened.needs_by_slot.values() for need in needs) == [
        "equipment",
        "lonely",
    ]


def test_what_was_left_empty_is_not_sealed_at_all(bench: Bench) -> None:
    command = bench.command(person={"nhs_number": None, "address": None, "postcode": None})
    command = replace(command, task_note=None, contact=replace(command.contact, email=None))
    submit_referral(bench.hub, bench.staff["gp"], command)
    names = set(only(bench.table("sealed_record"))["field_ids"])
    assert names.isdisjoint(
        {"identity.nhs_number", "contact.address", "need.task_note", "contact.email"}
    )


def test_awkward_names_and_words_survive(bench: Bench) -> None:
    awkward = "Zoë O'Brien-Łukasz \\ \" \x07 \u202e 🙂 {{7*7}} =1+1 '); DROP TABLE referral;--"
    sent = bench.refer(person={"first_name": awkward}, why=awkward, task_note=awkward)
    fields = view_own(bench.hub, bench.staff["gp"], sent.referral_id).fields
    assert {fields[name] for name in ("identity.first_name", "health.why", "need.task_note")} == {
        awkward
    }


def test_a_child_without_recorded_authority_waits_for_a_person(bench: Bench) -> None:
    born = bench.clock().date().replace(year=bench.clock().year - 12)
    bench.refer(person={"date_of_birth": born}, needs=(NeedCode.CANNOT_GET_OUT,), to=("library",))
    task = only(bench.tasks())
    assert (task["state"], task["decision"]["outcome"]) == ("held", "hold")
    assert only(bench.table("subject"))["minor_until"] is not None


def test_the_same_words_put_right_what_the_same_words_would_have_permitted(bench: Bench) -> None:
    held = bench.refer(to=())
    gp = bench.staff["gp"]
    assert record_agreement(bench.hub, gp, held.referral_id, bench.agreed(("mentors",))) == 1
    bench.deliver()
    assert bench.states()[-1] == ("mentors", "offered")


def test_the_log_verifies_and_every_disclosure_has_its_entry(bench: Bench) -> None:
    for _ in range(3):
        bench.refer(needs=tuple(NeedCode), to=("mentors", "neighbours", "council"))
    bench.deliver()
    assert bench.disclosures_without_entry() == []
    verification = bench.verify()
    assert verification.ok
    assert verification.releases == len(bench.table("release")) > 3
