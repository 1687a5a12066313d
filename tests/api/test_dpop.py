"""A token bound to a key is of no use to whoever holds the token alone (RFC 9449)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from referral_hub.domain.codes import Scope
from referral_hub.services.api_access import Presented, TokenRefused, authenticate, credential
from tests.api.client import Client, register

PATH = "/api/v1/referrals"


@pytest.fixture(scope="module")
def surgery(town: Any) -> Client:
    """A system of Harbour Street Surgery."""
    return register(town)


def _bound(client: Client) -> str:
    answer = client.ask(proof=client.proof())
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.get_json()["token_type"] == "DPoP"
    token: str = answer.get_json()["access_token"]
    return token


def _use(client: Client, token: str, proof: str | None, scheme: str = "dpop") -> Any:
    url = client.hub.settings.public_url + PATH
    shown = Presented(token, scheme, proof, "POST", url)
    return authenticate(client.hub, credential(client.hub, shown), Scope.REFERRAL_READ)


def test_a_bound_token_is_used_with_a_proof_of_its_key(surgery: Client) -> None:
    token = _bound(surgery)
    for _ in range(2):
        assert _use(surgery, token, surgery.proof(PATH, token))


def test_a_proof_is_good_for_one_request(surgery: Client) -> None:
    token = _bound(surgery)
    proof = surgery.proof(PATH, token)
    assert _use(surgery, token, proof)
    with pytest.raises(TokenRefused):
        _use(surgery, token, proof)


def test_a_bound_token_is_no_bearer_token(surgery: Client) -> None:
    with pytest.raises(TokenRefused):
        _use(surgery, _bound(surgery), None, scheme="bearer")


def test_a_bearer_token_is_not_taken_with_a_proof(surgery: Client) -> None:
    token = surgery.token()
    with pytest.raises(TokenRefused):
        _use(surgery, token, surgery.proof(PATH, token))
    with pytest.raises(TokenRefused):
        _use(surgery, token, None)


def _private(client: Client) -> dict[str, object]:
    key = OKPKey.import_key(client.proof_key)
    return {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": key.as_dict(private=True)}


def _public(client: Client, **changed: object) -> dict[str, object]:
    jwk = OKPKey.import_key(client.proof_key.public_key()).as_dict(private=False)
    return {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk, **changed}


WRONG: dict[str, Any] = {
    "another method": lambda c, t: c.proof(PATH, t, htm="GET"),
    "another address": lambda c, t: c.proof("/api/v1/tasks", t),
    "the address with a query": lambda c, t: c.proof(PATH + "?a=1", t),
    "another token": lambda c, _: c.proof(PATH, c.token()),
    "no token": lambda c, _: c.proof(PATH),
    "old": lambda c, t: c.proof(PATH, t, iat=int(c.hub.clock().timestamp()) - 100),
    "from the future": lambda c, t: c.proof(PATH, t, iat=int(c.hub.clock().timestamp()) + 100),
    "no time": lambda c, t: c.proof(PATH, t, iat=None),
    "no id": lambda c, t: c.proof(PATH, t, jti=None),
    "a short id": lambda c, t: c.proof(PATH, t, jti="1"),
    "a private key in the header": lambda c, t: c.proof(PATH, t, header=_private(c)),
    "no key": lambda c, t: c.proof(PATH, t, header={"typ": "dpop+jwt", "alg": "EdDSA"}),
    "another type": lambda c, t: c.proof(PATH, t, header=_public(c, typ="JWT")),
    "another algorithm": lambda c, t: c.proof(PATH, t, header=_public(c, alg="ES256")),
    "none": lambda c, t: c.proof(PATH, t, header=_public(c, alg="none")),
    "a kid beside the key": lambda c, t: c.proof(PATH, t, header=_public(c, kid="x")),
    "crit": lambda c, t: c.proof(PATH, t, header=_public(c, crit=["exp"])),
    "not a proof": lambda *_: "x.y.z",
    "the assertion": lambda c, _: c.assertion(),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_proof_of_something_else_is_refused(surgery: Client, name: str) -> None:
    token = _bound(surgery)
    with pytest.raises(TokenRefused):
        _use(surgery, token, WRONG[name](surgery, token))


def test_a_proof_by_another_key_is_refused(town: Any, surgery: Client) -> None:
    token = _bound(surgery)
    thief = Client(
        town.hub,
        surgery.http,
        surgery.id,
        surgery.agency_id,
        surgery.key,
        proof_key=Ed25519PrivateKey.generate(),
    )
    with pytest.raises(TokenRefused):
        _use(surgery, token, thief.proof(PATH, token))


def test_a_bad_proof_at_the_token_endpoint_says_so(surgery: Client) -> None:
    for proof in ("x", surgery.proof(htm="GET"), surgery.proof("/oauth/revoke")):
        answer = surgery.ask(proof=proof)
        assert answer.status_code == 400
        assert answer.get_json()["error"] == "invalid_dpop_proof"


def test_a_proof_used_for_one_token_gets_no_second(surgery: Client) -> None:
    proof = surgery.proof(jti=uuid.uuid4().hex)
    assert surgery.ask(proof=proof).status_code == 200
    assert surgery.ask(proof=proof).status_code == 401


def test_a_wrong_proof_is_said_to_be_the_fault(surgery: Client) -> None:
    token = _bound(surgery)
    headers = {"Authorization": f"DPoP {token}", "DPoP": surgery.proof("/elsewhere", token)}
    answer = surgery.http.get(f"{PATH}/{uuid.uuid4()}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'DPoP error="invalid_dpop_proof"'
    assert "Make a new DPoP proof" in answer.get_json()["detail"]
