"""What a partner's system reads: pages, events in order, receipts, and nothing sent twice."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from consent.evidence.checkpoint import Verifier
from consent.evidence.pins import Pins
from consent.evidence.receipt import verify_receipt
from referral_hub.domain.codes import Scope
from referral_hub.services.api_reads import SETTLED
from referral_hub.services.deliver import drain
from tests.api.client import Client, register
from tests.api.referring import JSON, PATH, agencies, count, referral, send
from tests.statements import counting


@pytest.fixture(scope="module")
def surgery(patient_town: Any) -> Client:
    """A system of Harbour Street Surgery."""
    return register(patient_town)


@pytest.fixture(scope="module")
def token(surgery: Client) -> str:
    """Its token."""
    return surgery.token()


@pytest.fixture(scope="module")
def council(patient_town: Any) -> Client:
    """A system of the council, which receives."""
    return register(patient_town, "council-admin", scopes=[Scope.TASK_ANSWER, Scope.EVENTS_READ])


def _get(client: Client, path: str, token: str, **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {token}", **headers}
    return client.http.get(path.removeprefix(client.hub.settings.public_url), headers=sent)


def _post(client: Client, path: str, token: str, body: Any, **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {token}", **headers}
    return client.http.post(path, data=json.dumps(body), content_type=JSON, headers=sent)


def test_a_referral_is_read_back_by_its_status_address(
    patient_town: Any, surgery: Client, token: str
) -> None:
    told = send(surgery, referral(patient_town), token=token).get_json()
    answer = _get(surgery, told["links"]["status"], token)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found = answer.get_json()
    assert found["reference"] == told["reference"]
    assert found["tasks"][0]["state"] == "routed"
    assert found["history"][0]["event"] == "place"
    assert found["consents"][0]["state"] == "given"
    assert "Zebedee" not in answer.get_data(as_text=True)


def test_what_has_not_changed_is_not_sent_again(
    patient_town: Any, surgery: Client, token: str
) -> None:
    told = send(surgery, referral(patient_town), token=token).get_json()
    first = _get(surgery, told["links"]["status"], token)
    tag = first.headers["ETag"]
    again = _get(surgery, told["links"]["status"], token, **{"If-None-Match": tag})
    assert again.status_code == 304
    assert again.get_data() == b""
    drain(patient_town.hub)
    changed = _get(surgery, told["links"]["status"], token, **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_pages_follow_one_another_and_cost_the_same(
    patient_town: Any, surgery: Client, token: str
) -> None:
    for _ in range(30 - count(patient_town, "referral")):
        send(surgery, referral(patient_town), token=token)
    with counting(patient_town.hub.database) as seen:
        first = _get(surgery, PATH, token).get_json()
    assert len(seen) <= 6
    assert len(first["referrals"]) == 25
    second = _get(surgery, first["next"], token).get_json()
    ids = [row["id"] for row in first["referrals"] + second["referrals"]]
    assert ids == sorted(set(ids), reverse=True)
    assert "next" not in second


def test_events_come_once_and_in_order(own_town: Any) -> None:
    surgery = register(own_town)
    told = send(surgery, referral(own_town)).get_json()
    token = surgery.token()
    assert _get(surgery, "/api/v1/events", token).get_json()["events"] == []
    drain(own_town.hub)
    own_town.clock.pass_by(SETTLED + timedelta(seconds=1))
    page = _get(surgery, "/api/v1/events", token).get_json()
    assert [event["event"] for event in page["events"]] == ["place", "deliver"]
    assert {event["referral"] for event in page["events"]} == {told["id"]}
    rest = _get(surgery, page["next"], token).get_json()
    assert rest == {"events": [], "next": page["next"]}
    recipient = register(own_town, "council-admin")
    seen = _get(recipient, "/api/v1/events", recipient.token()).get_json()["events"]
    ours = [event for event in seen if event["recipient"] == str(recipient.agency_id)]
    assert seen == ours
    assert not [event for event in seen if "reason" in event]


def test_a_receipt_can_be_checked_by_anybody(
    patient_town: Any, surgery: Client, token: str
) -> None:
    told = send(surgery, referral(patient_town), token=token).get_json()
    listed = _get(surgery, told["links"]["receipt"], token).get_json()["receipts"]
    assert [one["event"] for one in listed] == ["place"]
    proof = _get(surgery, listed[0]["proof"], token)
    assert proof.status_code == 200
    assert proof.mimetype == "text/plain"
    pins = Pins([Verifier.from_vkey(patient_town.hub.log_vkey)])
    assert verify_receipt(proof.get_data(), pins)


def test_withdrawing_stops_what_is_unsent(patient_town: Any, surgery: Client, token: str) -> None:
    told = send(surgery, referral(patient_town), token=token).get_json()
    address = f"{PATH}/{told['id']}/withdraw"
    stale = _post(surgery, address, token, {}, **{"If-Match": '"0123"'})
    assert stale.status_code == 412
    tag = _get(surgery, told["links"]["status"], token).headers["ETag"]
    done = _post(surgery, address, token, {}, **{"If-Match": tag})
    assert done.status_code == 200, done.get_data(as_text=True)
    assert done.get_json()["stopped"]
    assert _post(surgery, address, token, {}).status_code == 409


def test_an_agreement_given_later_sends_what_was_held(
    patient_town: Any, surgery: Client, token: str
) -> None:
    body = referral(patient_town)
    said = body.pop("agreement")
    told = send(surgery, body, token=token).get_json()
    assert told["state"] == "held"
    consent = said | {"referral": told["id"]}
    before = count(patient_town, "consent_event")
    nobody = consent | {"recipients": [*said["recipients"], str(uuid.uuid4())]}
    refused = _post(surgery, "/api/v1/consents", token, nobody, **{"Idempotency-Key": "no-0001"})
    assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (
        400,
        "#/recipients",
    )
    assert count(patient_town, "consent_event") == before
    key = {"Idempotency-Key": "later-yes-0001"}
    given = _post(surgery, "/api/v1/consents", token, consent, **key)
    assert given.status_code == 201, given.get_data(as_text=True)
    assert given.get_json()["looked_at_again"] == 1
    before = count(patient_town, "consent_event")
    again = _post(surgery, "/api/v1/consents", token, consent, **key)
    assert again.get_data() == given.get_data()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = _post(surgery, "/api/v1/consents", token, consent | {"method": "phone"}, **key)
    assert other.status_code == 422
    assert count(patient_town, "consent_event") == before
    drain(patient_town.hub)
    drain(patient_town.hub)
    found = _get(surgery, told["links"]["status"], token).get_json()
    assert found["tasks"][0]["state"] == "offered"
    address = f"/api/v1/consents/{given.get_json()['id']}/withdraw"
    assert _post(surgery, address, token, {}).status_code == 200


def test_a_recipients_system_answers_what_reached_it(
    patient_town: Any, surgery: Client, token: str, council: Client
) -> None:
    body = referral(patient_town, to=("council",), needs=["money_benefits"])
    told = send(surgery, body, token=token).get_json()
    drain(patient_town.hub)
    theirs = council.token()
    listed = _get(council, "/api/v1/tasks", theirs).get_json()["tasks"]
    task = next(row for row in listed if row["reference"] == told["reference"])
    assert task["state"] == "offered"
    here = f"/api/v1/tasks/{task['id']}"
    one = _get(council, here, theirs)
    assert "accept" in one.get_json()["moves"]
    assert "Zebedee" not in one.get_data(as_text=True)
    stale = _post(council, f"{here}/accept", theirs, {}, **{"If-Match": '"x"'})
    assert stale.status_code == 412
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("ask", {"question": "Is there a dog?"}, "information_asked"),
        ("accept", {"note": "Gladly"}, "accepted"),
        ("accept", {"note": "Gladly"}, "accepted"),
        ("contact", {}, "in_progress"),
        (
            "close",
            {"outcome": "helped", "person_told": True, "next_step": "Nothing more"},
            "closed",
        ),
    ]
    for action, sent, state in steps:
        answer = _post(council, f"{here}/{action}", theirs, sent)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        assert answer.get_json()["state"] == state
    late = _post(council, f"{here}/accept", theirs, {})
    assert late.status_code == 409


def test_a_council_cannot_pass_on_what_it_is_accountable_for(
    patient_town: Any, surgery: Client, token: str, council: Client
) -> None:
    body = referral(patient_town, to=("council",), needs=["money_benefits"])
    told = send(surgery, body, token=token).get_json()
    drain(patient_town.hub)
    found = _get(surgery, told["links"]["status"], token).get_json()
    here = f"/api/v1/tasks/{found['tasks'][0]['id']}"
    theirs = council.token()
    for sent, status in (({"reason": "other"}, 400), ({"reason": "no_capacity"}, 409)):
        assert _post(council, f"{here}/decline", theirs, sent).status_code == status


def test_the_directory_has_what_a_referral_names(
    patient_town: Any, surgery: Client, token: str
) -> None:
    found = _get(surgery, "/api/v1/directory", token).get_json()
    assert {row["id"] for row in found["agencies"]} == set(agencies(patient_town).values())
    assert "MF-HAR" in [row["code"] for row in found["areas"]]
    assert {"id", "version", "language", "text", "sha256"} == set(found["notices"][0])
    assert UUID(found["areas"][0]["owner"])
