"""What a system sent and a person must complete waits for one, if its sender wishes so."""

from __future__ import annotations

import json
import uuid
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from adapters.formats.fhir import codes
from referral_hub.domain.codes import Scope
from referral_hub.domain.staging import StagedRejection
from referral_hub.services.open_staged import (
    StagedContent,
    list_staged,
    look_into,
    reject_staged,
)
from referral_hub.web.labels import Labels
from referral_hub.web.opened import OpenedSection
from referral_hub.web.staged_lines import staged_sections
from tests.adapters.fhir.messages import resource
from tests.api.client import Client, register
from tests.api.referring import JSON, PATH, count, referral
from tests.fhir.test_messages import a_message, outcome, post

NEEDS = [{"coding": [{"system": codes.HUB_NEED, "code": "lonely"}], "text": "Low mood"}]
PREFER = {"Prefer": "respond-async, handling=lenient"}


@pytest.fixture(scope="module")
def surgery(town: Any) -> Client:
    return register(town)


def send(client: Client, body: Any, key: str | None = None, **headers: str) -> TestResponse:
    sent = {
        "Authorization": f"Bearer {client.token()}",
        "Idempotency-Key": key or uuid.uuid4().hex,
        **headers,
    }
    return client.http.post(PATH, data=json.dumps(body), content_type=JSON, headers=sent)


def listed(client: Client) -> list[dict[str, Any]]:
    answer = client.http.get(
        "/api/v1/staged", headers={"Authorization": f"Bearer {client.token()}"}
    )
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.get_json()["staged"]
    return found


def without_birth(town: Any) -> dict[str, Any]:
    body = referral(town)
    del body["person"]["date_of_birth"]
    return body


def test_what_a_person_can_complete_waits_and_the_reason_for_its_end_reaches_the_sender(
    town: Any, surgery: Client
) -> None:
    key, before = uuid.uuid4().hex, count(town, "referral")
    answer = send(surgery, without_birth(town), key, **PREFER)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    assert answer.headers["Preference-Applied"] == "handling=lenient"
    told = answer.get_json()
    assert (told["state"], told["why"]) == ("waiting", "person_incomplete")
    assert send(surgery, without_birth(town), key, **PREFER).get_json()["id"] == told["id"]
    assert count(town, "referral") == before
    gp, item = town.actor("gp"), UUID(told["id"])
    assert item in {row.id for row in list_staged(town.hub, gp).rows}
    content = look_into(town.hub, gp, item)
    assert content.pages["person"]["family_name"] == "Quillfeather"
    assert content.pages["why"]["why"] == "Low mood after a bereavement"
    reject_staged(town.hub, gp, item, StagedRejection.DUPLICATE)
    seen = next(one for one in listed(surgery) if one["id"] == told["id"])
    assert (seen["state"], seen["reason"]) == ("rejected", "duplicate")
    stranger = register(town, "council-admin")
    assert told["id"] not in {one["id"] for one in listed(stranger)}


@pytest.mark.parametrize("area", ["XX-NOWHERE"])
def test_an_area_that_nobody_looks_after_waits_too(town: Any, surgery: Client, area: str) -> None:
    body = referral(town)
    body["person"]["area"] = area
    assert send(surgery, body).status_code == 400
    told = send(surgery, body, **PREFER).get_json()
    assert (told["state"], told["why"]) == ("waiting", "not_matched")


def test_without_the_wish_and_for_what_nobody_can_complete_it_is_refused(
    town: Any, surgery: Client
) -> None:
    before = count(town, "staged_item")
    assert send(surgery, without_birth(town)).status_code == 400
    odd = without_birth(town) | {"shoe_size": 9}
    assert send(surgery, odd, **PREFER).status_code == 400
    assert send(surgery, [], **PREFER).status_code == 400
    may_not = register(town, scopes=frozenset({Scope.EVENTS_READ}))
    assert send(may_not, without_birth(town), **PREFER).status_code == 403
    must_seal = register(town, plain_json=False)
    assert send(must_seal, without_birth(town), **PREFER).status_code == 403
    assert count(town, "staged_item") == before


