"""The reference for partner developers, run as they would run it."""

import ast
import json
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import OKPKey

from adapters.contract import Delivery, DocumentKind, Endpoint, Sealed
from adapters.transports.https_push import HttpsPush
from referral_hub.crypto.jwks import HubSigner, encryption_key, signing_keys
from tests.crypto.jose import decode, encode, segment
from tests.partner_system.harness import (
    AGENCY,
    EXAMPLES,
    Hub,
    Partner,
    Start,
    document,
    key_for,
    public_keys,
    run,
    running_hub,
)

OFFER = document(identity__first_name="Winifred", need__needs=["shopping_meals"])
ACCEPTED = document(DocumentKind.ACCEPTANCE, contact__phone="07700 900123")
WITHDRAWAL = document(DocumentKind.WITHDRAWAL)


def test_it_imports_nothing_of_the_hub() -> None:
    imported = set()
    for path in (EXAMPLES / "partner_system").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            if isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).partition(".")[0])
    ours = {"partner_system", "joserfc", "httpx"}
    assert imported - ours <= set(sys.stdlib_module_names)


def test_its_keys_are_made_once_kept_private_and_acceptable_to_the_hub(tmp_path: Path) -> None:
    jwks = public_keys(tmp_path / "partner")
    assert jwks == public_keys(tmp_path / "partner")
    assert (tmp_path / "partner").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "partner").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    assert encryption_key(key_for(jwks, "enc")).kid == key_for(jwks, "enc")["kid"]
    assert set(signing_keys(jwks)) == {key_for(jwks, "sig")["kid"]}
    assert not any("d" in jwk for jwk in jwks["keys"])


def test_a_sealed_message_arrives_over_the_hub_s_own_transport(hub: Hub, partner: Partner) -> None:
    message = hub.message(partner.encryption_jwk, OFFER)
    push = HttpsPush(now=lambda: datetime(2026, 3, 1, tzinfo=UTC), here=True)
    endpoint = Endpoint(AGENCY, f"http://127.0.0.1:{partner.port}/referrals")
    first, again = (push.send(endpoint, Sealed("effect-1", message)) for _ in range(2))
    push.close()
    assert (first.delivery, first.code) == (Delivery.DELIVERED, "http_201")
    assert (again.delivery, again.code) == (Delivery.DELIVERED, "http_200")
    assert first.receipt is not None
    assert again.receipt == first.receipt


def test_a_message_sealed_anew_under_the_same_effect_id_is_not_stored_twice(
    hub: Hub, partner: Partner
) -> None:
    first = partner.deliver(hub.message(partner.encryption_jwk, OFFER))
    again = partner.deliver(hub.message(partner.encryption_jwk, OFFER))
    assert (first[0], again[0]) == (201, 200)
    assert first[1] == again[1]
    assert partner.page(partner.sign_in()).count("<article>") == 1


def test_what_it_keeps_is_private_and_holds_no_plaintext(hub: Hub, partner: Partner) -> None:
    partner.deliver(hub.message(partner.encryption_jwk, OFFER))
    for path in partner.data.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"Winifred" not in path.read_bytes()
    assert "Winifred" in partner.page(partner.sign_in())


def test_another_partner_s_key_cannot_open_the_message(
    hub: Hub, partner: Partner, start_partner: Start
) -> None:
    other = start_partner("other")
    message = hub.message(partner.encryption_jwk, OFFER)
    assert other.deliver(message) == (400, {"error": "envelope: not sealed to our key"})
    assert partner.deliver(message)[0] == 201


def _tampered(hub: Hub, partner: Partner) -> bytes:
    message = bytearray(hub.message(partner.encryption_jwk, OFFER))
    message[-30] = ord("A") if message[-30] != ord("A") else ord("B")
    return bytes(message)


def _unsigned(_: Hub, partner: Partner) -> bytes:
    return _sealed(partner, f"{segment({'alg': 'none'})}.{encode(OFFER)}.".encode())


def _not_signed_at_all(_: Hub, partner: Partner) -> bytes:
    return _sealed(partner, OFFER)


def _signed_by_a_stranger(hub: Hub, partner: Partner) -> bytes:
    stranger = HubSigner(partner.data.parent / "stranger" / "key")
    return replace(hub, signer=stranger).message(partner.encryption_jwk, OFFER)


