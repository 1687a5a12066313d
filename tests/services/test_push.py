"""What a partner's system is sent: sealed for it alone, the least it needs, once per effect."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwe
from joserfc.errors import JoseError

from referral_hub.domain.codes import ContactMethod, DeclineReason, NeedCode, Role
from referral_hub.domain.commands import Actor, AnswerTask
from referral_hub.errors import Conflict
from referral_hub.services import outward
from referral_hub.services.answer_task import answer_task
from referral_hub.services.oversee import list_undelivered, replay
from referral_hub.services.push import LANES
from referral_hub.services.release import open_task
from referral_hub.services.submit_referral import submit_referral
from tests.hub_bench import GARDEN, Bench, nhs_number, only
from tests.services.partners import PartnerSystem, partner_system

OFFER_FIELDS = {
    "identity.first_name",
    "contact.area",
    "need.needs",
    "need.task_note",
    "access_needs.language",
    "access_needs.access",
}
ACCEPTED_FIELDS = OFFER_FIELDS | {
    "identity.family_name",
    "contact.phone",
    "contact.address",
    "contact.preferences",
}
DIAGNOSIS = "Korsakoff dementia"
NUMBER = nhs_number(4242)


def system(bench: Bench) -> Actor:
    """The time bank's system, as the partner endpoint authenticates it."""
    agency = bench.agencies["time_bank"]
    return Actor(agency, agency, Role.PARTNER_SYSTEM)


def send(bench: Bench) -> UUID:
    bench.refer(needs=GARDEN, to=("time_bank",))
    bench.deliver()
    return UUID(str(bench.tasks()[-1]["id"]))


