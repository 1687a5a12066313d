"""Journeys of partner systems with real parts: HTTP servers, a mail server, the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.formats.fhir import codes
from referral_hub.domain.codes import MessagesBack, Role, Scope
from referral_hub.domain.commands import Actor
from referral_hub.domain.csv_mapping import AgreedTo
from referral_hub.services.clients import ClientTerms, add_key, register_client
from referral_hub.services.deliver import drain
from referral_hub.services.import_mapping import seed
from referral_hub.services.reached import Choice, choose_system
from referral_hub.services.release import open_task
from tests import importing
from tests.adapters.fhir.messages import resource
from tests.api.client import Client, register
from tests.api.referring import agencies
from tests.crypto.jose import ed25519_jwk
from tests.fhir.test_messages import a_message, post
from tests.hub_bench import ALL, NewBench, new_bench, seeded_town
from tests.mail import Mailbox, mail_room
from tests.services.partners import unsealed, unsealed_bytes
from tests.services.test_chosen_ways import KEY, PUBLIC
from tests.taking import taking
from tests.web.conftest import own_town, seeded

__all__ = ["new_bench", "own_town", "seeded", "seeded_town"]


@pytest.fixture(scope="module")
def room() -> Iterator[Mailbox]:
    with mail_room() as mailbox:
        yield mailbox


@pytest.fixture
def more_settings() -> dict[str, str]:
    return {"HUB_CALLBACKS_HERE": "1"}


def test_a_gp_refers_by_fhir_a_time_bank_gets_it_pushed_accepts_and_the_gp_is_told(
    own_town: Any,
) -> None:
    hub, gp = own_town.hub, register(own_town)
    surgery = own_town.actor("surgery-admin")
    with taking() as bank, taking() as records:
        bank_id = UUID(agencies(own_town)["time_bank"])
        admin = replace(surgery, agency_id=bank_id)
        choose_system(hub, admin, Choice("https_push", "hub_json", bank.url, key=PUBLIC))
        back = Choice(
            "https_push", "fhir_message", records.url, plain=True, back=MessagesBack.STEPS
        )
        choose_system(hub, surgery, back)
        message = a_message(own_town, to=("time_bank",))
        resource(message, "ServiceRequest")["reasonCode"] = [
            {"coding": [{"system": codes.HUB_NEED, "code": "garden_home_jobs"}], "text": "Falls"}
        ]
        answer = post(gp, message, token=gp.token())
        assert answer.status_code == 200, answer.get_data(as_text=True)
        drain(hub)
        (pushed,) = bank.asked
        document = unsealed(KEY, pushed.body)
        assert document["kind"] == "offer"
        system = _system_of(own_town, bank_id)
        accepted = system.http.patch(
            f"/fhir/R4/Task/{document['task']}",
            data=json.dumps([{"op": "replace", "path": "/status", "value": "accepted"}]),
            content_type="application/json-patch+json",
            headers={"Authorization": f"Bearer {system.token()}"},
        )
        assert accepted.status_code == 200, accepted.get_data(as_text=True)
        drain(hub)
        assert [unsealed(KEY, one.body)["kind"] for one in bank.asked] == ["offer", "acceptance"]
        (told,) = records.asked
        hub.registry.close()  # the connections that its pushes kept
    bundle = json.loads(told.body)
    header, task = (entry["resource"] for entry in bundle["entry"][:2])
    assert header["eventCoding"]["code"] == "servicerequest-response"
    assert (task["status"], task["id"]) == ("accepted", document["task"])
    assert "Mereford Time Bank" in task["note"][0]["text"]


def test_a_librarys_file_reaches_the_council_as_a_sheet_by_sealed_mail(
    new_bench: NewBench, room: Mailbox
) -> None:
    bench = new_bench(HUB_SMTP_URL=room.url, HUB_MAIL_FROM="no-reply@hub.example")
    choice = Choice("sealed_mail", "referral_sheet", "adults@council.example", key=PUBLIC)
    choose_system(bench.hub, bench.staff["council-admin"], choice)
    only_council = replace(
        importing.library_mapping(bench).agreed_to,
        agencies=frozenset({bench.agencies["council"]}),
    )
    importing.set_up(bench, importing.library_mapping(bench, agreed_to=only_council))
    importing.import_all(bench, importing.as_csv([importing.visit(1)]))
    bench.deliver()
    (mail,) = room.mails
    (attached,) = mail.iter_attachments()
    sheet = unsealed_bytes(KEY, attached.get_content())
    assert sheet.startswith(b"%PDF")
    assert "Agnes".encode("utf-16-be").hex().encode() in sheet
    assert not [word for word in importing.SECRETS if word.encode() in room.raw[0]]
    assert bench.states() == [("council", "offered")]


def test_a_fire_services_file_becomes_a_home_safety_request(new_bench: NewBench) -> None:
    bench = new_bench()
    first = seed("fire_service")
    agreed = AgreedTo(
        agencies=frozenset(bench.agencies[key] for key in ("fire", "council")),
        classes=ALL,
        notice=importing.library_mapping(bench).agreed_to.notice,
    )
    importing.set_up(bench, replace(first, agreed_to=agreed), by="fire-admin")
    row = dict.fromkeys(first.columns, "") | {
        "visit_ref": "F-17",
        "visit_date": f"{importing.VISITED:%d/%m/%Y}",
        "station_area": next(iter(first.areas), "MF-HAR"),
        "first_name": "Agnes",
        "family_name": "Thistlewood",
        "date_of_birth": "07/11/1938",
        "phone": "07700 900123",
        "no_working_alarm": "yes",
        "finding": "No alarm on the landing",
        "agreed_to_referral": "yes",
    }
    importing.import_all(bench, importing.as_csv([row], columns=list(row)), by="firefighter")
    bench.deliver()
    assert bench.states() == [("council", "offered")]
    opened = open_task(bench.hub, bench.staff["council"], bench.tasks()[0]["id"])
    assert opened.fields["need.needs"] == ["home_safety"]


def _system_of(town: Any, agency_id: UUID) -> Client:
    """A client of an agency that has no administrator in the demonstration."""
    admin = Actor(agency_id, agency_id, Role.AGENCY_ADMIN)
    client_id = register_client(town.hub, admin, "Bank", ClientTerms(frozenset(Scope), True))
    key = Ed25519PrivateKey.generate()
    add_key(town.hub, admin, client_id, json.dumps(ed25519_jwk(key, "first")))
    return Client(town.hub, town.app.test_client(), client_id, agency_id, key)