def _signed_by_a_stranger_under_the_hub_s_key_id(hub: Hub, partner: Partner) -> bytes:
    stranger = HubSigner(partner.data.parent / "stranger" / "key")
    stranger.kid = hub.signer.kid
    return replace(hub, signer=stranger).message(partner.encryption_jwk, OFFER)


def _wrong_audience(hub: Hub, partner: Partner) -> bytes:
    return hub.message(partner.encryption_jwk, OFFER, audience="another-agency")


def _wrong_issuer(hub: Hub, partner: Partner) -> bytes:
    return hub.message(partner.encryption_jwk, OFFER, issuer="https://other-hub.example")


def _too_old(hub: Hub, partner: Partner) -> bytes:
    return hub.message(
        partner.encryption_jwk,
        OFFER,
        issued_at=datetime.now(UTC) - timedelta(hours=2),  # noqa: TID251 - relative to now
    )


def _from_the_future(hub: Hub, partner: Partner) -> bytes:
    return hub.message(
        partner.encryption_jwk,
        OFFER,
        issued_at=datetime.now(UTC) + timedelta(minutes=10),  # noqa: TID251 - relative to now
    )


def _another_message_id(hub: Hub, partner: Partner) -> bytes:
    return hub.message(partner.encryption_jwk, OFFER, message_id="effect-2")


def _another_content_type(hub: Hub, partner: Partner) -> bytes:
    return hub.message(partner.encryption_jwk, OFFER, content_type="text/html")


def _not_json(hub: Hub, partner: Partner) -> bytes:
    return hub.message(partner.encryption_jwk, b"<xml/>")


def _no_task(hub: Hub, partner: Partner) -> bytes:
    return hub.message(partner.encryption_jwk, b"{}")


def _compressed(hub: Hub, partner: Partner) -> bytes:
    signed = _opened(hub, partner)
    return _sealed(partner, signed, zip="DEF")


def _another_type_of_envelope(hub: Hub, partner: Partner) -> bytes:
    return _sealed(partner, _opened(hub, partner), typ="JOSE")


def _opened(hub: Hub, partner: Partner) -> bytes:
    """A good inner JWS, taken out again with the partner's own private key."""
    private = json.loads((partner.data / "encryption-key.json").read_text())
    message = hub.message(partner.encryption_jwk, OFFER)
    opened = jwe.decrypt_compact(
        message, OKPKey.import_key(private), algorithms=["ECDH-ES+A256KW", "A256GCM"]
    )
    assert opened.plaintext is not None
    return opened.plaintext


def _sealed(partner: Partner, inside: bytes, **header: str) -> bytes:
    head = {
        "alg": "ECDH-ES+A256KW",
        "enc": "A256GCM",
        "kid": partner.encryption_jwk["kid"],
        "typ": "referral-hub+jwe",
        "cty": "referral-hub+jws",
        **header,
    }
    key = OKPKey.import_key(partner.encryption_jwk)
    allowed = ["ECDH-ES+A256KW", "A256GCM", "DEF"]
    return jwe.encrypt_compact(head, inside, key, algorithms=allowed).encode()


def test_a_good_inner_signature_sealed_again_as_agreed_is_accepted(
    hub: Hub, partner: Partner
) -> None:
    assert partner.deliver(_sealed(partner, _opened(hub, partner)))[0] == 201