def test_an_offer_and_an_acceptance_hold_exactly_what_their_stage_needs(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    task_id = send(bench)
    assert (
        answer_task(bench.hub, system(bench), AnswerTask(task_id, True, None, None)) == "accepted"
    )
    bench.deliver()
    offer, acceptance = time_bank.documents
    assert (offer["kind"], acceptance["kind"]) == ("offer", "acceptance")
    assert set(offer["fields"]) == OFFER_FIELDS
    assert set(acceptance["fields"]) == ACCEPTED_FIELDS
    assert offer["task"] == acceptance["task"] == str(task_id)
    assert len(set(time_bank.effects)) == 2


def test_whatever_was_typed_a_time_bank_gets_no_diagnosis_and_no_nhs_number(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    command = bench.command(needs=(*GARDEN, NeedCode.DRINK_DRUGS), to=("time_bank", "council"))
    command = replace(
        command,
        person=replace(command.person, nhs_number=NUMBER),
        contact=replace(command.contact, email="korsakoff@example.org"),
        why=f"{DIAGNOSIS}, NHS {NUMBER}",
        agreement=bench.agreed(("time_bank", "council")),
    )
    submit_referral(bench.hub, bench.staff["gp"], command)
    bench.deliver()
    task_id = next(row["id"] for row in bench.tasks() if row["to"] == "time_bank")
    answer_task(bench.hub, system(bench), AnswerTask(task_id, True, None, None))
    bench.deliver()
    assert len(time_bank.documents) == 2
    for document in time_bank.documents:
        text = json.dumps(document, ensure_ascii=False)
        for secret in (DIAGNOSIS, "orsakoff", NUMBER, "1944-05-06", "drink_drugs"):
            assert secret not in text, secret
        assert not {"health.why", "identity.nhs_number", "identity.date_of_birth"} & set(
            document["fields"]
        )


def test_another_partners_key_does_not_open_it_and_nothing_shows_on_the_outside(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    send(bench)
    (body,) = (received.body for received in time_bank.received)
    with partner_system() as other, pytest.raises(JoseError):
        jwe.decrypt_compact(body, other.key, algorithms=["ECDH-ES+A256KW", "A256GCM"])
    for secret in (b"Zebedee", b"MF-HAR", b"garden", b"Ring twice", b"Quillfeather"):
        assert secret not in body
    header = json.loads(urlsafe_b64decode(body.split(b".")[0] + b"=="))
    assert set(header) == {"alg", "enc", "kid", "typ", "cty", "epk"}


def test_the_hub_signed_it_and_named_its_log_entry(bench: Bench, time_bank: PartnerSystem) -> None:
    send(bench)
    (received,) = time_bank.received
    document = time_bank.open(received.body, verify_with=bench.hub.hub_signer.public_jwks())
    entry = only(bench.rows("SELECT seq, type FROM log_entry WHERE id = %s", document["log_entry"]))
    assert entry["type"] == "release"
    assert entry["seq"] is not None
    assert only(bench.table("release"))["effect_id"] == UUID(received.effect_id)


def test_what_a_system_has_is_not_opened_on_the_hubs_pages(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    task_id = send(bench)
    coordinator = replace(bench.staff["mentors"], agency_id=bench.agencies["time_bank"])
    with pytest.raises(Conflict, match="your own system"):
        open_task(bench.hub, coordinator, task_id)
    assert time_bank.documents


def test_a_refusal_for_good_is_seen_by_the_council_and_can_be_replayed_under_the_same_id(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    time_bank.answers = [(410, {})]
    bench.refer(needs=GARDEN, to=("time_bank",))
    bench.deliver()
    assert bench.outbox() == [("offer", "refused", "http_410")]
    council = bench.staff["council"]
    (row,) = list_undelivered(bench.hub, council)
    assert (row.recipient_name, row.last_code) == ("Mereford Time Bank", "http_410")
    replay(bench.hub, council, row.id)
    bench.deliver()
    assert bench.outbox() == [("offer", "delivered", None)]
    assert time_bank.effects == [str(row.id)]
    assert list_undelivered(bench.hub, council) == []
    with pytest.raises(Exception, match="nothing here"):
        replay(bench.hub, council, row.id)


def test_a_system_that_is_away_is_tried_again_no_sooner_than_it_asked(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    time_bank.answers = [(503, {"Retry-After": "120"})]
    bench.refer(needs=GARDEN, to=("time_bank",))
    asked_at = bench.clock()
    bench.deliver()
    row = only(bench.table("outbox"))
    assert (row["state"], row["last_code"], row["attempts"]) == ("due", "http_503", 1)
    assert timedelta(seconds=120) <= row["due_at"] - asked_at < timedelta(seconds=180)
    bench.clock.forward(timedelta(seconds=100))
    assert bench.deliver() == 0
    bench.clock.forward(timedelta(seconds=80))
    bench.deliver()
    assert bench.outbox() == [("offer", "delivered", None)]


def test_a_destination_that_is_away_is_not_tried_again_in_the_same_batch(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    for _ in range(12):
        bench.refer(needs=GARDEN, to=("time_bank",))
    time_bank.answers = [(503, {})] * LANES
    bench.deliver()
    codes = [str(code) for _, _, code in bench.outbox()]
    assert set(codes) == {"destination_away", "http_503"}
    assert codes.count("http_503") <= LANES
    assert time_bank.documents == []
    time_bank.answers = []
    bench.clock.forward(timedelta(minutes=1))
    bench.deliver()
    assert len(time_bank.documents) == len(set(time_bank.effects)) == 12


def test_after_the_last_try_a_person_sees_it(bench: Bench, time_bank: PartnerSystem) -> None:
    bench.refer(needs=GARDEN, to=("time_bank",))
    bench.rows("UPDATE outbox SET attempts = 23")
    time_bank.answers = [(500, {})]
    bench.deliver()
    assert bench.outbox() == [("offer", "dead", "http_500")]
    assert [row.state for row in list_undelivered(bench.hub, bench.staff["council"])] == ["dead"]


def test_a_partner_declining_moves_the_plan_on(bench: Bench, time_bank: PartnerSystem) -> None:
    bench.refer(needs=GARDEN, to=("time_bank", "council"))
    bench.deliver()
    no = AnswerTask(bench.tasks()[0]["id"], False, DeclineReason.OUT_OF_AREA, None)
    answer_task(bench.hub, system(bench), no)
    bench.deliver()
    assert bench.states() == [("time_bank", "declined"), ("council", "offered")]
    assert len(time_bank.documents) == 1


def test_several_destinations_are_served_side_by_side(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    with partner_system() as mentors:
        mentors.register(bench, "Common Ground Peer Mentors")
        mentors.answers = [(503, {})]
        for needs, to in ((GARDEN, ("time_bank",)), ((NeedCode.LONELY,), ("mentors",))):
            bench.refer(needs=needs, to=to)
        bench.refer(to=("neighbours", "council"))
        bench.deliver()
        assert len(time_bank.documents) == 1
        assert mentors.documents == []
        assert ("neighbours", "offered") in bench.states()


def test_never_by_post_goes_with_the_address_once_accepted(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    task_id = send(bench)
    answer_task(bench.hub, system(bench), AnswerTask(task_id, True, None, None))
    bench.deliver()
    preferences = time_bank.documents[1]["fields"]["contact.preferences"]
    assert preferences["never"] == [ContactMethod.POST]


def test_an_adapters_own_fault_sends_no_other_document_again(
    bench: Bench, time_bank: PartnerSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing, calls = outward.seal_for_partner, iter(range(100))

    def fails_once(*given: Any, **named: Any) -> bytes:
        if next(calls) == 0:
            raise RuntimeError("Zebedee")
        return sealing(*given, **named)

    monkeypatch.setattr(outward, "seal_for_partner", fails_once)
    for _ in range(4):
        bench.refer(needs=GARDEN, to=("time_bank",))
    bench.deliver()
    states = sorted((state, code) for _, state, code in bench.outbox())
    assert states == [("delivered", None)] * 3 + [("due", "adapter_failed")]
    assert len(time_bank.effects) == len(set(time_bank.effects)) == 3


def test_one_poisoned_record_does_not_stop_the_others(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    for _ in range(4):
        bench.refer(needs=GARDEN, to=("time_bank",))
    poisoned = bench.tasks()[1]["referral_id"]
    bench.rows(
        "UPDATE sealed_record SET ciphertexts[1] = ciphertexts[2] WHERE referral_id = %s", poisoned
    )
    bench.deliver()
    states = sorted((state, code) for _, state, code in bench.outbox())
    assert states == [("delivered", None)] * 3 + [("due", "unreadable")]
    assert len({document["task"] for document in time_bank.documents}) == 3


def test_a_record_too_large_for_the_partner_is_put_before_a_person_and_stops_nobody(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    bench.refer(needs=GARDEN, to=("time_bank",), task_note="long " * 40_000)
    bench.refer(needs=GARDEN, to=("time_bank",))
    bench.deliver()
    assert bench.outbox()[1] == ("offer", "delivered", None)
    assert bench.outbox()[0] == ("offer", "refused", "not_writable")
    assert len(list_undelivered(bench.hub, bench.staff["council"])) == 1
    assert len(time_bank.documents) == 1


def test_facts_that_cannot_be_read_are_a_failure_of_that_referral_alone(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    bench.refer(needs=GARDEN, to=("time_bank",))
    bench.refer(needs=GARDEN, to=("time_bank",))
    bench.rows(
        "UPDATE consent_event SET method = 'telepathy' WHERE subject_id ="
        " (SELECT subject_id FROM referral ORDER BY id LIMIT 1)"
    )
    bench.deliver()
    assert bench.outbox()[1] == ("offer", "delivered", None)
    assert bench.outbox()[0] == ("offer", "due", "ValueError")
    assert len(time_bank.documents) == 1
