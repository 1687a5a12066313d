"""A partner's answers: what they do, whose they may be, and what bad ones are told."""

from __future__ import annotations

import json
import tomllib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from referral_hub.domain.ids import new_id
from referral_hub.services.deliver import drain
from referral_hub.services.work import tidy
from referral_hub.store.referrals import TaskRow
from tests.crypto.jose import segment, signed
from tests.web.mereford import Mereford
from tests.web.partner_calls import HEADER, LIFTS, Partner, address, partner_of

BODIES = tomllib.loads(
    (Path(__file__).parents[1] / "tables" / "partner_bodies.toml").read_text(encoding="utf-8")
)["body"]
PER_REQUEST = {"X-Request-Id", "Date"}
CLOSING = {"outcome": "helped", "person_told": True, "next_step": "Nothing more is needed"}
GOOD: dict[str, object] = {
    "accept": {},
    "decline": {"reason": "no_capacity"},
    "contact": {},
    "close": CLOSING,
}


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


@pytest.fixture(scope="module")
def time_bank(mereford: Mereford, town: Any) -> Partner:
    return partner_of(mereford, "time_bank", town.app.test_client())


@pytest.fixture(scope="module")
def mentors(mereford: Mereford, town: Any) -> Partner:
    return partner_of(mereford, "mentors", town.app.test_client())


@pytest.fixture
def task(mereford: Mereford, time_bank: Partner) -> TaskRow:
    """A task that was offered to the time bank."""
    found = mereford.offered(to=("time_bank", "council"), needs=LIFTS)
    assert found.recipient_agency_id == time_bank.agency_id
    return found


