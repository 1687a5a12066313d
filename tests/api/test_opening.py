"""A council's own system opens what reached its agency, and nothing else; every look is logged."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from consent.evidence.entry import decode
from referral_hub.domain.codes import Role, Scope
from referral_hub.domain.commands import Actor
from referral_hub.services import open_for_system
from referral_hub.services.deliver import drain
from referral_hub.services.reached import Choice, choose_inbox, choose_system
from tests.api.client import Client, register
from tests.api.referring import count, referral, send
from tests.services.partners import unsealed
from tests.services.test_chosen_ways import KEY, PUBLIC


def opening(client: Client, task_id: str) -> TestResponse:
    return client.http.post(
        f"/api/v1/tasks/{task_id}/open",
        data=b"{}",
        content_type="application/json",
        headers={"Authorization": f"Bearer {client.token()}"},
    )


@pytest.fixture
def task_id(own_town: Any) -> str:
    """A referral in the council's inbox."""
    assert send(register(own_town), referral(own_town, to=("council",))).status_code == 202
    drain(own_town.hub)
    council = register(own_town, "council-admin")
    tasks = council.http.get(
        "/api/v1/tasks", headers={"Authorization": f"Bearer {council.token()}"}
    ).get_json()["tasks"]
    newest: str = tasks[0]["id"]
    return newest


def test_a_councils_system_opens_what_reached_it_and_the_look_is_logged(
    own_town: Any, task_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered_key(own_town)
    council, before = register(own_town, "council-admin"), count(own_town, "log_entry")
    answer = opening(council, task_id)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    document = unsealed(KEY, answer.get_data())
    assert document["kind"] == "offer"
    assert document["fields"]["identity.first_name"] == "Zebedee"
    assert "no_onward_sharing" in document["obligations"]
    assert count(own_town, "log_entry") == before + 1
    with own_town.hub.database.working() as connection:
        row = connection.exec_driver_sql(
            "SELECT type, actor_user_id FROM log_entry WHERE id = %s", (document["log_entry"],)
        ).one()
    assert row.type == "view"
    really = open_for_system.open_task
    monkeypatch.setattr(
        open_for_system,
        "open_task",
        lambda *asked, **more: replace(really(*asked, **more), fields={}),
    )
    assert opening(council, task_id).status_code == 403


def registered_key(town: Any) -> None:
    """The council has a key, and its inbox again."""
    council = town.actor("council-admin")
    admin = Actor(council.user_id, council.agency_id, Role.AGENCY_ADMIN)
    choice = Choice("https_push", "hub_json", "https://93.184.215.14/x", key=PUBLIC)
    choose_system(town.hub, admin, choice)
    choose_inbox(town.hub, admin)


def test_it_is_sealed_where_the_agency_has_a_key_and_refused_where_it_has_none(
    own_town: Any, task_id: str
) -> None:
    strict = register(own_town, "council-admin", plain_json=False)
    for client in (strict, register(own_town, "council-admin", plain_json=True)):
        refused = opening(client, task_id)
        assert refused.status_code == 409
        assert "Register a key" in refused.get_data(as_text=True)
    registered_key(own_town)
    answer = opening(strict, task_id)
    assert (answer.status_code, answer.mimetype) == (200, "application/jose")
    assert b"Zebedee" not in answer.get_data()
    assert unsealed(KEY, answer.get_data())["fields"]["identity.first_name"] == "Zebedee"


def test_the_entry_says_whether_a_seal_protected_it(own_town: Any, task_id: str) -> None:
    council, admin = register(own_town, "council-admin"), own_town.actor("council-admin")
    url = "https://93.184.215.14/x"
    choice = Choice("https_push", "timeoverflow_member", url, plain=True)
    choose_system(own_town.hub, admin, choice)  # an offer still goes to the inbox
    plain = opening(council, task_id)
    assert plain.status_code == 200, plain.get_data(as_text=True)
    assert plain.mimetype != "application/jose"
    assert newest_look(own_town) == ("api", "connection")
    registered_key(own_town)
    assert opening(council, task_id).mimetype == "application/jose"
    assert newest_look(own_town) == ("api", "sealed")


def newest_look(town: Any) -> tuple[object, object]:
    """By which way the newest look was, and what protected what it saw."""
    with town.hub.database.working() as connection:
        entry = connection.exec_driver_sql(
            "SELECT entry FROM log_entry WHERE type = 'view' ORDER BY id DESC LIMIT 1"
        ).scalar_one()
    details = decode(bytes(entry)).details
    return details["channel"], details["protection"]


def test_others_find_nothing_and_a_client_without_the_scope_is_refused(
    own_town: Any, task_id: str
) -> None:
    answering = register(own_town, "council-admin", scopes=[Scope.TASK_ANSWER])
    assert opening(answering, task_id).status_code == 403
    stranger = register(own_town)
    theirs, nobodys = opening(stranger, task_id), opening(stranger, str(uuid4()))
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert json.loads(theirs.get_data())["title"] == json.loads(nobodys.get_data())["title"]
    assert UUID(task_id)
