"""What waits for longer than answers are kept is still one message, and so is what it became."""

from __future__ import annotations

import copy
import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from referral_hub.domain.staging import StagedRejection
from referral_hub.services.open_staged import reject_staged, settle_imported
from referral_hub.services.work import tidy
from tests.adapters.fhir.messages import resource
from tests.api.client import Client, register
from tests.api.referring import count, referral, send
from tests.fhir.test_messages import a_message, cancelling, outcome, post

LENIENT = {"Prefer": "handling=lenient"}
NEEDS = "reasonCode"


def days_go_by(town: Any) -> None:
    """Three days, after which no answer is kept."""
    town.clock.pass_by(timedelta(days=3))
    tidy(town.hub)
    assert count(town, "idempotency_key") == 0


def figures(town: Any) -> tuple[int, int]:
    return count(town, "referral"), count(town, "staged_item")


def become(town: Any, client: Client, item: str) -> str:
    """The referral that staff made of an item."""
    made = send(client, referral(town)).get_json()["id"]
    settle_imported(town.hub, town.actor("gp"), UUID(item), referral_id=UUID(made))
    return str(made)


def test_a_referral_that_waits_is_never_a_second_one(own_town: Any) -> None:
    client, other = register(own_town), register(own_town)
    keys = [uuid.uuid4().hex for _ in range(2)]
    body = referral(own_town)
    del body["person"]["date_of_birth"]
    first = [send(client, body, key=key, headers=LENIENT).get_json()["id"] for key in keys]
    days_go_by(own_town)
    before = figures(own_town)
    for headers in (LENIENT, {}):
        again = send(client, body, key=keys[0], headers=headers)
        assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
        assert (again.get_json()["id"], again.get_json()["state"]) == (first[0], "waiting")
    for changed in (referral(own_town), body | {"why": "Something else"}):
        assert send(client, changed, key=keys[0], headers=LENIENT).status_code == 422
    assert figures(own_town) == before
    assert send(other, body, key=keys[0], headers=LENIENT).get_json()["id"] not in first
    reject_staged(own_town.hub, own_town.actor("gp"), UUID(first[0]), StagedRejection.DUPLICATE)
    made = become(own_town, client, first[1])
    days_go_by(own_town)
    before = figures(own_town)
    told = [send(client, body, key=key, headers=LENIENT).get_json() for key in keys]
    assert (told[0]["state"], told[0]["reason"]) == ("rejected", "duplicate")
    assert (told[1]["state"], told[1]["referral"]) == ("imported", made)
    assert figures(own_town) == before


@pytest.fixture
def incomplete(own_town: Any) -> dict[str, Any]:
    message = a_message(own_town)
    resource(message, "ServiceRequest")[NEEDS] = [{"text": "Low mood"}]
    return message


def test_a_message_that_waits_is_never_a_second_referral(
    own_town: Any, incomplete: dict[str, Any]
) -> None:
    client, other = register(own_town), register(own_town)
    corrected = copy.deepcopy(incomplete)
    resource(corrected, "ServiceRequest")[NEEDS] = resource(a_message(own_town), "ServiceRequest")[
        NEEDS
    ]
    first = outcome(post(client, incomplete, token=client.token(), **LENIENT), 202)
    item = first[0]["diagnostics"].split("as item ")[1].split(".")[0]
    days_go_by(own_town)
    before = figures(own_town)
    for headers in (LENIENT, {}):
        assert outcome(post(client, incomplete, token=client.token(), **headers), 202) == first
    for sender in (client, other):
        outcome(post(sender, corrected, token=sender.token()), 422)
    outcome(post(other, incomplete, token=other.token(), **LENIENT), 422)
    (waits,) = outcome(post(client, cancelling(corrected), token=client.token()), 409)
    assert waits["code"] == "conflict"
    assert figures(own_town) == before
    made = become(own_town, client, item)
    days_go_by(own_town)
    before = figures(own_town)
    (known,) = outcome(post(client, incomplete, token=client.token(), **LENIENT), 409)
    assert (known["code"], made in known["diagnostics"]) == ("duplicate", True)
    outcome(post(client, corrected, token=client.token()), 422)
    assert post(client, cancelling(corrected), token=client.token()).status_code == 200
    assert figures(own_town) == before


def test_a_message_that_was_turned_down_says_so(own_town: Any, incomplete: dict[str, Any]) -> None:
    client = register(own_town)
    (issue,) = outcome(post(client, incomplete, token=client.token(), **LENIENT), 202)
    item = UUID(issue["diagnostics"].split("as item ")[1].split(".")[0])
    reject_staged(own_town.hub, own_town.actor("gp"), item, StagedRejection.NOT_OURS)
    days_go_by(own_town)
    (told,) = outcome(post(client, incomplete, token=client.token(), **LENIENT), 409)
    assert "not_ours" in told["diagnostics"]
    outcome(post(client, cancelling(incomplete), token=client.token()), 404)