def _all_of(answer: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [pair for pair in answer.headers if pair[0] not in PER_REQUEST]
    return answer.status_code, answer.get_data(), headers


def body_of(action: str) -> bytes:
    return json.dumps(GOOD[action]).encode()


# What answers do


def test_accepting_is_answered_with_the_state_and_its_fhir_status(
    time_bank: Partner, task: TaskRow
) -> None:
    answer = time_bank.send(address(task.id, "accept"), b'{"note": "We will ring on Tuesday"}')
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json() == {
        "task": str(task.id),
        "state": "accepted",
        "fhir_status": "accepted",
    }


def test_accepting_again_answers_the_same_and_keeps_one_note(
    mereford: Mereford, time_bank: Partner, task: TaskRow
) -> None:
    body = b'{"note": "We will ring on Tuesday"}'
    first = time_bank.send(address(task.id, "accept"), body)
    second = time_bank.send(address(task.id, "accept"), body)
    assert _all_of(first) == _all_of(second)
    assert mereford.notes(task) == 1


def test_declining_moves_the_referral_on(
    mereford: Mereford, time_bank: Partner, task: TaskRow
) -> None:
    body = b'{"reason": "other", "note": "Our drivers are ill"}'
    for _ in range(2):
        answer = time_bank.send(address(task.id, "decline"), body)
        assert answer.get_json()["state"] == "declined"
        assert answer.get_json()["fhir_status"] == "rejected"
    drain(mereford.hub)
    assert mereford.task(task.referral_id).recipient_agency_id == mereford.agencies["council"]


def test_the_way_from_accepted_to_closed(
    mereford: Mereford, time_bank: Partner, task: TaskRow
) -> None:
    states = []
    for action in ("accept", "contact", "close"):
        answer = time_bank.send(address(task.id, action), body_of(action))
        states.append((answer.status_code, answer.get_json()["fhir_status"]))
    assert states == [(200, "accepted"), (200, "in-progress"), (200, "completed")]
    assert mereford.reread(task).outcome == "helped"
    assert mereford.reread(task).reason == "told"


def test_the_log_names_the_partner_as_the_one_who_acted(
    mereford: Mereford, time_bank: Partner, task: TaskRow
) -> None:
    time_bank.send(address(task.id, "accept"))
    with mereford.hub.database.working() as connection:
        actor = connection.execute(
            text(
                "SELECT actor_agency_id FROM log_entry WHERE type = 'task' AND referral_id = :id"
                " ORDER BY id DESC LIMIT 1"
            ),
            {"id": task.referral_id},
        ).scalar_one()
    assert actor == time_bank.agency_id


@pytest.mark.parametrize(
    ("state", "impossible"),
    [
        ("offered", ("contact", "close")),
        ("closed", ("accept", "decline", "contact", "close")),
        ("withdrawn", ("accept", "decline", "contact", "close")),
        ("declined", ("accept", "contact", "close")),
        ("no_answer", ("accept", "decline", "contact", "close")),
    ],
)
def test_a_move_that_is_not_possible_is_a_conflict_that_says_so(
    mereford: Mereford, time_bank: Partner, task: TaskRow, state: str, impossible: tuple[str, ...]
) -> None:
    mereford.as_owner("UPDATE task SET state = :state WHERE id = :id", state=state, id=task.id)
    for action in impossible:
        answer = time_bank.send(address(task.id, action), body_of(action))
        assert answer.status_code == 409, action
        assert answer.mimetype == "application/problem+json"
        assert state in answer.get_json()["detail"]
    assert mereford.reread(task).state == state


# Whose task it is


@pytest.mark.parametrize("action", GOOD)
def test_another_partner_s_task_is_not_there(
    mereford: Mereford, time_bank: Partner, mentors: Partner, task: TaskRow, action: str
) -> None:
    del time_bank
    before = mereford.entries("task")
    theirs = mentors.send(address(task.id, action), body_of(action))
    unknown = mentors.send(address(new_id(mereford.hub.clock()), action), body_of(action))
    assert theirs.status_code == 404
    assert _all_of(theirs) == _all_of(unknown)
    assert mereford.entries("task") == before
    assert mereford.reread(task).state == "offered"


def test_a_task_that_was_not_delivered_yet_is_not_there(
    mereford: Mereford, time_bank: Partner
) -> None:
    routed = mereford.task(mereford.refer(to=("time_bank", "council"), needs=LIFTS, deliver=False))
    assert routed.recipient_agency_id == time_bank.agency_id
    assert time_bank.send(address(routed.id, "accept")).status_code == 404


# Whose request it is


def refused(answer: Any) -> bool:
    return bool(
        answer.status_code == 401
        and answer.headers["WWW-Authenticate"] == "Bearer"
        and answer.mimetype == "application/problem+json"
        and answer.get_json()
        == {"type": "about:blank", "status": 401, "title": "Not authenticated"}
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "http://127.0.0.1:8000/partner/v1/tasks/other/accept"},
        {"aud": "https://another.example"},
        {"aud": ["a", "b"]},
        {"iss": "not-an-agency"},
        {"iss": "{0}"},
        {"sub": "00000000-0000-7000-8000-000000000000"},
        {"body_sha256": "0" * 64},
        {"body_sha256": None},
        {"jti": "short"},
        {"jti": None},
        {"body_sha256": "\ud800"},
        {"exp": 0},
        {"iat": 0, "exp": 120},
        {"iat": "now"},
    ],
    ids=str,
)
def test_a_token_for_something_else_is_refused_without_a_reason(
    mereford: Mereford, time_bank: Partner, task: TaskRow, changed: dict[str, object]
) -> None:
    path = address(task.id, "accept")
    answer = time_bank.send(path, token=time_bank.token(path, b"{}", **changed))
    assert refused(answer)
    assert mereford.reread(task).state == "offered"


def test_every_refusal_is_the_same_answer_byte_for_byte(
    time_bank: Partner, mentors: Partner, task: TaskRow, mereford: Mereford
) -> None:
    path = address(task.id, "accept")
    good = time_bank.claims(path, b"{}")
    never = str(new_id(mereford.hub.clock()))
    stranger = Ed25519PrivateKey.generate()
    tokens = [
        "",
        "x",
        "a.b.c",
        "é.é.é",
        "x" * 20_000,
        signed(HEADER, good, stranger),
        signed(HEADER, good, mentors.key),
        signed({**HEADER, "kid": "sig-2"}, good, time_bank.key),
        signed({**HEADER, "jwk": {}}, good, time_bank.key),
        f"{segment({**HEADER, 'alg': 'none'})}.{segment(good)}.",
        f"{segment({**HEADER, 'alg': 'HS256'})}.{segment(good)}.AAAA",
        signed(HEADER, {**good, "iss": never, "sub": never}, time_bank.key),
        signed(HEADER, {**good, "iss": str(mentors.agency_id)}, time_bank.key),
    ]
    answers = {repr(_all_of(time_bank.send(path, token=token))) for token in tokens}
    assert len(answers) == 1
    assert refused(time_bank.send(path, token="x"))
    assert refused(time_bank.client.post(path, json={}, headers={"Authorization": "Basic eDp5"}))
    assert mereford.reread(task).state == "offered"


