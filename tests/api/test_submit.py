"""A partner's system sends a referral: what it is told, and that it happens once."""

from __future__ import annotations

import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from referral_hub.domain.codes import Scope
from referral_hub.services.clients import set_enabled
from referral_hub.services.deliver import drain
from referral_hub.services.work import tidy
from tests.api.client import Client, register
from tests.api.referring import JOSE, PATH, agencies, count, referral, seal, send
from tests.leaks import without_ids
from tests.statements import counting


@pytest.fixture(scope="module")
def surgery(town: Any) -> Client:
    """A system of Harbour Street Surgery that may send plain JSON."""
    return register(town)


@pytest.fixture(scope="module")
def token(surgery: Client) -> str:
    """A token of that system."""
    return surgery.token()


def test_a_referral_is_accepted_and_its_reference_told(
    town: Any, surgery: Client, token: str
) -> None:
    answer = send(surgery, referral(town), token=token)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    told = answer.get_json()
    assert told["reference"].startswith("RH-")
    assert told["state"] == "routed"
    (part,) = told["parts"]
    assert part["needs"] == ["lonely"]
    named = {agencies(town)[key] for key in ("neighbours", "council")}
    assert part["recipient"] in named
    assert part["decisions"][-1]["outcome"] == "permit"
    here = f"{town.hub.settings.public_url}{PATH}/{told['id']}"
    assert answer.headers["Location"] == told["links"]["status"] == here
    assert told["links"]["receipt"] == f"{here}/receipt"
    drain(town.hub)
    with town.hub.database.acting_for(surgery.agency_id) as connection:
        state = connection.exec_driver_sql(
            "SELECT state FROM task WHERE referral_id = %s", (told["id"],)
        ).scalar()
    assert state == "offered"


def test_accepting_is_one_read_and_one_write_with_authentication_and_idempotency(
    town: Any, surgery: Client, token: str
) -> None:
    send(surgery, referral(town), token=token)
    wishes = {"first": [agencies(town)["mentors"]], "never": [agencies(town)["library"]]}
    several = referral(town, needs=["lonely", "lifts", "money_benefits"])
    for body in (referral(town), several, referral(town, wishes=wishes)):
        with counting(town.hub.database) as seen:
            assert send(surgery, body, token=token).status_code == 202
        assert len(seen) == 2, seen
        read, write = seen
        assert "access_token" in read
        assert "INSERT" not in read
        assert "INSERT INTO idempotency_key" in write
        assert "INSERT INTO referral" in write


def test_a_sealed_referral_costs_no_statement_more(town: Any, surgery: Client, token: str) -> None:
    body = seal(surgery, referral(town))
    with counting(town.hub.database) as seen:
        answer = send(surgery, body, token=token, content_type=JOSE)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    assert len(seen) == 2


def test_a_referral_without_an_agreement_is_held_and_not_lost(
    town: Any, surgery: Client, token: str
) -> None:
    body = referral(town)
    del body["agreement"]
    told = send(surgery, body, token=token).get_json()
    assert told["state"] == "held"
    decisions = told["parts"][0]["decisions"]
    assert decisions
    assert all(one["outcome"] == "refuse" and one["fix"] for one in decisions)


def test_a_no_is_kept_as_a_no(town: Any, surgery: Client, token: str) -> None:
    body = referral(town)
    said = {name: body["agreement"][name] for name in ("notice", "method", "given_by")}
    answer = send(surgery, {**body, "agreement": {**said, "given": False}}, token=token)
    assert answer.get_json()["state"] == "held"


def test_a_concern_goes_to_the_council(town: Any, surgery: Client, token: str) -> None:
    body = referral(town, concern={"reasons": "Bruises and no food", "person_told": False})
    del body["agreement"]
    told = send(surgery, body, token=token).get_json()
    assert [part["recipient"] for part in told["parts"]] == [agencies(town)["council"]]


def test_a_repeated_request_gets_the_first_answer_byte_for_byte(
    town: Any, surgery: Client, token: str
) -> None:
    body, key = referral(town), uuid.uuid4().hex
    first = send(surgery, body, key=key, token=token)
    before = count(town, "referral")
    drain(town.hub)
    again = send(surgery, body, key=key, token=token)
    assert again.get_data() == first.get_data()
    assert again.status_code == first.status_code
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert count(town, "referral") == before


def test_another_body_under_the_same_key_is_refused(town: Any, surgery: Client, token: str) -> None:
    key = uuid.uuid4().hex
    assert send(surgery, referral(town), key=key, token=token).status_code == 202
    before = count(town, "referral")
    answer = send(surgery, referral(town, why="Something else"), key=key, token=token)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    sealed = seal(surgery, referral(town))
    assert send(surgery, sealed, key=key, token=token, content_type=JOSE).status_code == 422
    assert count(town, "referral") == before


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é", "\t"])
def test_a_key_is_needed(town: Any, surgery: Client, token: str, key: str) -> None:
    before = count(town, "referral")
    answer = send(surgery, referral(town), key=key, token=token)
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["pointer"] == "#/Idempotency-Key"
    assert count(town, "referral") == before


