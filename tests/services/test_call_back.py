"""Callbacks from the step of a task to a receiver here, verified by another's library."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from referral_hub.domain.codes import DeclineReason
from referral_hub.domain.commands import AnswerTask
from referral_hub.domain.deliveries import Way
from referral_hub.errors import Conflict, Forbidden, InvalidInput, NotFound
from referral_hub.outbox.breaker import OPENS_AFTER
from referral_hub.services.answer_task import answer_task
from referral_hub.services.callback_endpoints import (
    MOST_ENDPOINTS,
    Secrets,
    list_endpoints,
    register_endpoint,
    rotate_secrets,
    switch_endpoint,
)
from referral_hub.services.deliveries import start_way, stop_way
from referral_hub.services.oversee import list_undelivered
from referral_hub.services.rotate_keys import rotate_keys
from referral_hub.services.withdraw import withdraw_agreement
from tests.callbacks import Call, Receiver, receiver
from tests.hub_bench import Bench, NewBench, only
from tests.leaks import without_ids

PERSONAL = ("Zebedee", "Quillfeather", "Gannet", "07700", "COPD", "RH-")


@pytest.fixture
def partner() -> Iterator[Receiver]:
    with receiver() as started:
        yield started


@pytest.fixture
def calling(new_bench: NewBench) -> Bench:
    """A hub that may call this machine."""
    return new_bench(HUB_CALLBACKS_HERE="1")


@pytest.fixture
def surgery(calling: Bench, partner: Receiver) -> Secrets:
    """The sender's address, registered."""
    return register_endpoint(calling.hub, calling.staff["surgery-admin"], partner.url)


def types(partner: Receiver) -> list[str]:
    return [json.loads(call.body)["type"] for call in partner.calls]


def signatures(call: Call) -> list[tuple[str, str]]:
    listed = call.headers["webhook-signature"].split(" ")
    return [(one.partition(",")[0], one.partition(",")[2]) for one in listed]


def verified_by_key(call: Call, public_key: str) -> bool:
    key = Ed25519PublicKey.from_public_bytes(b64decode(public_key.removeprefix("whpk_")))
    head = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode()
    for scheme, signature in signatures(call):
        if scheme == "v1a":
            try:
                key.verify(b64decode(signature), head + call.body)
            except Exception:  # noqa: BLE001, S112 - the library has a kind of its own
                continue
            return True
    return False


def callback_states(bench: Bench) -> list[tuple[str, str | None]]:
    rows = bench.rows("SELECT state, last_code FROM outbox WHERE kind = 'callback' ORDER BY id")
    return [(row["state"], row["last_code"]) for row in rows]


def test_a_sender_is_called_at_each_step_and_another_library_verifies_it(
    calling: Bench, partner: Receiver, surgery: Secrets
) -> None:
    sent = calling.refer(to=("neighbours",))
    calling.deliver()
    calling.deliver()
    task_id = calling.tasks()[0]["id"]
    yes = AnswerTask(task_id, True, None, None)
    answer_task(calling.hub, calling.staff["neighbours"], yes)
    calling.deliver()
    calling.deliver()
    assert types(partner) == ["task.routed", "task.offered", "task.accepted", "task.updated"]
    for call in partner.calls:
        body = Webhook(surgery.secret).verify(call.body, call.headers)
        assert body["data"] == {"task": str(task_id), "referral": str(sent.referral_id)}
        assert set(body) == {"type", "timestamp", "data"}
        assert verified_by_key(call, surgery.public_key)
        assert not [fact for fact in PERSONAL if fact in without_ids(call.body)]