def test_a_refusal_comes_before_anything_is_looked_up(
    time_bank: Partner, task: TaskRow, mereford: Mereford
) -> None:
    never = new_id(mereford.hub.clock())
    answers = [
        time_bank.send(address(one, "accept"), body, token="x", content_type=kind)
        for one in (task.id, never)
        for body in (b"{}", b"not json")
        for kind in ("application/json", "text/plain")
    ]
    assert all(map(refused, answers))


def test_a_token_is_used_once_even_where_the_answer_was_no(
    time_bank: Partner, task: TaskRow
) -> None:
    path = address(task.id, "contact")
    token = time_bank.token(path, b"{}")
    assert time_bank.send(path, token=token).status_code == 409
    assert refused(time_bank.send(path, token=token))


def test_of_many_requests_with_one_token_a_single_one_is_heard(
    town: Any, time_bank: Partner, task: TaskRow
) -> None:
    path = address(task.id, "accept")
    token = time_bank.token(path, b"{}")

    def send(_: int) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        answer = town.app.test_client().post(path, data=b"{}", headers=headers)
        return int(answer.status_code)

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(send, range(16)))
    # No content type: the one that is heard is then told that the body cannot be read.
    assert statuses == [401] * 15 + [415]


def test_two_partners_may_use_the_same_token_id(
    mereford: Mereford, time_bank: Partner, mentors: Partner, task: TaskRow
) -> None:
    path, same = address(task.id, "accept"), "the-same-token-id-at-both"
    assert mentors.send(path, token=mentors.token(path, b"{}", jti=same)).status_code == 404
    assert time_bank.send(path, token=time_bank.token(path, b"{}", jti=same)).status_code == 200
    assert mereford.reread(task).state == "accepted"


def test_a_used_token_id_is_forgotten_only_after_its_token_has_expired(
    mereford: Mereford, time_bank: Partner, task: TaskRow, town: Any
) -> None:
    path = address(task.id, "accept")
    token = time_bank.token(path, b"{}")
    time_bank.send(path, token=token)
    tidy(mereford.hub)
    assert refused(time_bank.send(path, token=token))
    town.clock.pass_by(timedelta(minutes=5))
    tidy(mereford.hub)
    with mereford.hub.database.working() as connection:
        kept = connection.execute(text("SELECT count(*) FROM used_jti")).scalar_one()
    assert kept == 0
    assert refused(time_bank.send(path, token=token))


def test_a_token_id_with_half_a_character_is_used_once_too(
    time_bank: Partner, task: TaskRow
) -> None:
    path = address(task.id, "accept")
    token = time_bank.token(path, b"{}", jti="\ud800" * 16)
    assert time_bank.send(path, token=token).status_code == 200
    assert refused(time_bank.send(path, token=token))


def test_token_ids_are_kept_as_hashes(
    mereford: Mereford, time_bank: Partner, task: TaskRow
) -> None:
    path = address(task.id, "accept")
    time_bank.send(path, token=time_bank.token(path, b"{}", jti="a-token-id-to-look-for"))
    with mereford.hub.database.working() as connection:
        rows = connection.execute(text("SELECT used_jti::text FROM used_jti")).scalars().all()
    assert rows
    assert not [row for row in rows if "a-token-id-to-look-for" in row]


@pytest.mark.parametrize(
    "changed",
    [
        {"enabled": False},
        {"signing_jwks": None},
        {"signing_jwks": {"keys": []}},
        {"signing_jwks": []},
        {"signing_jwks": {"keys": [{"kty": "oct", "k": "AA", "kid": "sig-1"}]}},
    ],
    ids=str,
)
def test_a_partner_that_is_switched_off_or_has_no_good_key_is_refused(
    mereford: Mereford, time_bank: Partner, task: TaskRow, changed: dict[str, Any]
) -> None:
    time_bank.register(mereford.owner_url, **changed)
    try:
        assert refused(time_bank.send(address(task.id, "accept")))
    finally:
        time_bank.register(mereford.owner_url)