@pytest.mark.parametrize(
    ("attack", "step"),
    [
        (_tampered, "envelope"),
        (_unsigned, "signature"),
        (_not_signed_at_all, "signature"),
        (_signed_by_a_stranger, "signature"),
        (_signed_by_a_stranger_under_the_hub_s_key_id, "signature"),
        (_wrong_audience, "issuer or audience"),
        (_wrong_issuer, "issuer or audience"),
        (_too_old, "issued at"),
        (_from_the_future, "issued at"),
        (_another_message_id, "idempotency key"),
        (_another_content_type, "content type"),
        (_not_json, "document"),
        (_no_task, "document"),
        (_compressed, "envelope"),
        (_another_type_of_envelope, "envelope"),
        (lambda *_: b"", "envelope"),
        (lambda *_: b"a.b.c.d.e", "envelope"),
        (lambda *_: OFFER, "envelope"),
    ],
)
def test_a_bad_message_is_refused_with_400_and_not_kept(
    attack: Callable[[Hub, Partner], bytes], step: str, steady: tuple[Hub, Partner]
) -> None:
    hub, partner = steady
    status, answered = partner.deliver(attack(hub, partner))
    assert (status, answered["error"].partition(":")[0]) == (400, step)
    assert "<article>" not in partner.page(partner.sign_in())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "application/json", "Idempotency_Key": "effect-1"}, 415),
        ({"Content_Type": "application/jose"}, 400),
        ({"Content_Type": "application/jose", "Idempotency_Key": "effect-2"}, 400),
        ({"Content_Type": "application/jose", "Content_Length": "131073"}, 413),
        ({"Content_Type": "application/jose", "Content_Length": "-1"}, 413),
        ({"Content_Type": "application/jose", "Content_Length": "²"}, 413),
    ],
)
def test_a_request_that_is_not_as_agreed_is_refused(
    headers: dict[str, str], status: int, steady: tuple[Hub, Partner]
) -> None:
    hub, partner = steady
    message = hub.message(partner.encryption_jwk, OFFER)
    headers = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    assert partner.request("POST", "/referrals", message, **headers)[0] == status


@pytest.mark.parametrize(
    ("mode", "path", "body"),
    [
        ("accept", "/partner/v1/tasks/task-1/accept", {}),
        ("decline", "/partner/v1/tasks/task-1/decline", {"reason": "no_capacity"}),
    ],
)
def test_the_test_mode_answers_by_itself_with_a_token_that_the_hub_believes(
    mode: str, path: str, body: dict[str, Any], hub: Hub, start_partner: Start
) -> None:
    partner = start_partner(answer=mode)
    message = hub.message(partner.encryption_jwk, OFFER)
    partner.deliver(message)
    partner.deliver(message)
    [answer] = hub.wait()
    assert (answer.path, answer.body, answer.fault) == (path, body, None)
    assert answer.unacceptable == {}
    _eventually(lambda: "telling the hub" not in partner.page(partner.sign_in()))
    assert len(hub.answers) == 1


def test_the_coordinator_sees_what_was_told_and_carries_a_task_to_its_end(
    hub: Hub, partner: Partner
) -> None:
    partner.deliver(hub.message(partner.encryption_jwk, OFFER))
    cookie = partner.sign_in()
    page = partner.page(cookie)
    assert all(text in page for text in ("RH-4KT2", "Winifred", "shopping meals", "State: offered"))
    steps = [
        ("accept", {}, {}, "accepted"),
        ("contact", {}, {}, "in progress"),
        (
            "close",
            {"code": "helped", "person_told": "yes", "next_step": "Weekly shopping"},
            {"outcome": "helped", "person_told": True, "next_step": "Weekly shopping"},
            "closed",
        ),
    ]
    for number, (action, fields, body, state) in enumerate(steps, 1):
        status, headers, _ = partner.form(f"/tasks/task-1/{action}", cookie, **fields)
        assert (status, headers["Location"]) == (303, "/")
        answer = hub.wait(number)[-1]
        assert (answer.path.rpartition("/")[2], answer.body, answer.fault) == (action, body, None)
        assert answer.unacceptable == {}
        _eventually(lambda state=state: f"State: {state}<" in partner.page(cookie))
        if action == "accept":
            partner.deliver(hub.message(partner.encryption_jwk, ACCEPTED, "effect-2"), "effect-2")
            assert "07700 900123" in partner.page(cookie)


def test_a_declined_task_says_why_and_is_forgotten(hub: Hub, partner: Partner) -> None:
    partner.deliver(hub.message(partner.encryption_jwk, OFFER))
    cookie = partner.sign_in()
    assert partner.form("/tasks/task-1/decline", cookie, code="because")[0] == 422
    assert partner.form("/tasks/task-1/decline", cookie, code="out_of_area")[0] == 303
    assert hub.wait()[0].body == {"reason": "out_of_area"}
    _eventually(lambda: "State: declined<" in partner.page(cookie))
    page = partner.page(cookie)
    assert "RH-4KT2" in page
    assert "Winifred" not in page