def test_a_key_is_each_clients_own(town: Any, surgery: Client, token: str) -> None:
    key, body = uuid.uuid4().hex, referral(town)
    mine = send(surgery, body, key=key, token=token).get_json()
    colleague = send(register(town), body, key=key).get_json()
    stranger = send(register(town, "council-admin"), body, key=key)
    assert stranger.status_code == 202
    assert len({mine["id"], colleague["id"], stranger.get_json()["id"]}) == 3


def test_one_key_sent_eight_times_at_once_is_one_referral(
    own_town: Any,
) -> None:
    client = register(own_town)
    body, key, token = referral(own_town), uuid.uuid4().hex, client.token()

    def post(_: int) -> Any:
        caller = Client(
            client.hub, own_town.app.test_client(), client.id, client.agency_id, client.key
        )
        return send(caller, body, key=key, token=token)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    statuses = {answer.status_code for answer in answers}
    assert 202 in statuses
    assert statuses <= {202, 409}
    accepted = {answer.get_data() for answer in answers if answer.status_code == 202}
    assert len(accepted) == 1
    assert count(own_town, "referral") == 1


def test_while_one_is_being_written_another_is_told_so(own_town: Any) -> None:
    client = register(own_town)
    body, key, token = referral(own_town), uuid.uuid4().hex, client.token()
    with psycopg.connect(own_town.url) as holding, ThreadPoolExecutor(1) as pool:
        holding.execute(
            "INSERT INTO idempotency_key (client_id, endpoint, key_hash, agency_id, fingerprint,"
            " status, content_type, answer, created_at)"
            " VALUES (%s, %s, %s, %s, 'f', 202, 'x', 'x', now())",
            (client.id, f"POST {PATH}", hashlib.sha256(key.encode()).digest(), client.agency_id),
        )
        first = pool.submit(send, client, body, key=key, token=token)
        with psycopg.connect(own_town.url, autocommit=True) as watching:
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            for _ in range(200):
                if watching.execute(waiting).fetchone() != (0,):
                    break
                watching.execute("SELECT pg_sleep(0.02)")
        other = Client(
            client.hub, own_town.app.test_client(), client.id, client.agency_id, client.key
        )
        second = send(other, body, key=key, token=token)
        holding.rollback()
        assert first.result().status_code == 202
    assert second.status_code == 409
    assert send(client, body, key=key, token=token).get_data() == first.result().get_data()
    assert count(own_town, "referral") == 1


def test_answers_are_kept_for_at_least_a_day_and_then_forgotten(own_town: Any) -> None:
    client = register(own_town)
    body, key = referral(own_town), uuid.uuid4().hex
    first = send(client, body, key=key)
    own_town.clock.pass_by(timedelta(hours=24))
    tidy(own_town.hub)
    assert send(client, body, key=key).get_data() == first.get_data()
    own_town.clock.pass_by(timedelta(hours=25))
    tidy(own_town.hub)
    assert count(own_town, "idempotency_key") == 0


def test_nothing_of_the_person_is_kept_beside_the_key(
    town: Any, surgery: Client, token: str
) -> None:
    send(surgery, referral(town), token=token)
    with town.hub.database.working() as connection:
        rows = connection.exec_driver_sql(
            "SELECT convert_from(answer, 'UTF8') || row_to_json(i)::text FROM idempotency_key i"
        ).scalars()
        text = without_ids("\n".join(rows))
    for fact in ("Zebedee", "Quillfeather", "1948", "Gannet", "bereavement", "07700"):
        assert fact not in text


def test_a_client_that_must_seal_is_told_so(town: Any) -> None:
    client = register(town, plain_json=False)
    before = count(town, "referral")
    answer = send(client, referral(town))
    assert answer.status_code == 403
    assert "application/jose" in answer.get_json()["detail"]
    assert count(town, "referral") == before
    sealed = seal(client, referral(town))
    assert send(client, sealed, content_type=JOSE).status_code == 202


