"""The administrator's pages for partner systems: whose they are, and what is never taken."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from referral_hub.crypto.pasted_keys import PRIVATE
from tests.api.client import register
from tests.crypto.jose import ec_jwk, ed25519_jwk

NEVER = UUID("0190a000-0000-7000-8000-000000000000")
PER_REQUEST = {"X-Request-Id", "Date"}


@pytest.fixture(scope="module")
def admin(town: Any) -> Any:
    """The administrator of Harbour Street Surgery."""
    return town.browser("surgery-admin")


@pytest.fixture
def page(admin: Any) -> str:
    """The address of a system that the administrator has just registered."""
    admin.get("/clients/new")
    form = {"name": f"EMIS {uuid4().hex[:8]}", "scopes": ["referral.submit", "fhir"]}
    answer = admin.post("/clients/new", form)
    assert answer.status_code == 302, admin.text
    path: str = answer.headers["Location"]
    return path


def _pem(key: Any) -> str:
    return str(
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _private_pem(key: Any) -> str:
    return str(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
    )


def _entries(town: Any, outcome: str) -> int:
    with town.hub.database.working() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT count(*) FROM log_entry WHERE outcome = %s", (outcome,)
            ).scalar()
        )


def test_an_administrator_registers_a_system_and_its_keys(town: Any, admin: Any, page: str) -> None:
    before = _entries(town, "client_key_added")
    admin.get(page)
    assert "This system has no key yet" in admin.text
    jwk = json.dumps(ed25519_jwk(Ed25519PrivateKey.generate(), "2026-a"))
    assert admin.post(f"{page}/keys", {"key": jwk}).status_code == 302
    pem = _pem(ec.generate_private_key(ec.SECP256R1()))
    assert admin.post(f"{page}/keys", {"key": pem}).status_code == 302
    admin.get(page)
    assert "2026-a" in admin.text
    assert "P-256" in admin.text
    assert _entries(town, "client_key_added") == before + 2
    gone = re.findall(rf'action="({page}/keys/[0-9a-f-]+/remove)"', admin.text)
    assert len(gone) == 2
    assert admin.post(gone[0]).status_code == 302
    admin.get(page)
    assert "2026-a" not in admin.text
    assert admin.post(gone[0]).status_code == 404


PRIVATE_KEYS = {
    "Ed25519 PEM": lambda: _private_pem(Ed25519PrivateKey.generate()),
    "P-256 PEM": lambda: _private_pem(ec.generate_private_key(ec.SECP256R1())),
    "OpenSSH": lambda: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END",
    "JWK": lambda: json.dumps(
        ed25519_jwk(Ed25519PrivateKey.generate(), "x") | {"d": "c2VjcmV0LXNlY3JldA"}
    ),
    "JWK Set": lambda: json.dumps(
        {"keys": [ed25519_jwk(Ed25519PrivateKey.generate(), "x") | {"d": "c2VjcmV0"}]}
    ),
    "symmetric": lambda: '{"kty": "oct", "k": "c2VjcmV0", "kid": "x"}',
}


@pytest.mark.parametrize("kind", PRIVATE_KEYS)
def test_a_private_key_is_refused_in_words_and_not_shown_again(
    admin: Any, page: str, kind: str
) -> None:
    admin.get(page)
    pasted = PRIVATE_KEYS[kind]()
    assert admin.post(f"{page}/keys", {"key": pasted}).status_code == 422
    assert PRIVATE in admin.text
    assert pasted[-40:].strip() not in admin.text
    assert "c2VjcmV0" not in admin.text


NO_KEYS = {
    "nothing": "",
    "words": "here is our key",
    "RSA": _pem(rsa.generate_private_key(65537, 2048)),
    "P-521": _pem(ec.generate_private_key(ec.SECP521R1())),
    "a curve that no JWK names": _pem(ec.generate_private_key(ec.SECP224R1())),
    "another such curve": _pem(ec.generate_private_key(ec.BrainpoolP256R1())),
    "a point off its curve": json.dumps(
        ec_jwk(ec.generate_private_key(ec.SECP256R1()), "x") | {"x": "AAAA"}
    ),
    "encryption": json.dumps(ed25519_jwk(Ed25519PrivateKey.generate(), "x") | {"use": "enc"}),
    "a key id with markup": json.dumps(ed25519_jwk(Ed25519PrivateKey.generate(), "<b>")),
    "a name twice": '{"kty": "OKP", "kty": "OKP"}',
    "a list": "[]",
    "certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
}


@pytest.mark.parametrize("kind", NO_KEYS)
def test_what_is_no_usable_public_key_is_refused(admin: Any, page: str, kind: str) -> None:
    admin.get(page)
    assert admin.post(f"{page}/keys", {"key": NO_KEYS[kind]}).status_code == 422
    assert "govuk-error-summary" in admin.text


def test_a_client_has_at_most_four_keys_and_no_id_twice(admin: Any, page: str) -> None:
    admin.get(page)
    for kid in "abcd":
        jwk = json.dumps(ed25519_jwk(Ed25519PrivateKey.generate(), kid))
        assert admin.post(f"{page}/keys", {"key": jwk}).status_code == 302
        if kid == "a":
            again = json.dumps(ed25519_jwk(Ed25519PrivateKey.generate(), kid))
            assert admin.post(f"{page}/keys", {"key": again}).status_code == 409
    fifth = json.dumps(ed25519_jwk(Ed25519PrivateKey.generate(), "e"))
    assert admin.post(f"{page}/keys", {"key": fifth}).status_code == 409


def test_scopes_are_changed_and_switching_off_is_logged(town: Any, admin: Any, page: str) -> None:
    admin.get(page)
    assert admin.post(page, {"scopes": ["events.read"], "plain": ["yes"]}).status_code == 302
    assert admin.post(page, {}).status_code == 422
    assert admin.post(page, {"scopes": ["root"]}).status_code == 422
    before = _entries(town, "client_disabled")
    for action in ("disable", "disable", "enable"):
        assert admin.post(f"{page}/{action}").status_code == 302
    assert _entries(town, "client_disabled") == before + 1


def test_two_systems_of_one_name_are_told_apart(admin: Any) -> None:
    admin.get("/clients/new")
    form = {"name": "Case system", "scopes": ["fhir"]}
    assert admin.post("/clients/new", form).status_code == 302
    assert admin.post("/clients/new", form).status_code == 409
    assert admin.post("/clients/new", {"scopes": ["fhir"]}).status_code == 422
    assert "Enter a name" in admin.text


def _all_of(answer: Any) -> tuple[Any, ...]:
    headers = [pair for pair in answer.headers if pair[0] not in PER_REQUEST]
    return answer.status_code, answer.get_data(), headers


@pytest.mark.parametrize(
    ("method", "rest", "form"),
    [
        ("GET", "", {}),
        ("POST", "", {"scopes": ["fhir"]}),
        ("POST", "/keys", {"key": json.dumps(ed25519_jwk(Ed25519PrivateKey.generate(), "z"))}),
        ("POST", f"/keys/{NEVER}/remove", {}),
        ("POST", "/disable", {}),
        ("POST", "/enable", {}),
    ],
)
def test_another_agencys_system_is_not_there(
    town: Any, method: str, rest: str, form: dict[str, Any]
) -> None:
    theirs = register(town, "council-admin")
    ours = town.browser("surgery-admin")

    def ask(client_id: UUID) -> Any:
        path = f"/clients/{client_id}{rest}"
        return ours.get(path) if method == "GET" else ours.post(path, form)

    found, never = ask(theirs.id), ask(NEVER)
    assert found.status_code == 404
    assert _all_of(found) == _all_of(never)