def test_a_withdrawal_removes_what_was_held_and_what_comes_late_is_not_kept(
    hub: Hub, partner: Partner
) -> None:
    partner.deliver(hub.message(partner.encryption_jwk, OFFER))
    partner.deliver(hub.message(partner.encryption_jwk, WITHDRAWAL, "effect-2"), "effect-2")
    partner.deliver(hub.message(partner.encryption_jwk, ACCEPTED, "effect-3"), "effect-3")
    page = partner.page(partner.sign_in())
    assert "State: withdrawn" in page
    assert "Winifred" not in page
    assert "<form" not in page
    partner.stop()
    kept = sqlite3.connect(partner.data / "partner.sqlite3")
    assert kept.execute("SELECT count(*) FROM envelope WHERE sealed IS NOT NULL").fetchone() == (0,)
    kept.close()


def test_it_acts_on_what_it_is_told_and_acknowledges_under_the_effect_id(
    hub: Hub, partner: Partner
) -> None:
    """Restricted and ended agreements rest, refusals and objections end, the rest goes on."""
    goes_on = {DocumentKind.RENEWAL, DocumentKind.EXPIRING, DocumentKind.CORRECTION}
    cookie = partner.sign_in()
    kinds = [kind for kind in DocumentKind if not kind.discloses]
    for number, kind in enumerate(kinds, 1):
        task, effect, name = f"task-{number}", f"told-{number}", f"Person {number}."
        offer = document(task=task, identity__first_name=name)
        partner.deliver(hub.message(partner.encryption_jwk, offer, task), task)
        told = hub.message(partner.encryption_jwk, document(kind, task), effect)
        partner.deliver(told, effect)
        answer = hub.wait(number)[-1]
        assert answer.path == f"/partner/v1/notifications/{effect}/acknowledge"
        assert (answer.body, answer.fault, answer.unacceptable) == ({}, None, {})
        assert (name in partner.page(cookie)) is (kind in goes_on), kind
    assert partner.deliver(told, effect)[0] == 200
    assert hub.wait(len(kinds) + 1)[-1].path == answer.path
    rested = kinds.index(DocumentKind.RESTRICTION) + 1
    renewal = document(DocumentKind.RENEWAL, f"task-{rested}")
    partner.deliver(hub.message(partner.encryption_jwk, renewal, "renewed"), "renewed")
    assert f"Person {rested}." in partner.page(cookie)


def test_a_corrected_offer_replaces_the_earlier_one(hub: Hub, partner: Partner) -> None:
    partner.deliver(hub.message(partner.encryption_jwk, OFFER))
    corrected = json.loads(document(identity__first_name="Winnie"))
    later = json.dumps({**corrected, "issued_at": "2026-03-02T00:00:00.000000Z"}).encode()
    partner.deliver(hub.message(partner.encryption_jwk, later, "effect-2"), "effect-2")
    page = partner.page(partner.sign_in())
    assert "Winnie" in page
    assert "Winifred" not in page
    partner.stop()
    kept = sqlite3.connect(partner.data / "partner.sqlite3")
    assert kept.execute("SELECT count(*) FROM envelope WHERE sealed IS NOT NULL").fetchone() == (1,)
    kept.close()


def test_a_decision_is_told_again_until_the_hub_answers(hub: Hub, partner: Partner) -> None:
    hub.statuses[:] = [404, 503, 429, 200]
    partner.deliver(hub.message(partner.encryption_jwk, OFFER))
    cookie = partner.sign_in()
    partner.form("/tasks/task-1/accept", cookie)
    assert {answer.fault for answer in hub.wait(4)} == {None}
    _eventually(lambda: "State: accepted<" in partner.page(cookie))
    hub.statuses[:] = [503, 429, 200]
    partner.deliver(hub.message(partner.encryption_jwk, WITHDRAWAL, "effect-2"), "effect-2")
    assert {answer.path.rpartition("/")[2] for answer in hub.wait(7)[4:]} == {"acknowledge"}


def test_a_decision_that_the_hub_refuses_is_shown_to_the_coordinator(
    hub: Hub, partner: Partner
) -> None:
    hub.statuses[:] = [409]
    partner.deliver(hub.message(partner.encryption_jwk, OFFER))
    cookie = partner.sign_in()
    partner.form("/tasks/task-1/accept", cookie)
    _eventually(lambda: "The hub answered 409 to accept" in partner.page(cookie))
    assert "State: offered<" in partner.page(cookie)