def test_an_agency_that_no_longer_takes_part_is_refused(
    mereford: Mereford, time_bank: Partner, task: TaskRow
) -> None:
    change = "UPDATE agency SET active = :active WHERE id = :id"
    mereford.as_owner(change, active=False, id=time_bank.agency_id)
    try:
        assert refused(time_bank.send(address(task.id, "accept")))
    finally:
        mereford.as_owner(change, active=True, id=time_bank.agency_id)


def test_a_signed_in_person_is_no_partner(town: Any, task: TaskRow) -> None:
    browser = town.browser("council")
    answer = browser.client.post(address(task.id, "accept"), json={})
    assert refused(answer)


# What the body may be


@pytest.mark.parametrize("row", BODIES, ids=[row["id"] for row in BODIES])
def test_a_body_that_cannot_be_accepted_is_told_which_field(
    mereford: Mereford, time_bank: Partner, task: TaskRow, row: dict[str, str]
) -> None:
    before = mereford.entries("task")
    answer = time_bank.send(address(task.id, row["action"]), row["text"].encode())
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    problem = answer.get_json()
    assert problem["title"] == "The body cannot be accepted"
    assert [error["pointer"] for error in problem["errors"]] == [row["pointer"]]
    assert all(error["detail"] for error in problem["errors"])
    assert mereford.entries("task") == before


def test_a_note_that_is_too_long_is_told_how_long_it_may_be(
    time_bank: Partner, task: TaskRow
) -> None:
    body = json.dumps({"note": "x" * 1001}).encode()
    answer = time_bank.send(address(task.id, "accept"), body)
    assert answer.status_code == 400
    assert "1000 characters or fewer" in answer.get_json()["errors"][0]["detail"]
    assert "xxx" not in answer.text


def test_all_mistakes_are_told_at_once(time_bank: Partner, task: TaskRow) -> None:
    answer = time_bank.send(address(task.id, "close"), b'{"colour": "red"}')
    pointers = {error["pointer"] for error in answer.get_json()["errors"]}
    assert pointers == {"#/outcome", "#/person_told", "#/next_step", "#/colour"}


@pytest.mark.parametrize(
    "body",
    [b"[" * 16_000, b'{"note":' * 2_000, b'{"note": ' + b"9" * 10_000 + b"}"],
    ids=["brackets", "objects", "digits"],
)
def test_a_bomb_within_the_limit_is_a_bad_body(
    time_bank: Partner, task: TaskRow, body: bytes
) -> None:
    assert time_bank.send(address(task.id, "accept"), body).status_code == 400


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "latin-1"])
def test_only_utf_8_is_read(time_bank: Partner, task: TaskRow, encoding: str) -> None:
    body = '{"note": "é"}'.encode(encoding)
    assert time_bank.send(address(task.id, "accept"), body).status_code == 400


def test_a_body_over_the_limit_is_refused_before_it_is_read(
    time_bank: Partner, task: TaskRow
) -> None:
    path = address(task.id, "accept")
    answer = time_bank.send(path, b" " * 16_385, token=time_bank.token(path, b"{}"))
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "text/json", ""],
)
def test_another_content_type_is_refused(
    time_bank: Partner, task: TaskRow, content_type: str
) -> None:
    answer = time_bank.send(address(task.id, "accept"), content_type=content_type)
    assert answer.status_code == 415
    assert answer.mimetype == "application/problem+json"


def test_a_character_set_beside_the_type_is_allowed(time_bank: Partner, task: TaskRow) -> None:
    content_type = "application/json; charset=utf-8"
    assert time_bank.send(address(task.id, "accept"), content_type=content_type).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_another_method_is_refused_and_the_right_one_named(
    time_bank: Partner, task: TaskRow, method: str
) -> None:
    answer = time_bank.client.open(address(task.id, "accept"), method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/partner/v1/tasks/x/accept", "/partner/v1/", "/partner/v2/tasks"]
)
def test_an_address_that_is_none_is_a_problem_document(time_bank: Partner, path: str) -> None:
    answer = time_bank.send(path)
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
