"""What waited ends: its sender's system is called, reads why, and gets back what it sent along."""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from referral_hub.domain.staging import StagedSource
from referral_hub.outbox.callback_schedule import MOST_ATTEMPTS
from referral_hub.services.callback_endpoints import register_endpoint
from referral_hub.services.deliver import drain
from tests.adapters.fhir.messages import resource
from tests.api.client import register
from tests.api.test_staged import listed, send, without_birth
from tests.callbacks import Call, Receiver, receiver
from tests.fhir.test_messages import a_message, cancelling, outcome, post
from tests.staging import staged
from tests.web.test_intake import journey_from

LENIENT = {"Prefer": "handling=lenient"}
BLUE = {"url": "https://surgery.example/ext/list", "valueString": "blue"}
OURS = {"url": "https://surgery.example/ext/panel", "valueString": "7"}


@pytest.fixture
def more_settings() -> dict[str, str]:
    return {"HUB_CALLBACKS_HERE": "1"}


@pytest.fixture
def partner() -> Iterator[Receiver]:
    with receiver() as started:
        yield started


def incomplete(town: Any) -> dict[str, Any]:
    message = a_message(town)
    resource(message, "ServiceRequest")["reasonCode"] = [{"text": "Low mood"}]
    resource(message, "ServiceRequest")["extension"] = [BLUE]
    resource(message, "Patient")["extension"] = [OURS]
    return message


def test_a_message_that_waited_is_called_back_about_and_returns_what_it_carried(
    own_town: Any, partner: Receiver
) -> None:
    client = register(own_town)
    told = register_endpoint(own_town.hub, own_town.actor("surgery-admin"), partner.url)
    register_endpoint(own_town.hub, own_town.actor("council-admin"), partner.url)
    message = incomplete(own_town)
    outcome(post(client, message, token=client.token(), **LENIENT), 202)
    (waiting,) = listed(client)
    gp = own_town.browser("gp")
    gp.get(f"/intake/{waiting['id']}")
    begun = gp.post(f"/intake/{waiting['id']}/complete")
    check = journey_from(gp, begun.headers["Location"])
    gp.get(check)
    sent = gp.post(check)
    made = sent.headers["Location"].split("/")[2]
    assert listed(client)[0]["referral"] == made
    drain(own_town.hub)
    calls = [checked(call, told.secret) for call in ours(partner)]
    assert [call["type"] for call in calls] == ["staged.imported"]
    assert calls[0]["data"] == {"staged": waiting["id"], "referral": made}
    assert set(calls[0]) == {"type", "timestamp", "data"}
    read = client.http.get(
        f"/fhir/R4/ServiceRequest/{made}", headers={"Authorization": f"Bearer {client.token()}"}
    ).get_json()
    assert read["extension"] == [BLUE]
    assert read["subject"]["extension"] == [OURS]
    resource(message, "ServiceRequest")["reasonCode"] = resource(
        a_message(own_town), "ServiceRequest"
    )["reasonCode"]
    update = cancelling(copy.deepcopy(message))
    withdrawn = post(client, update, token=client.token()).get_json()
    assert resource(withdrawn, "ServiceRequest")["extension"] == [BLUE]


def checked(call: Call, secret: str) -> dict[str, Any]:
    """The body, signed with the secret at the time that the town's clock says."""
    sent, at = call.headers["webhook-id"], int(call.headers["webhook-timestamp"])
    signed = Webhook(secret).sign(sent, datetime.fromtimestamp(at, UTC), call.body.decode())
    assert signed in call.headers["webhook-signature"].split(" ")
    body: dict[str, Any] = json.loads(call.body)
    return body


def ours(partner: Receiver) -> list[Any]:
    """The calls about what waited; the others are about tasks."""
    return [call for call in partner.calls if b'"staged.' in call.body]


def test_what_was_turned_down_is_called_about_once_and_other_doors_are_not(
    own_town: Any, partner: Receiver
) -> None:
    client, gp = register(own_town), own_town.browser("gp")
    admin = own_town.actor("surgery-admin")
    told = register_endpoint(own_town.hub, admin, partner.url)
    item = send(client, without_birth(own_town), uuid.uuid4().hex, **LENIENT).get_json()["id"]
    by_hand = staged(own_town.hub, admin.agency_id, source=StagedSource.CSV)
    for one in (item, by_hand):
        gp.get(f"/intake/{one}")
        assert gp.post(f"/intake/{one}/reject", {"reason": "not_ours"}).status_code == 302
        assert gp.post(f"/intake/{one}/reject", {"reason": "not_ours"}).status_code == 409
    partner.answers = [(500, {})] * MOST_ATTEMPTS
    for _ in range(MOST_ATTEMPTS):
        drain(own_town.hub)
        own_town.clock.pass_by(timedelta(days=2))
    council = own_town.browser("council")
    council.get("/council/undelivered")
    found = re.search(r"/council/undelivered/([0-9a-f-]{36})", council.text)
    assert found, council.text
    assert council.post(found[0]).status_code == 302
    drain(own_town.hub)
    assert len({call.headers["webhook-id"] for call in partner.calls}) == 1
    call = checked(partner.calls[-1], told.secret)
    assert (call["type"], call["data"]) == ("staged.rejected", {"staged": item})
    assert listed(client)[0]["reason"] == "not_ours"