def test_another_secret_or_another_body_does_not_verify(
    calling: Bench, partner: Receiver, surgery: Secrets
) -> None:
    calling.refer(to=("neighbours",))
    calling.deliver()
    call = partner.calls[0]
    other = register_endpoint(calling.hub, calling.staff["surgery-admin"], partner.url)
    for secret, body in ((other.secret, call.body), (surgery.secret, call.body + b" ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, call.headers)
    assert not verified_by_key(call, other.public_key)


def test_a_recipient_is_called_about_what_reached_it_and_about_nothing_else(
    calling: Bench, partner: Receiver
) -> None:
    council = calling.staff["council-admin"]
    register_endpoint(calling.hub, council, partner.url)
    calling.refer(to=("neighbours",))
    calling.deliver()
    calling.deliver()
    assert partner.calls == []
    calling.refer(to=("council",))
    calling.deliver()
    calling.deliver()
    assert types(partner) == ["task.offered"]
    assert "referral" not in json.loads(partner.calls[0].body)["data"]


@pytest.mark.usefixtures("surgery")
def test_a_call_is_written_with_the_change_and_not_without_it(
    calling: Bench, partner: Receiver
) -> None:
    calling.refer(to=("neighbours",))
    assert callback_states(calling) == [("due", None)]
    assert partner.calls == []
    with pytest.raises(NotFound):
        answer_task(
            calling.hub,
            calling.staff["neighbours"],
            AnswerTask(calling.tasks()[0]["id"], True, None, None),
        )
    assert len(callback_states(calling)) == 1


@pytest.mark.usefixtures("surgery")
def test_a_repeated_call_has_the_same_id_and_a_fresh_signature(
    calling: Bench, partner: Receiver
) -> None:
    partner.answers.append((500, {}))
    calling.refer(to=("neighbours",))
    calling.deliver()
    calling.clock.forward(timedelta(seconds=10))
    calling.deliver()
    first, *others = partner.calls
    again = only([c for c in others if c.headers["webhook-id"] == first.headers["webhook-id"]])
    assert again.body == first.body
    assert again.headers["webhook-timestamp"] > first.headers["webhook-timestamp"]


@pytest.mark.usefixtures("surgery")
def test_after_ten_attempts_a_person_sees_it(calling: Bench, partner: Receiver) -> None:
    calling.refer(to=("neighbours",))
    for _ in range(30):
        partner.answers[:] = [(503, {})] * 5
        calling.deliver()
        calling.clock.forward(timedelta(hours=27))
    stuck = list_undelivered(calling.hub, calling.staff["council"])
    assert {(row.kind, row.state, row.attempts) for row in stuck} == {("callback", "dead", 10)}


@pytest.mark.usefixtures("surgery")
def test_410_switches_the_address_off_and_drops_the_rest(calling: Bench, partner: Receiver) -> None:
    partner.answers.append((410, {}))
    calling.refer(to=("neighbours",))
    calling.deliver()
    calling.deliver()
    row = only(list(list_endpoints(calling.hub, calling.staff["surgery-admin"])))
    assert (row.disabled_at is not None, row.disabled_code) == (True, "http_410")
    assert len(partner.calls) == 1
    assert {state for state, _ in callback_states(calling)} == {"cancelled"}
    calling.refer(to=("neighbours",))
    assert {state for state, _ in callback_states(calling)} == {"cancelled"}
    assert calling.one("SELECT count(*) FROM log_entry WHERE outcome = 'callback_gone'") == 1


def test_while_secrets_change_old_and_new_sign_side_by_side_for_a_day(
    calling: Bench, partner: Receiver, surgery: Secrets
) -> None:
    admin = calling.staff["surgery-admin"]
    fresh = rotate_secrets(calling.hub, admin, surgery.endpoint_id)
    calling.refer(to=("neighbours",))
    calling.deliver()
    call = partner.calls[0]
    assert [scheme for scheme, _ in signatures(call)] == ["v1", "v1a", "v1", "v1a"]
    for secrets in (surgery, fresh):
        assert Webhook(secrets.secret).verify(call.body, call.headers)
        assert verified_by_key(call, secrets.public_key)
    calling.clock.forward(timedelta(hours=25))
    partner.calls.clear()
    calling.refer(to=("neighbours",))
    calling.deliver()
    assert [scheme for scheme, _ in signatures(partner.calls[-1])] == ["v1", "v1a"]
    assert not verified_by_key(partner.calls[-1], surgery.public_key)


def test_secrets_survive_a_new_root_key_and_stand_nowhere_in_clear(
    calling: Bench, partner: Receiver, surgery: Secrets
) -> None:
    stored = str(calling.table("callback_signer")) + str(calling.table("callback_endpoint"))
    raw = b64decode(surgery.secret.removeprefix("whsec_"))
    assert surgery.secret.removeprefix("whsec_") not in stored
    assert raw.hex() not in stored
    rotate_keys(calling.hub, fresh_root=True)
    calling.refer(to=("neighbours",))
    calling.deliver()
    assert Webhook(surgery.secret).verify(partner.calls[0].body, partner.calls[0].headers)


@pytest.mark.usefixtures("surgery")
def test_callbacks_can_be_stopped_as_a_way_and_wait(calling: Bench, partner: Receiver) -> None:
    operator = calling.staff["council-admin"]
    stop_way(calling.hub, operator, Way.CALLBACK)
    calling.refer(to=("neighbours",))
    calling.deliver()
    calling.deliver()
    assert partner.calls == []
    assert calling.states() == [("neighbours", "offered")]
    start_way(calling.hub, operator, Way.CALLBACK)
    calling.deliver()
    assert types(partner) == ["task.routed", "task.offered"]


def test_an_address_that_does_not_answer_is_left_alone_and_the_others_are_called(
    calling: Bench, partner: Receiver
) -> None:
    admin = calling.staff["surgery-admin"]
    with receiver() as broken:
        ours = register_endpoint(calling.hub, admin, broken.url)
        register_endpoint(calling.hub, admin, partner.url)
        for _ in range(OPENS_AFTER):
            broken.answers[:] = [(500, {})] * 9
            calling.refer(to=("neighbours",))
            calling.deliver()
        opened = calling.one(
            "SELECT opened_at FROM delivery_breaker WHERE destination = %s", ours.endpoint_id
        )
        assert opened is not None
        called = len(broken.calls)
        calling.refer(to=("neighbours",))
        calling.deliver()
        assert len(broken.calls) == called
    assert "task.routed" in types(partner)


@pytest.mark.usefixtures("surgery")
def test_a_withdrawal_is_told_although_it_cancels_what_was_to_be_sent(
    calling: Bench, partner: Receiver
) -> None:
    sent = calling.refer(to=("neighbours",))
    withdraw_agreement(calling.hub, calling.staff["gp"], sent.referral_id)
    calling.deliver()
    assert types(partner) == ["task.routed", "task.withdrawn"]


@pytest.mark.usefixtures("surgery")
def test_a_decline_and_what_follows_are_told_in_order(calling: Bench, partner: Receiver) -> None:
    calling.refer(to=("neighbours", "council"))
    calling.deliver()
    no = AnswerTask(calling.tasks()[0]["id"], False, DeclineReason.NO_CAPACITY, None)
    answer_task(calling.hub, calling.staff["neighbours"], no)
    for _ in range(3):
        calling.deliver()
    told = types(partner)
    assert told[:3] == ["task.routed", "task.offered", "task.declined"]
    assert len({call.headers["webhook-id"] for call in partner.calls}) == len(partner.calls)


def test_only_public_addresses_can_be_registered_outside_development(bench: Bench) -> None:
    admin = bench.staff["surgery-admin"]
    for url in ("http://127.0.0.1:9/x", "https://127.0.0.1/x", "https://10.0.0.1/", "x", ""):
        with pytest.raises(InvalidInput):
            register_endpoint(bench.hub, admin, url)
    assert bench.table("callback_endpoint") == []


@pytest.mark.usefixtures("partner")
def test_an_address_is_its_agencys_alone(calling: Bench, surgery: Secrets) -> None:
    other: UUID = surgery.endpoint_id
    council = calling.staff["council-admin"]
    with pytest.raises(NotFound):
        rotate_secrets(calling.hub, council, other)
    with pytest.raises(NotFound):
        switch_endpoint(calling.hub, council, other, on=False)
    assert list_endpoints(calling.hub, council) == []
    for username in ("gp", "council", "surgery-dpo"):
        with pytest.raises(Forbidden):
            list_endpoints(calling.hub, calling.staff[username])


def test_an_agency_has_five_addresses_at_most(calling: Bench, partner: Receiver) -> None:
    admin = calling.staff["surgery-admin"]
    made = [register_endpoint(calling.hub, admin, partner.url) for _ in range(MOST_ENDPOINTS)]
    with pytest.raises(Conflict):
        register_endpoint(calling.hub, admin, partner.url)
    switch_endpoint(calling.hub, admin, made[0].endpoint_id, on=False)
    assert register_endpoint(calling.hub, admin, partner.url)