def test_a_decision_survives_a_restart_while_the_hub_is_away(
    tmp_path: Path, start_partner: Start, hub: Hub
) -> None:
    with running_hub(hub.signer) as away:
        address = away.url
    hub.url, here = address, hub.url
    partner = start_partner()
    partner.deliver(hub.message(partner.encryption_jwk, OFFER))
    partner.form("/tasks/task-1/accept", partner.sign_in())
    assert "telling the hub" in partner.page(partner.sign_in())
    assert partner.stop() == 0
    hub.url = here
    again = start_partner()
    assert again.code == partner.code
    assert hub.wait()[0].path == "/partner/v1/tasks/task-1/accept"
    assert hub.answers[0].fault is None
    assert tmp_path.exists()


def test_nobody_reads_the_page_or_decides_without_the_code(hub: Hub, partner: Partner) -> None:
    partner.deliver(hub.message(partner.encryption_jwk, OFFER))
    for cookie in ("", "partner_session=", "partner_session=guess", "other=1"):
        page = partner.page(cookie)
        assert "Winifred" not in page
        assert "The code that the program printed" in page
        assert partner.form("/tasks/task-1/accept", cookie)[0] == 404
    assert partner.form("/sign-in", code="guess")[0] == 403
    assert partner.form("/sign-in")[0] == 403
    assert not hub.answers


def test_another_site_cannot_use_a_coordinator_s_browser(hub: Hub, partner: Partner) -> None:
    partner.deliver(hub.message(partner.encryption_jwk, OFFER))
    cookie = partner.sign_in()
    path = "/tasks/task-1/accept"
    for origin in ("null", "https://attacker.example", f"http://127.0.0.1:{partner.port + 1}"):
        assert partner.request("POST", path, b"", Cookie=cookie, Origin=origin)[0] == 403
    assert partner.request("POST", path, b"", Cookie=cookie)[0] == 403
    rebound = partner.request("GET", "/", Cookie=cookie, Host="attacker.example")
    assert rebound[0] == 404
    assert "Winifred" not in rebound[2]
    assert not hub.answers


def test_what_the_hub_tells_is_shown_as_text_and_never_as_markup(
    hub: Hub, partner: Partner
) -> None:
    attack = document(need__task_note="<script>alert(1)</script>", need__needs=["<b>"])
    partner.deliver(hub.message(partner.encryption_jwk, attack))
    _, headers, page = partner.request("GET", "/", Cookie=partner.sign_in())
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<b>" not in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("task", ["../../admin", "a b", "x" * 65, "", "task/1", "\u0663"])
def test_a_task_id_that_is_no_id_never_becomes_an_address(
    task: str, steady: tuple[Hub, Partner]
) -> None:
    hub, partner = steady
    odd = json.dumps({**json.loads(OFFER), "task": task}).encode()
    assert partner.deliver(hub.message(partner.encryption_jwk, odd))[0] == 400


def test_it_keeps_a_connection_for_a_batch_and_says_nothing_of_whom(
    hub: Hub, partner: Partner, capfd: pytest.CaptureFixture[str]
) -> None:
    push = HttpsPush(now=lambda: datetime(2026, 3, 1, tzinfo=UTC), here=True)
    endpoint = Endpoint(AGENCY, f"http://127.0.0.1:{partner.port}/referrals")
    for number in range(20):
        effect = f"effect-{number}"
        offer = document(task=f"task-{number}", identity__first_name="Winifred")
        message = hub.message(partner.encryption_jwk, offer, effect)
        assert push.send(endpoint, Sealed(effect, message)).code == "http_201"
    (pool,) = push._pools.values()
    assert len(pool.connections) == 1
    push.close()
    assert capfd.readouterr().err == ""


def test_the_command_line_explains_itself() -> None:
    assert run("--help").returncode == 0
    assert run("serve").returncode == 2
    assert "--hub-jwks" in run("serve", "--help").stdout


def test_decoding_helpers_of_these_tests_agree() -> None:
    assert decode(encode(b"\xff\x00a")) == b"\xff\x00a"


def _eventually(holds: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)
