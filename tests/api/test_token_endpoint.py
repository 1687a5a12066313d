"""Access tokens: to whom they are given, and every way in which nobody gets one."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OctKey

from referral_hub.crypto.access_tokens import TOKEN_LENGTH
from referral_hub.domain.codes import Scope
from referral_hub.services.api_access import (
    Presented,
    ScopeMissing,
    TokenRefused,
    authenticate,
    credential,
)
from referral_hub.services.clients import add_key, read_client, remove_key, set_enabled
from referral_hub.services.token_endpoint import LIFE, TOKEN_PATH
from referral_hub.services.work import tidy
from tests.api.client import FORM, Client, register
from tests.crypto.jose import ec_jwk, ed25519_jwk, encode, segment, signed, signed_by_ec

HERE = "https://elsewhere.example"


@pytest.fixture(scope="module")
def surgery(town: Any) -> Client:
    """A system of Harbour Street Surgery."""
    return register(town)


@pytest.fixture
def fresh(own_town: Any) -> Client:
    """A system in a town of its own, to revoke and disable."""
    return register(own_town)


def _use(client: Client, token: str, scope: Scope = Scope.REFERRAL_READ, proof: str = "") -> Any:
    shown = Presented(
        token,
        "dpop" if proof else "bearer",
        proof or None,
        "GET",
        client.hub.settings.public_url + "/api/v1/referrals",
    )
    return authenticate(client.hub, credential(client.hub, shown), scope)


def _refused(answer: Any, error: str = "invalid_client", status: int = 401) -> None:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.get_json()["error"] == error
    assert set(answer.get_json()) == {"error", "error_description"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)


def test_a_signed_assertion_gets_a_short_opaque_token(surgery: Client) -> None:
    answer = surgery.ask()
    assert answer.status_code == 200
    given = answer.get_json()
    assert set(given) == {"access_token", "token_type", "expires_in", "scope"}
    assert given["token_type"] == "Bearer"
    assert given["expires_in"] == LIFE.total_seconds() <= 600
    assert given["scope"].split(" ") == [scope.value for scope in Scope]
    assert len(given["access_token"]) == TOKEN_LENGTH
    assert answer.headers["Cache-Control"] == "no-store"
    caller = _use(surgery, given["access_token"])
    assert caller.actor.agency_id == surgery.agency_id
    assert caller.actor.user_id == surgery.id


def test_the_database_holds_no_token(town: Any, surgery: Client) -> None:
    token = surgery.token()
    with town.hub.database.working() as connection:
        rows = connection.exec_driver_sql("SELECT row_to_json(t)::text FROM access_token t").all()
    assert rows
    assert not [row for (row,) in rows if token in row]


@pytest.mark.parametrize("audience", ["token endpoint", "issuer", "a list of one"])
def test_the_audience_is_the_token_endpoint_or_the_issuer(surgery: Client, audience: str) -> None:
    issuer = surgery.hub.settings.public_url
    aud = {"issuer": issuer, "a list of one": [issuer + TOKEN_PATH]}.get(
        audience, issuer + TOKEN_PATH
    )
    assert surgery.ask(surgery.assertion(aud=aud)).status_code == 200


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()], ids=["ES256", "ES384"])
def test_elliptic_curve_keys_sign_with_their_own_algorithm(
    town: Any, surgery: Client, curve: ec.EllipticCurve
) -> None:
    algorithm = {"secp256r1": "ES256", "secp384r1": "ES384"}[curve.name]
    key = ec.generate_private_key(curve)
    kid = f"{algorithm}-{uuid.uuid4().hex[:6]}"
    admin = town.actor("surgery-admin")
    added = add_key(town.hub, admin, surgery.id, json.dumps(ec_jwk(key, kid)))
    assertion = signed_by_ec(surgery.header(alg=algorithm, kid=kid), surgery.claims(), key)
    assert surgery.ask(assertion).status_code == 200
    remove_key(town.hub, admin, surgery.id, added.id)


def _raw(client: Client, header: object, claims: object) -> str:
    return signed(header, claims, client.key)


def _hs256(client: Client) -> str:
    public = client.key.public_key().public_bytes_raw()
    header = client.header(alg="HS256")
    return jws.serialize_compact(
        header,
        json.dumps(client.claims()).encode(),
        OctKey.import_key(public),
        algorithms=["HS256"],
    )


def _tampered(client: Client) -> str:
    head, _, signature = client.assertion().split(".")
    return f"{head}.{segment(client.claims(exp=9_999_999_999))}.{signature}"


def _now(client: Client) -> int:
    return int(client.hub.clock().timestamp())


FORGED: dict[str, Any] = {
    "not a token": lambda _: "x",
    "four parts": lambda c: c.assertion() + ".x",
    "no signature": lambda c: c.assertion().rpartition(".")[0] + ".",
    "alg none": lambda c: f"{segment(c.header(alg='none'))}.{segment(c.claims())}.",
    "HS256 with the public key": _hs256,
    "alg of another kind of key": lambda c: _raw(c, c.header(alg="ES256"), c.claims()),
    "another's key": lambda c: signed(c.header(), c.claims(), Ed25519PrivateKey.generate()),
    "claims changed after signing": _tampered,
    "unknown kid": lambda c: _raw(c, c.header(kid="second"), c.claims()),
    "no kid": lambda c: _raw(c, c.header(kid=None), c.claims()),
    "kid that is a number": lambda c: _raw(c, c.header(kid=1), c.claims()),
    "typ of an access token": lambda c: _raw(c, c.header(typ="at+jwt"), c.claims()),
    "typ of a DPoP proof": lambda c: _raw(c, c.header(typ="dpop+jwt"), c.claims()),
    "crit": lambda c: _raw(c, c.header(crit=["exp"]), c.claims()),
    "jku": lambda c: _raw(c, c.header(jku=f"{HERE}/jwks"), c.claims()),
    "x5u": lambda c: _raw(c, c.header(x5u=f"{HERE}/chain"), c.claims()),
    "x5c": lambda c: _raw(c, c.header(x5c=["MIIB"]), c.claims()),
    "jwk in the header": lambda c: _raw(c, c.header(jwk=ed25519_jwk(c.key, "first")), c.claims()),
    "b64 false": lambda c: _raw(c, c.header(b64=False), c.claims()),
    "zip": lambda c: _raw(c, c.header(zip="DEF"), c.claims()),
    "header twice named": lambda c: signed_text(c, '{"alg":"EdDSA","alg":"EdDSA","kid":"first"}'),
    "no audience": lambda c: c.assertion(aud=None),
    "audience of another server": lambda c: c.assertion(aud=f"{HERE}/oauth/token"),
    "audience with a slash more": lambda c: c.assertion(
        aud=c.hub.settings.public_url + TOKEN_PATH + "/"
    ),
    "audience in a list with another": lambda c: c.assertion(
        aud=[c.hub.settings.public_url + TOKEN_PATH, HERE]
    ),
    "audience of a partner request": lambda c: c.assertion(
        aud=c.hub.settings.public_url + "/partner/v1/log/checkpoint"
    ),
    "another subject": lambda c: c.assertion(sub=str(uuid.uuid4())),
    "another issuer": lambda c: c.assertion(iss=str(uuid.uuid4()), sub=str(uuid.uuid4())),
    "a client that never was": lambda c: c.assertion(iss=NEVER, sub=NEVER),
    "the agency for the client": lambda c: c.assertion(iss=str(c.agency_id), sub=str(c.agency_id)),
    "issuer in capitals": lambda c: c.assertion(iss=str(c.id).upper(), sub=str(c.id).upper()),
    "issuer that is no id": lambda c: c.assertion(iss="gp", sub="gp"),
    "no exp": lambda c: c.assertion(exp=None),
    "exp in words": lambda c: c.assertion(exp="soon"),
    "exp true": lambda c: c.assertion(exp=True),
    "exp with a fraction": lambda c: c.assertion(exp=_now(c) + 60.5),
    "exp beyond all time": lambda c: c.assertion(exp=10**30),
    "expired": lambda c: c.assertion(iat=_now(c) - 200, exp=_now(c) - 1),
    "valid for six minutes": lambda c: c.assertion(exp=_now(c) + 360),
    "valid for six minutes without iat": lambda c: c.assertion(iat=None, exp=_now(c) + 360),
    "issued in the future": lambda c: c.assertion(iat=_now(c) + 90, exp=_now(c) + 120),
    "not before the future": lambda c: c.assertion(nbf=_now(c) + 90),
    "iat after exp": lambda c: c.assertion(iat=_now(c) + 20, exp=_now(c) + 10),
    "no jti": lambda c: c.assertion(jti=None),
    "short jti": lambda c: c.assertion(jti="1"),
    "long jti": lambda c: c.assertion(jti="x" * 129),
    "jti that is a number": lambda c: c.assertion(jti=10**20),
    "half a character": lambda c: c.assertion(jti="\ud800" * 20, aud="\ud800"),
    "nine kilobytes": lambda c: c.assertion(note="x" * 9_000),
    "deep claims": lambda c: f"{segment(c.header())}.{encode(b'[' * 5_000)}.x",
    "claims that are a list": lambda c: _raw(c, c.header(), ["iss"]),
}
NEVER = "0190a000-0000-7000-8000-000000000000"


def signed_text(client: Client, header: str) -> str:
    message = f"{encode(header.encode())}.{segment(client.claims())}"
    return f"{message}.{encode(client.key.sign(message.encode()))}"


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_assertion_gets_no_token(surgery: Client, name: str) -> None:
    _refused(surgery.ask(FORGED[name](surgery)))


def test_every_refused_client_hears_the_same(surgery: Client) -> None:
    answers = {surgery.ask(make(surgery)).get_data() for make in FORGED.values()}
    assert len(answers) == 1


def test_an_assertion_is_good_for_one_token(surgery: Client) -> None:
    assertion = surgery.assertion()
    assert surgery.ask(assertion).status_code == 200
    _refused(surgery.ask(assertion))


def test_an_assertion_sent_eight_times_at_once_gets_one_token(town: Any, surgery: Client) -> None:
    body = urlencode(surgery.parameters())

    def ask(_: int) -> int:
        http = town.app.test_client()
        return int(http.post(TOKEN_PATH, data=body, content_type=FORM).status_code)

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(ask, range(8)))
    assert statuses == [200] + [401] * 7


def test_ids_are_each_clients_own(town: Any, surgery: Client) -> None:
    other, jti = register(town), uuid.uuid4().hex
    assert surgery.ask(surgery.assertion(jti=jti)).status_code == 200
    assert other.ask(other.assertion(jti=jti)).status_code == 200


def test_a_client_cannot_ask_with_the_name_of_another(town: Any, surgery: Client) -> None:
    other = register(town)
    _refused(surgery.ask(surgery.assertion(iss=str(other.id), sub=str(other.id))))
    _refused(surgery.ask(client_id=str(other.id)))
    assert surgery.ask(client_id=str(surgery.id)).status_code == 200


BAD_REQUESTS: dict[str, tuple[dict[str, str], str, int]] = {
    "no grant type": ({"grant_type": ""}, "unsupported_grant_type", 400),
    "authorization code": ({"grant_type": "authorization_code"}, "unsupported_grant_type", 400),
    "no assertion type": ({"client_assertion_type": ""}, "invalid_client", 401),
    "SAML": ({"client_assertion_type": "urn:saml"}, "invalid_client", 401),
    "a secret": ({"client_secret": "open sesame"}, "invalid_client", 401),
    "a scope that is none": ({"scope": "everything"}, "invalid_scope", 400),
    "a scope twice": ({"scope": "fhir fhir"}, "invalid_scope", 400),
    "scopes with a tab": ({"scope": "fhir\tevents.read"}, "invalid_scope", 400),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_request_that_is_none_is_told_why(surgery: Client, name: str) -> None:
    changed, error, status = BAD_REQUESTS[name]
    body = {k: v for k, v in {**surgery.parameters(), **changed}.items() if v or k not in changed}
    answer = surgery.http.post(TOKEN_PATH, data=urlencode(body), content_type=FORM)
    _refused(answer, error, status)


RAW: dict[str, tuple[bytes, str]] = {
    "JSON": (b'{"grant_type": "client_credentials"}', "application/json"),
    "nothing": (b"", FORM),
    "no pairs": (b"grant_type", FORM),
    "not UTF-8": (b"grant_type=%ff", FORM),
    "raw bytes": (b"grant_type=\xff", FORM),
    "a parameter twice": (b"grant_type=client_credentials&grant_type=client_credentials", FORM),
    "too many": (b"&".join(b"a%d=1" % i for i in range(50)), FORM),
    "too long": (b"a=" + b"x" * 20_000, FORM),
}


@pytest.mark.parametrize("name", RAW)
def test_a_body_that_is_no_form_is_an_invalid_request(surgery: Client, name: str) -> None:
    body, content_type = RAW[name]
    answer = surgery.http.post(TOKEN_PATH, data=body, content_type=content_type)
    assert answer.status_code == 400
    assert answer.get_json()["error"] in {"invalid_request", "unsupported_grant_type"}


def test_basic_authentication_is_refused(surgery: Client) -> None:
    answer = surgery.http.post(
        TOKEN_PATH,
        data=urlencode(surgery.parameters()),
        content_type=FORM,
        headers={"Authorization": "Basic eDp5"},
    )
    _refused(answer)


def test_unknown_parameters_are_ignored_as_the_rfc_asks(surgery: Client) -> None:
    assert surgery.ask(resource="https://hub.example").status_code == 200


def test_a_token_has_the_scopes_that_were_asked_for_and_no_more(surgery: Client) -> None:
    answer = surgery.ask(scope="events.read fhir").get_json()
    assert answer["scope"] == "events.read fhir"
    assert _use(surgery, answer["access_token"], Scope.FHIR)
    with pytest.raises(ScopeMissing):
        _use(surgery, answer["access_token"], Scope.REFERRAL_SUBMIT)


def test_a_client_gets_no_scope_that_it_was_not_registered_with(town: Any) -> None:
    reader = register(town, scopes=[Scope.REFERRAL_READ])
    assert reader.ask().get_json()["scope"] == "referral.read"
    _refused(reader.ask(scope="referral.read referral.submit"), "invalid_scope", 400)


def test_a_token_ends_after_ten_minutes(own_town: Any, fresh: Client) -> None:
    token = fresh.token()
    own_town.clock.pass_by(LIFE - timedelta(seconds=1))
    assert _use(fresh, token)
    own_town.clock.pass_by(timedelta(seconds=2))
    with pytest.raises(TokenRefused):
        _use(fresh, token)
    tidy(own_town.hub)
    with own_town.hub.database.working() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM access_token").scalar()
    assert left == 0


def test_a_revoked_token_ends_at_once(fresh: Client) -> None:
    token, other = fresh.token(), fresh.token()
    assert fresh.revoke(token).status_code == 200
    with pytest.raises(TokenRefused):
        _use(fresh, token)
    assert _use(fresh, other)
    assert fresh.revoke(token).status_code == 200
    assert fresh.revoke("no token of ours").status_code == 200


def test_nobody_revokes_another_clients_token(own_town: Any, fresh: Client) -> None:
    token = fresh.token()
    assert register(own_town, "council-admin").revoke(token).status_code == 200
    assert register(own_town).revoke(token).status_code == 200
    assert _use(fresh, token)


def test_revoking_needs_the_client_too(fresh: Client) -> None:
    body = urlencode({"token": fresh.token()})
    _refused(fresh.http.post("/oauth/revoke", data=body, content_type=FORM))


def test_a_disabled_client_has_no_token_and_gets_none(own_town: Any, fresh: Client) -> None:
    admin, token = own_town.actor("surgery-admin"), fresh.token()
    set_enabled(own_town.hub, admin, fresh.id, enabled=False)
    with pytest.raises(TokenRefused):
        _use(fresh, token)
    _refused(fresh.ask())
    set_enabled(own_town.hub, admin, fresh.id, enabled=True)
    with pytest.raises(TokenRefused):
        _use(fresh, token)
    assert _use(fresh, fresh.token())


def test_a_key_that_is_removed_ends_its_tokens_and_not_those_of_the_other(
    own_town: Any, fresh: Client
) -> None:
    admin, old = own_town.actor("surgery-admin"), fresh.token()
    second = Client(
        fresh.hub, fresh.http, fresh.id, fresh.agency_id, Ed25519PrivateKey.generate(), "second"
    )
    add_key(own_town.hub, admin, fresh.id, json.dumps(ed25519_jwk(second.key, "second")))
    new = second.token()
    assert _use(fresh, old)
    assert _use(fresh, new)
    first = read_client(own_town.hub, admin, fresh.id).keys[0]
    remove_key(own_town.hub, admin, fresh.id, first.id)
    with pytest.raises(TokenRefused):
        _use(fresh, old)
    _refused(fresh.ask())
    assert _use(fresh, new)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"),
        lambda t: "B" + t[1:],
        lambda t: t[:40] + ("A" if t[40] != "A" else "B") + t[41:],
        lambda t: t + "=",
        lambda t: t[:-1],
        lambda _: "A" * TOKEN_LENGTH,
        lambda _: "é" * TOKEN_LENGTH,
        lambda _: "",
    ],
)
def test_a_token_that_was_not_issued_is_refused_without_asking_the_database(
    town: Any, surgery: Client, change: Any
) -> None:
    token = change(surgery.token())
    shown = Presented(token, "bearer", None, "GET", "x")
    with pytest.raises(TokenRefused):
        credential(town.hub, shown)


def test_asking_too_often_is_slowed_down(own_town: Any, fresh: Client) -> None:
    answers = [fresh.ask() for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].get_json()["error"] == "temporarily_unavailable"
    own_town.clock.pass_by(timedelta(minutes=1))
    assert fresh.ask().status_code == 200


def test_the_metadata_says_where_and_how(surgery: Client) -> None:
    answer = surgery.http.get("/.well-known/oauth-authorization-server").get_json()
    issuer = surgery.hub.settings.public_url
    assert answer["issuer"] == issuer
    assert answer["token_endpoint"] == issuer + TOKEN_PATH
    assert answer["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert answer["grant_types_supported"] == ["client_credentials"]
    assert answer["scopes_supported"] == [scope.value for scope in Scope]
    assert "none" not in answer["token_endpoint_auth_signing_alg_values_supported"]
