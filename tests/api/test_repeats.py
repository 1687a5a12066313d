"""The same request again has its first answer, whatever the checks of its body would say by now."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.adapters.fhir.messages import resource
from tests.api.client import Client, register
from tests.api.referring import JOSE, PATH, count, referral, seal, send
from tests.fhir.test_messages import a_message, alone, outcome, post
from tests.statements import counting

LENIENT = {"Prefer": "handling=lenient"}
Sending = Callable[[], TestResponse]


def tomorrow(town: Any) -> str:
    """The last day of an agreement that has ended when a day has passed."""
    day: str = (town.hub.clock().date() + timedelta(days=1)).isoformat()
    return day


def short(town: Any, **changed: Any) -> dict[str, Any]:
    body = referral(town, **changed)
    body["agreement"]["valid_until"] = tomorrow(town)
    return body


def consent(town: Any, client: Client) -> dict[str, Any]:
    body = short(town)
    said = body.pop("agreement")
    told = send(client, body).get_json()
    return said | {"referral": told["id"]}


def ways(town: Any, client: Client) -> dict[str, tuple[Sending, int]]:
    """Each door: how the same request is sent there, and what its repetition is answered."""
    keys = {name: uuid.uuid4().hex for name in ("plain", "sealed", "consent")}
    plain, said = short(town), consent(town, client)
    sealed = seal(client, short(town))
    message, single = a_message(town), alone(town)
    for one in (resource(message, "Consent"), single["contained"][1]):
        one["provision"]["period"]["end"] = tomorrow(town)
    return {
        "plain": (lambda: send(client, plain, key=keys["plain"]), 202),
        "sealed": (lambda: send(client, sealed, key=keys["sealed"], content_type=JOSE), 202),
        "consent": (
            lambda: send(client, said, key=keys["consent"], path="/api/v1/consents"),
            201,
        ),
        "message": (lambda: post(client, message, token=client.token()), 409),
        "single": (
            lambda: post(client, single, token=client.token(), path="/fhir/R4/ServiceRequest"),
            409,
        ),
    }


def test_what_was_accepted_is_answered_the_same_when_its_agreement_has_ended(own_town: Any) -> None:
    client = register(own_town)
    doors = ways(own_town, client)
    first = {name: sending() for name, (sending, _) in doors.items()}
    for name, answer in first.items():
        assert answer.status_code in {200, 201, 202}, (name, answer.get_data(as_text=True))
    before = count(own_town, "referral")
    own_town.clock.pass_by(timedelta(hours=25))
    for name, (sending, status) in doors.items():
        again = sending()
        assert again.status_code == status, (name, again.get_data(as_text=True))
        if status == 409:
            assert [one["code"] for one in outcome(again, 409)] == ["duplicate"]
        else:
            assert again.get_data() == first[name].get_data()
            assert again.headers["Idempotency-Replayed"] == "true"
    assert send(client, short(own_town) | {"shoe_size": 9}).status_code == 400
    assert count(own_town, "referral") == before


def test_a_kept_answer_is_one_read_and_for_its_own_client_and_bytes_alone(own_town: Any) -> None:
    client, other = register(own_town), register(own_town)
    key, body = uuid.uuid4().hex, short(own_town)
    assert send(client, body, key=key).status_code == 202
    own_town.clock.pass_by(timedelta(hours=25))
    token = client.token()
    send(client, body, key=key, token=token)
    with counting(own_town.hub.database) as seen:
        assert send(client, body, key=key, token=token).status_code == 202
    assert len(seen) == 1, seen
    assert send(other, body, key=key).status_code == 400
    assert send(client, body | {"why": "Something else"}, key=key).status_code == 422
    forged = seal(other, body, iss=str(client.id))
    refused = send(client, forged, key=key, content_type=JOSE)
    assert refused.status_code == 400
    assert "kid" in str(refused.get_json()) or "signature" in str(refused.get_json())


def bound(client: Client) -> Callable[..., TestResponse]:
    """How a client sends with a token that is bound to a key; a fresh proof each time."""
    token = client.ask(proof=client.proof()).get_json()["access_token"]

    def call(body: Any, *, path: str = PATH, proof: str = "", **headers: str) -> TestResponse:
        shown = proof or client.proof(path, token)
        sent = {"Authorization": f"DPoP {token}", "DPoP": shown, **headers}
        if path == PATH:
            return send(client, body, token=token, headers=sent)
        return post(client, body, token=token, path=path, **sent)

    return call


@pytest.mark.parametrize("member", ["date_of_birth", "area"])
def test_a_proof_is_spent_once_though_the_referral_then_waits(town: Any, member: str) -> None:
    client = register(town)
    call, body = bound(client), referral(town)
    body["person"] |= {member: "XX"} if member == "area" else {}
    if member != "area":
        del body["person"][member]
    told = call(body, **LENIENT)
    assert told.status_code == 202, told.get_data(as_text=True)
    assert told.get_json()["state"] == "waiting"
    assert call(body).status_code == 400, "refused for its body, and not for its proof"


def test_a_message_with_a_proof_is_judged_by_what_it_says(town: Any) -> None:
    client, path = register(town), "/fhir/R4/$process-message"
    call, message = bound(client), a_message(town)
    resource(message, "ServiceRequest")["reasonCode"] = [{"text": "Low mood"}]
    assert [one["code"] for one in outcome(call(message, path=path), 400)] == ["value"]
    assert [o["code"] for o in outcome(call(message, path=path, **LENIENT), 202)] == ["incomplete"]
    outcome(call({"resourceType": "Nonsense"}, path=path), 400)
    sent = a_message(town)
    assert call(sent, path=path).status_code == 200
    resource(sent, "MessageHeader")["reason"]["coding"][0]["code"] = "update"
    resource(sent, "ServiceRequest")["status"] = "revoked"
    assert call(sent, path=path).status_code == 200