def test_a_key_stands_for_one_request_whether_it_waits_or_was_accepted(
    town: Any, surgery: Client
) -> None:
    waits, accepted = uuid.uuid4().hex, uuid.uuid4().hex
    assert send(surgery, without_birth(town), waits, **PREFER).status_code == 202
    assert send(surgery, referral(town), accepted).status_code == 202
    referrals, items = count(town, "referral"), count(town, "staged_item")
    other = without_birth(town) | {"why": "Something else"}
    assert send(surgery, other, waits, **PREFER).status_code == 422
    assert send(surgery, referral(town), waits).status_code == 422
    assert send(surgery, other, accepted, **PREFER).status_code == 422
    assert (count(town, "referral"), count(town, "staged_item")) == (referrals, items)


def test_a_concern_and_a_no_never_wait_and_the_persons_wishes_reach_the_staff(
    town: Any, surgery: Client
) -> None:
    before = count(town, "staged_item")
    concern = without_birth(town) | {"concern": {"reasons": "A bruise", "person_told": True}}
    del concern["agreement"]
    assert send(surgery, concern, **PREFER).status_code == 400
    no = without_birth(town)
    no["agreement"] |= {"given": False, "recipients": [], "classes": [], "service_agreement": False}
    del no["agreement"]["valid_until"], no["agreement"]["classes"]
    assert send(surgery, no, **PREFER).status_code == 400
    message = a_message(town)
    resource(message, "ServiceRequest")["reasonCode"] = [{"text": "Low mood"}]
    resource(message, "Consent")["status"] = "rejected"
    outcome(post(surgery, message, token=surgery.token(), **PREFER), 400)
    assert count(town, "staged_item") == before
    body = without_birth(town)
    body["contact"]["note"] = "Not on Mondays"
    body["access"] |= {"interpreter": True, "needs": ["wheelchair"], "note": "Two steps"}
    told = send(surgery, body, **PREFER).get_json()
    content = look_into(town.hub, town.actor("gp"), UUID(told["id"]))
    contact, access = content.pages["contact"], content.pages["access"]
    assert (contact["never"], contact["preferred"]) == (["post"], ["phone"])
    assert contact["contact_note"] == "Not on Mondays"
    assert (access["interpreter"], access["access"]) == (["yes"], ["wheelchair"])
    assert "state: given" in content.beside["agreement"]
    shown = {line.label: line.values for part in shown_of(content) for line in part.lines}
    assert shown["Never contact by"] == ("Letter",)


def shown_of(content: StagedContent) -> tuple[OpenedSection, ...]:
    return staged_sections(content, Labels(), {})


@pytest.mark.parametrize("born", ["²-1-1", "9" * 5000 + "-1-1", "1948-١-1"])
def test_an_odd_day_and_text_that_is_none_are_left_out(
    town: Any, surgery: Client, born: str
) -> None:
    body = referral(town)
    body["person"] |= {"date_of_birth": born, "first_name": "\ud800"}
    told = send(surgery, body, **PREFER)
    assert told.status_code == 202, told.get_data(as_text=True)
    content = look_into(town.hub, town.actor("gp"), UUID(told.get_json()["id"]))
    assert "date_of_birth-day" not in content.pages["person"]
    assert content.pages["person"]["first_name"] == ""


def test_a_fhir_message_without_needs_waits_as_well(town: Any, surgery: Client) -> None:
    message = a_message(town)
    resource(message, "ServiceRequest")["reasonCode"] = [{"text": "Low mood"}]
    token = surgery.token()
    outcome(post(surgery, message, token=token), 400)
    first = post(surgery, message, token=token, **PREFER)
    (issue,) = outcome(first, 202)
    assert issue["code"] == "incomplete"
    assert outcome(post(surgery, message, token=token, **PREFER), 202) == [issue]
    newest = listed(surgery)[0]
    assert newest["id"] in json.dumps(issue)
    assert newest["why"] == "needs_missing"
    message["id"] = str(uuid.uuid4())
    outcome(post(surgery, message, token=token, **PREFER), 422)
    resource(message, "ServiceRequest")["reasonCode"] = NEEDS
    outcome(post(surgery, message, token=token), 422)
    message = a_message(town)
    assert post(surgery, message, token=token).status_code == 200
    resource(message, "ServiceRequest")["reasonCode"] = [{"text": "Low mood"}]
    message["id"] = str(uuid.uuid4())
    outcome(post(surgery, message, token=token, **PREFER), 422)
