"""Wishes that come by the API and by FHIR: they decide who is asked, and odd ones are named."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.formats.fhir import codes
from tests.adapters.fhir.messages import resource
from tests.api.client import Client, register
from tests.api.referring import agencies, referral, send
from tests.fhir.test_messages import a_message, outcome, post


@pytest.fixture(scope="module")
def surgery(town: Any) -> Client:
    return register(town)


@pytest.fixture(scope="module")
def token(surgery: Client) -> str:
    return surgery.token()


def _asked(told: dict[str, Any]) -> list[str]:
    return [part["recipient"] for part in told["parts"]]


def test_what_a_person_wishes_decides_who_is_asked_and_a_no_is_remembered(
    town: Any, surgery: Client, token: str
) -> None:
    known = agencies(town)
    both = {"to": ("mentors", "neighbours", "council")}
    number = {"nhs_number": "999 000 0026"}

    def sent(**wishes: Any) -> list[str]:
        body = referral(town, **both)
        body["person"] |= number
        body["wishes"] = wishes
        answer = send(surgery, body, token=token)
        assert answer.status_code == 202, answer.get_json()
        return _asked(answer.get_json())

    assert sent(prefers="peer") == [known["mentors"]]
    assert sent(first=[known["neighbours"]]) == [known["neighbours"]]
    assert sent(council_chooses=True) == [known["council"]]
    assert sent(never=[known["mentors"]], days=["MO"], is_not=["dementia"]) == [known["neighbours"]]
    assert sent(prefers="peer", tasks=["company"]) == [known["neighbours"]]


@pytest.mark.parametrize(
    ("wishes", "pointer"),
    [
        ({"prefers": "alone"}, "prefers"),
        ({"prefers": None}, "prefers"),
        ({"company": ["women", "robots"]}, "company/1"),
        ({"company": ["bereaved"]}, "company"),
        ({"first": ["MENTORS"]}, "first/0"),
        ({"never": ["00000000-0000-4000-8000-000000000000"]}, "never"),
        ({"never": []}, "never"),
        ({"tasks": ["dancing"]}, "tasks/0"),
        ({"tasks": ["lending"]}, "tasks"),
        ({"essential": ["lonely"]}, "essential"),
        ({"is_so": ["men"]}, "is_so"),
        ({"is_so": ["veteran"], "is_not": ["veteran"]}, "is_not"),
        ({"days": ["Monday"]}, "days/0"),
        ({"council_chooses": "yes"}, "council_chooses"),
        ({"colour": "blue"}, "colour"),
    ],
    ids=str,
)
def test_a_wish_that_cannot_be_meant_is_named_by_its_pointer(
    town: Any, surgery: Client, token: str, wishes: dict[str, Any], pointer: str
) -> None:
    answer = send(surgery, referral(town, wishes=wishes), token=token)
    assert answer.status_code == 400
    (error,) = answer.get_json()["errors"]
    assert error["pointer"] == f"#/wishes/{pointer}"
    assert error["detail"]


def test_wishes_of_a_service_request_decide_as_those_of_json_do(
    town: Any, surgery: Client, token: str
) -> None:
    known = agencies(town)
    message = a_message(town, to=("mentors", "neighbours", "council"))
    request = resource(message, "ServiceRequest")
    never = {"system": codes.HUB_AGENCY, "value": known["mentors"]}
    request["extension"] = [
        {"url": codes.NEVER_THIS_ONE, "valueIdentifier": never},
        {"url": codes.PREFERRED_MANNER, "valueCode": "peer"},
        {"url": codes.IS_SO, "valueCode": "lives_alone"},
    ]
    request["orderDetail"] = [{"coding": [{"system": codes.HUB_TASK_TYPE, "code": "company"}]}]
    request["occurrenceTiming"] = {"repeat": {"dayOfWeek": ["mon", "thu"]}}
    answer = post(surgery, message, token=token)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    with town.hub.database.working() as connection:
        to, rule = connection.exec_driver_sql(
            "SELECT t.recipient_agency_id, r.plan #>> '{0,excluded,0,reason}' FROM task t"
            " JOIN referral r ON r.id = t.referral_id ORDER BY r.id DESC LIMIT 1"
        ).one()
    assert str(to) == known["neighbours"]
    assert rule == "never_this_one"
    kept = next(
        one["resource"]
        for one in answer.get_json()["entry"]
        if one["resource"]["resourceType"] == "ServiceRequest"
    )
    assert not kept.get("extension")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"extension": [{"url": codes.PREFERRED_MANNER, "valueCode": "alone"}]}, "extension"),
        ({"extension": [{"url": codes.IS_SO, "valueCode": "women"}]}, "extension"),
        (
            {"performer": [{"identifier": {"system": codes.HUB_AGENCY, "value": "nobody"}}]},
            "performer",
        ),
        (
            {"orderDetail": [{"coding": [{"system": codes.HUB_TASK_TYPE, "code": "lending"}]}]},
            "orderDetail",
        ),
    ],
    ids=["manner", "protected", "agency", "task"],
)
def test_a_wish_in_fhir_that_cannot_be_meant_is_named_by_its_element(
    town: Any, surgery: Client, token: str, change: dict[str, Any], place: str
) -> None:
    message = a_message(town)
    resource(message, "ServiceRequest").update(change)
    (issue,) = outcome(post(surgery, message, token=token), 400)
    assert issue["expression"] == [f"Bundle.entry[1].resource.{place}"]