WRONG: dict[str, tuple[Any, str]] = {
    "an unknown member": (lambda b: b | {"state": "accepted"}, "#/state"),
    "an unknown member within": (lambda b: b["person"].update(age=3) or b, "#/person/age"),
    "no person": (lambda b: {k: v for k, v in b.items() if k != "person"}, "#/person"),
    "a person that is a list": (lambda b: b | {"person": []}, "#/person"),
    "null": (lambda b: b | {"contact": None}, "#/contact"),
    "a number for a name": (lambda b: b["person"].update(first_name=7) or b, "#/person/first_name"),
    "a blank name": (lambda b: b["person"].update(family_name=" ") or b, "#/person/family_name"),
    "half a character": (
        lambda b: b["person"].update(first_name="\ud800") or b,
        "#/person/first_name",
    ),
    "no such day": (
        lambda b: b["person"].update(date_of_birth="1948-02-30") or b,
        "#/person/date_of_birth",
    ),
    "a birth in the future": (
        lambda b: b["person"].update(date_of_birth="2199-01-01") or b,
        "#/person/date_of_birth",
    ),
    "an NHS number that is none": (
        lambda b: b["person"].update(nhs_number="943 476 5918") or b,
        "#/person/nhs_number",
    ),
    "an area nobody owns": (lambda b: b["person"].update(area="XX") or b, "#/person/area"),
    "no needs": (lambda b: b | {"needs": []}, "#/needs"),
    "a need twice": (lambda b: b | {"needs": ["lonely", "lonely"]}, "#/needs"),
    "a need that is none": (lambda b: b | {"needs": ["lonely", "money"]}, "#/needs/1"),
    "needs as text": (lambda b: b | {"needs": "lonely"}, "#/needs"),
    "both preferred and never": (
        lambda b: b["contact"].update(never=["phone"]) or b,
        "#/contact/never",
    ),
    "a yes to nobody": (
        lambda b: b["agreement"].pop("recipients") and b,
        "#/agreement/recipients",
    ),
    "a yes that has ended": (
        lambda b: b["agreement"].update(valid_until="2020-01-01") or b,
        "#/agreement/valid_until",
    ),
    "a yes until the last day that can be written": (
        lambda b: b["agreement"].update(valid_until="9999-12-31") or b,
        "#/agreement/valid_until",
    ),
    "words nobody wrote": (
        lambda b: b["agreement"]["notice"].update(version="99") or b,
        "#/agreement/notice",
    ),
    "a recipient that no agency is": (
        lambda b: b["agreement"]["recipients"].append(str(uuid.uuid4())) or b,
        "#/agreement/recipients",
    ),
    "a category of recipients": (
        lambda b: b["agreement"].update(recipients=["any charity nearby"]) or b,
        "#/agreement/recipients/0",
    ),
    "a wider purpose": (
        lambda b: b["agreement"].update(purpose="safeguarding") or b,
        "#/agreement/purpose",
    ),
    "a recipient in capitals": (
        lambda b: b["agreement"].update(recipients=["0190A000-0000-7000-8000-000000000000"]) or b,
        "#/agreement/recipients/0",
    ),
    "truth in words": (lambda b: b["agreement"].update(given="true") or b, "#/agreement/given"),
    "an attorney without authority": (
        lambda b: b["agreement"].update(given_by="attorney") or b,
        "#/agreement/authority",
    ),
    "agreement and concern": (
        lambda b: b | {"concern": {"reasons": "x", "person_told": True}},
        "#/concern",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_member_is_named_by_its_pointer(
    town: Any, surgery: Client, token: str, name: str
) -> None:
    make, pointer = WRONG[name]
    before = count(town, "referral")
    answer = send(surgery, make(referral(town)), token=token)
    assert answer.status_code == 400, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    assert pointer in [error["pointer"] for error in answer.get_json()["errors"]]
    assert count(town, "referral") == before


def test_a_token_that_is_not_in_force_is_refused_whatever_the_body_is(own_town: Any) -> None:
    client = register(own_town)
    token = client.token()
    set_enabled(own_town.hub, own_town.actor("surgery-admin"), client.id, enabled=False)
    for body in (referral(own_town), b"{", b""):
        for content_type in ("application/json", "text/xml", JOSE):
            answer = send(client, body, token=token, content_type=content_type)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert count(own_town, "referral") == 0


def test_a_token_without_the_scope_is_refused(town: Any) -> None:
    client = register(town, scopes=[Scope.REFERRAL_READ])
    answer = send(client, referral(town))
    assert answer.status_code == 403
    assert 'scope="referral.submit"' in answer.headers["WWW-Authenticate"]


def test_a_bound_token_needs_its_proof_each_time(town: Any, surgery: Client) -> None:
    token = surgery.ask(proof=surgery.proof()).get_json()["access_token"]

    def post(proof: str) -> Any:
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
        return send(surgery, referral(town), token=token, headers=headers)

    proof = surgery.proof(PATH, token)
    assert post(proof).status_code == 202
    assert post(proof).status_code == 401
    assert send(surgery, referral(town), token=token).status_code == 401


def test_a_correlation_id_comes_back_and_a_strange_one_is_refused(
    town: Any, surgery: Client, token: str
) -> None:
    sent = {"X-Correlation-Id": "batch-7:row.3"}
    answer = send(surgery, referral(town), token=token, headers=sent)
    assert answer.headers["X-Correlation-Id"] == "batch-7:row.3"
    for strange in ("a b", "<script>", "x" * 129):
        answer = send(surgery, referral(town), token=token, headers={"X-Correlation-Id": strange})
        assert answer.status_code == 400
        assert "X-Correlation-Id" not in answer.headers


def test_answers_say_how_many_calls_are_left(town: Any, surgery: Client, token: str) -> None:
    answer = send(surgery, referral(town), token=token)
    assert answer.headers["RateLimit-Policy"] == '"client";q=1200;w=60'
    assert answer.headers["RateLimit"].startswith('"client";r=')
