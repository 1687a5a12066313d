"""An administrator chooses way and format, and documents leave so, over real HTTP and real mail."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from joserfc.jwk import ECKey, OKPKey

from referral_hub.domain.commands import Actor, AnswerTask
from referral_hub.domain.deliveries import Way
from referral_hub.errors import InvalidInput, NotFound
from referral_hub.services.answer_task import answer_task
from referral_hub.services.deliveries import overview, replay_agency, start_way, stop_way
from referral_hub.services.field_order import arrange_fields
from referral_hub.services.reached import (
    Choice,
    choose_inbox,
    choose_system,
    read_reach,
    register_mail,
)
from referral_hub.services.release import open_task
from referral_hub.services.withdraw import withdraw_agreement
from tests.hub_bench import GARDEN, Bench, NewBench, only
from tests.leaks import without_ids
from tests.mail import Mailbox, mail_room
from tests.services.partners import unsealed, unsealed_bytes
from tests.taking import Asked, taking

CATEGORY, AUTHOR = "048e7d8e-f3a8-4c0b-88b1-984e7050378c", "9683ec5d-29d3-419a-8753-a5d092f1bb3d"
KEY = OKPKey.generate_key("X25519", {"kid": "box-7", "use": "enc"})
PUBLIC = json.dumps({**KEY.as_dict(private=False), "kid": "box-7", "use": "enc"})
PERSON = ("Zebedee", "Quillfeather", "Gannet", "07700", "COPD", "1944", "zq@example")


@pytest.fixture(scope="module")
def room() -> Iterator[Mailbox]:
    with mail_room() as mailbox:
        yield mailbox


@pytest.fixture
def here(new_bench: NewBench, room: Mailbox) -> Bench:
    """A hub in development, which may send to this machine, with a mail server."""
    room.raw.clear()
    settings = {"HUB_SMTP_URL": room.url, "HUB_MAIL_FROM": "no-reply@hub.example"}
    return new_bench(HUB_CALLBACKS_HERE="1", **settings)


def admin(bench: Bench, agency: str = "time_bank") -> Actor:
    return replace(bench.staff["council-admin"], agency_id=bench.agencies[agency])


def coordinator(bench: Bench, agency: str = "time_bank") -> Actor:
    return replace(bench.staff["mentors"], agency_id=bench.agencies[agency])


def send(bench: Bench) -> UUID:
    bench.refer(needs=GARDEN, to=("time_bank",))
    bench.deliver()
    return UUID(str(bench.tasks()[-1]["id"]))


def accept(bench: Bench, task_id: UUID) -> None:
    answer_task(bench.hub, coordinator(bench), AnswerTask(task_id, True, None, None))
    bench.deliver()


def as_komunitin(request: Asked) -> int:
    """What its validators ask of a created need, read from their source."""
    data = json.loads(request.body)["data"]
    UUID(data["id"])
    good = (
        request.headers["content-type"] == "application/vnd.api+json"
        and data["type"] == "needs"
        and bool(data["attributes"]["content"])
        and not {"id", "type"} & data["attributes"].keys()
        and data["relationships"]["author"]["data"] == {"type": "members", "id": AUTHOR}
        and data["relationships"]["category"]["data"] == {"type": "categories", "id": CATEGORY}
    )
    return 201 if good else 400


def as_charitylog(request: Asked) -> int:
    body = json.loads(request.body)
    good = request.method == "PUT" and body["external_id"] and body["client"]["forename"]
    return 200 if good and body["project"] == "Befriending" else 422


def as_fhir(request: Asked) -> int:
    bundle = json.loads(request.body)
    named = {"x-request-id", "x-correlation-id"} <= request.headers.keys()
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    return 200 if named and kinds[:2] == ["MessageHeader", "ServiceRequest"] else 400


def as_opportunity(request: Asked) -> int:
    return 201 if json.loads(request.body)["@type"] == "JobPosting" else 400


PLAIN: dict[str, tuple[Callable[[Asked], int], dict[str, str]]] = {
    "komunitin_need": (as_komunitin, {"category": CATEGORY, "author": AUTHOR}),
    "charitylog_referral": (as_charitylog, {"project": "Befriending"}),
    "fhir_message": (as_fhir, {}),
    "volunteering_opportunity": (as_opportunity, {"organisation": "Time Bank"}),
}


@pytest.mark.parametrize("format_", PLAIN)
def test_each_format_leaves_as_its_system_takes_it(here: Bench, format_: str) -> None:
    judge, addressing = PLAIN[format_]
    with taking(judge) as system:
        choice = Choice("https_push", format_, system.url, plain=True, addressing=addressing)
        choose_system(here.hub, admin(here), choice)
        task_id = send(here)
        assert here.states() == [("time_bank", "offered")], here.outbox()
        (asked,) = system.asked
        effect = only(here.rows("SELECT id FROM outbox WHERE kind = 'offer'"))["id"]
        assert asked.headers["idempotency-key"] == str(effect)
        if format_ in {"komunitin_need", "volunteering_opportunity"}:
            assert not [word for word in PERSON if word in without_ids(asked.body)]
        accept(here, task_id)
        in_hub = format_ in {"komunitin_need", "volunteering_opportunity"}
        assert len(system.asked) == (1 if in_hub else 2)
        if in_hub:  # what a notice board must not say waits in the inbox
            opened = open_task(here.hub, coordinator(here), task_id)
            assert opened.fields["contact.phone"] == "07700 900123"
        withdraw_agreement(here.hub, here.staff["gp"], here.tasks()[0]["referral_id"])
        here.deliver()
        assert here.disclosures_without_entry() == []
        assert len(system.asked) == {"fhir_message": 3, "charitylog_referral": 2}.get(format_, 1)


def test_what_follows_an_offer_is_not_taken_for_its_repetition(here: Bench) -> None:
    with taking() as system:
        choice = Choice("https_push", "charitylog_referral", system.url, plain=True)
        choose_system(here.hub, admin(here), choice)
        system.answers = [(409, {})] * 2
        accept(here, send(here))
    assert here.outbox() == [
        ("offer", "delivered", None), ("acceptance", "refused", "http_409"),
    ]  # fmt: skip


def test_a_message_that_is_tried_again_has_the_same_ids(here: Bench) -> None:
    with taking() as system:
        choice = Choice("https_push", "fhir_message", system.url, plain=True)
        choose_system(here.hub, admin(here), choice)
        system.answers = [(503, {})]
        here.refer(needs=GARDEN, to=("time_bank",))
        here.deliver()
        here.rows("UPDATE outbox SET due_at = created_at WHERE state = 'due'")
        here.deliver()
        first, again = (json.loads(asked.body) for asked in system.asked)
    for message in (first, again):
        message["header"] = message["entry"][0]["resource"]["id"]
    assert (first["id"], first["header"]) == (again["id"], again["header"])


def test_a_time_bank_reads_offers_here_and_gets_a_row_for_each_member(here: Bench) -> None:
    with taking() as system:
        choice = Choice("https_push", "timeoverflow_member", system.url, plain=True)
        choose_system(here.hub, admin(here), choice)
        task_id = send(here)
        assert system.asked == []
        assert open_task(here.hub, coordinator(here), task_id).fields["identity.first_name"]
        accept(here, task_id)
        ((row,),) = (list(csv.reader(io.StringIO(one.body.decode()))) for one in system.asked)
    assert row[2:4] == ["Zebedee", "Quillfeather"]
    assert int(row[0]) > 0


def test_the_same_formats_are_sealed_where_a_key_is_registered(here: Bench) -> None:
    with taking() as system:
        choice = Choice("https_push", "fhir_message", system.url, key=PUBLIC)
        choose_system(here.hub, admin(here), choice)
        send(here)
        (asked,) = system.asked
    assert asked.headers["content-type"] == "application/jose"
    assert not [word for word in PERSON if word in without_ids(asked.body)]
    bundle = unsealed(KEY, asked.body)
    assert bundle["entry"][2]["resource"]["name"][0]["given"] == ["Zebedee"]


def test_a_mail_carries_the_document_sealed_and_nothing_else(here: Bench, room: Mailbox) -> None:
    choice = Choice("sealed_mail", "hub_json", "referrals@bank.example", key=PUBLIC)
    choose_system(here.hub, admin(here), choice)
    send(here)
    (mail,) = room.mails
    raw = room.raw[0]
    assert not [word for word in (*PERSON, "RH-") if word in without_ids(raw)]
    (attached,) = mail.iter_attachments()
    assert attached.get_content_type() == "application/jose"
    document = unsealed(KEY, attached.get_content())
    assert document["fields"]["identity.first_name"] == "Zebedee"
    assert room.to[-1] == "referrals@bank.example"
    assert here.states() == [("time_bank", "offered")]


def test_a_council_gets_a_sheet_and_data_in_its_own_order_by_mail(
    here: Bench, room: Mailbox
) -> None:
    council = here.staff["council-admin"]
    choice = Choice("sealed_mail", "referral_sheet", "adults@council.example", key=PUBLIC)
    choose_system(here.hub, council, choice)
    arrange_fields(here.hub, council, ["need.task_note", "need.needs"])
    here.refer(needs=GARDEN, to=("council",))
    here.deliver()
    (mail,) = room.mails
    assert not [word for word in (*PERSON, "RH-") if word in without_ids(room.raw[0])]
    (attached,) = mail.iter_attachments()
    sheet = unsealed_bytes(KEY, attached.get_content())
    assert sheet.startswith(b"%PDF-1.7")
    places = [
        sheet.index(words.encode("utf-16-be").hex().encode())
        for words in ("Note for helpers", "What would help", "First name")
    ]
    assert places == sorted(places)
    assert here.states() == [("council", "offered")]


def test_a_mail_server_that_is_away_and_a_stop_hold_it_back_and_lose_nothing(
    here: Bench, room: Mailbox
) -> None:
    choice = Choice("sealed_mail", "hub_json", "referrals@bank.example", key=PUBLIC)
    choose_system(here.hub, admin(here), choice)
    council = here.staff["council-admin"]
    stop_way(here.hub, council, Way.SEALED_MAIL)
    here.refer(needs=GARDEN, to=("time_bank",))
    assert here.deliver() == 0
    start_way(here.hub, council, Way.SEALED_MAIL)
    room.rcpt_answers[:] = ["550 No such user"]
    here.deliver()
    assert here.outbox()[0] == ("offer", "refused", "smtp_550")
    seen = {d.agency.agency_id: d for d in overview(here.hub, council).destinations}
    assert seen[here.agencies["time_bank"]].need_a_person == 1
    replay_agency(here.hub, council, here.agencies["time_bank"])
    here.deliver()
    assert here.states() == [("time_bank", "offered")]
    assert len(room.raw) == 1


def test_an_answer_that_they_have_it_already_is_delivery(here: Bench) -> None:
    with taking() as system:
        choice = Choice("https_push", "fhir_message", system.url, plain=True)
        choose_system(here.hub, admin(here), choice)
        system.answers = [(503, {}), (409, {})]
        send(here)
        here.clock.forward(here.one("SELECT max(due_at) FROM outbox") - here.clock())
        here.deliver()
    assert here.outbox()[0] == ("offer", "delivered", None)
    ids = {asked.headers["x-request-id"] for asked in system.asked}
    assert len(ids) == 1


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an address inside": ({"address": "https://10.0.0.1/take"}, "address"),
    "a number in disguise": ({"address": "https://0x7f000001/"}, "address"),
    "no key": ({"key": ""}, "key"),
    "a signing key": (
        {"key": json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False))}, "key",
    ),
    "a private key": ({"key": json.dumps(KEY.as_dict(private=True))}, "key"),
    "a key and no seal": (
        {"format": "fhir_message", "plain": True}, "key",
    ),
    "hub JSON without a seal": ({"key": "", "plain": True}, "plain"),
    "mail without a seal": (
        {"transport": "sealed_mail", "address": "a@b.example", "key": "", "plain": True,
         "format": "fhir_message"}, "plain",
    ),
    "a need without a category": (
        {"format": "komunitin_need", "addressing": {"author": AUTHOR}}, "option_category",
    ),
    "an option that is none": (
        {"format": "komunitin_need", "addressing": {"author": "x", "category": CATEGORY}},
        "option_author",
    ),
    "no mail address": ({"transport": "sealed_mail", "address": "https://a.example"}, "address"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "named"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_is_told_by_field(bench: Bench, changes: dict[str, Any], named: str) -> None:
    good = Choice("https_push", "hub_json", "https://93.184.215.14/take", key=PUBLIC)
    with pytest.raises(InvalidInput) as refused:
        choose_system(bench.hub, admin(bench), replace(good, **changes))
    assert named in refused.value.fields
    assert read_reach(bench.hub, admin(bench)).own.url != "https://93.184.215.14/take"


def test_this_machine_is_refused_where_development_is_not_set(bench: Bench) -> None:
    choice = Choice("https_push", "hub_json", "http://127.0.0.1:1/x", key=PUBLIC)
    with pytest.raises(InvalidInput, match="address"):
        choose_system(bench.hub, admin(bench), choice)
    for unknown in ({"transport": "pigeon"}, {"format": "rune_stone"}, {"transport": "callback"}):
        with pytest.raises(NotFound):
            choose_system(bench.hub, admin(bench), replace(choice, **unknown))


def test_a_choice_is_kept_logged_and_given_up_again(bench: Bench) -> None:
    address = "https://93.184.215.14/take"
    pem = ECKey.generate_key("P-256").as_pem(private=False).decode()
    choose_system(bench.hub, admin(bench), Choice("https_push", "hub_json", address, key=pem))
    own = read_reach(bench.hub, admin(bench)).own
    assert (own.url, own.pinned) == (address, ("93.184.215.14",))
    choose_system(bench.hub, admin(bench), Choice("https_push", "fhir_message", address))
    again = read_reach(bench.hub, admin(bench)).own
    assert again.encryption_jwk == own.encryption_jwk
    choose_inbox(bench.hub, admin(bench))
    assert read_reach(bench.hub, admin(bench)).own.transport == "inbox"
    bench.refer(needs=GARDEN, to=("time_bank",))
    bench.deliver()
    assert bench.states() == [("time_bank", "offered")]
    logged = bench.rows("SELECT outcome FROM log_entry WHERE outcome = 'reach_chosen'")
    assert len(logged) == 3


def test_what_was_under_way_when_the_inbox_was_chosen_arrives_there(here: Bench) -> None:
    with taking() as system:
        choice = Choice("https_push", "fhir_message", system.url, plain=True)
        choose_system(here.hub, admin(here), choice)
        system.answers = [(503, {})]
        here.refer(needs=GARDEN, to=("time_bank",))
        here.deliver()
        choose_inbox(here.hub, admin(here))
        here.rows("UPDATE outbox SET due_at = created_at")
        here.deliver()
        assert here.states() == [("time_bank", "offered")]
        assert len(system.asked) == 1


def test_a_name_that_leads_elsewhere_later_is_not_followed(here: Bench) -> None:
    """What is pinned was looked at: a registration that says another place gets nothing there."""
    with taking() as system:
        choice = Choice("https_push", "fhir_message", system.url, plain=True)
        choose_system(here.hub, admin(here), choice)
        here.rows("UPDATE agency_endpoint SET pinned = '{127.0.0.2}' WHERE pinned <> '{}'")
        here.refer(needs=GARDEN, to=("time_bank",))
        here.deliver()
        assert here.outbox()[0] == ("offer", "due", "address_changed")
        assert system.asked == []


def test_mail_that_says_something_waits_serves_what_a_format_cannot_say(
    here: Bench, room: Mailbox
) -> None:
    register_mail(here.hub, here.agencies["time_bank"], "duty@bank.example")
    with taking() as system:
        choice = Choice("https_push", "timeoverflow_member", system.url, plain=True)
        choose_system(here.hub, admin(here), choice)
        send(here)
    assert "waiting" in room.mails[-1]["Subject"]
    assert system.asked == []
