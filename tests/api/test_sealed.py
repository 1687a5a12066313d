"""Referrals that are signed by the client and sealed to the hub, and those that only look so."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.api.client import Client, register
from tests.api.referring import JOSE, PATH, count, hub_keys, jwe_header, referral, seal, send
from tests.crypto.jose import decode, segment


@pytest.fixture(scope="module")
def surgery(town: Any) -> Client:
    """A system of Harbour Street Surgery."""
    return register(town)


@pytest.fixture(scope="module")
def token(surgery: Client) -> str:
    """A token of that system."""
    return surgery.token()


@pytest.mark.parametrize("curve", ["X25519", "P-256"])
def test_a_document_may_be_sealed_to_either_key(
    town: Any, surgery: Client, token: str, curve: str
) -> None:
    jwk = next(jwk for jwk in hub_keys(surgery) if jwk["crv"] == curve)
    assert set(jwk) <= {"kty", "crv", "x", "y", "kid", "use", "alg"}
    body = seal(surgery, referral(town), jwk=jwk)
    assert send(surgery, body, token=token, content_type=JOSE).status_code == 202


def test_the_same_sealed_bytes_again_get_the_first_answer(
    town: Any, surgery: Client, token: str
) -> None:
    body, key, document = seal(surgery, referral(town)), uuid.uuid4().hex, referral(town)
    first = send(surgery, body, key=key, token=token, content_type=JOSE)
    again = send(surgery, body, key=key, token=token, content_type=JOSE)
    assert again.get_data() == first.get_data()
    key = uuid.uuid4().hex
    first = send(surgery, seal(surgery, document), key=key, token=token, content_type=JOSE)
    sealed_anew = seal(surgery, document)
    again = send(surgery, sealed_anew, key=key, token=token, content_type=JOSE)
    assert again.get_data() == first.get_data()


def test_a_sealed_document_is_good_for_one_key(town: Any, surgery: Client, token: str) -> None:
    body = seal(surgery, referral(town))
    assert send(surgery, body, token=token, content_type=JOSE).status_code == 202
    before = count(town, "referral")
    assert send(surgery, body, token=token, content_type=JOSE).status_code == 400
    assert count(town, "referral") == before


def _header(client: Client, **changed: Any) -> dict[str, Any]:
    return jwe_header(hub_keys(client)[0], **changed)


def pbes2(_client: Client, _document: object) -> bytes:
    """A password's header, which asks for a billion rounds."""
    header = {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 10**9, "p2s": "AAAA"}
    return f"{segment(header)}.AAAA.AAAA.AAAA.AAAA".encode()


def off_curve(client: Client, document: object) -> bytes:
    """An ephemeral key that is no point of its curve."""
    jwk = next(jwk for jwk in hub_keys(client) if jwk["crv"] == "P-256")
    head, _, rest = seal(client, document, jwk=jwk).decode().partition(".")
    header = json.loads(decode(head))
    header["epk"]["y"] = header["epk"]["x"]
    return f"{segment(header)}.{rest}".encode()


def changed_byte(client: Client, document: object) -> bytes:
    """A ciphertext that somebody has touched."""
    head, key, iv, text, tag = seal(client, document).decode().split(".")
    other = "A" if text[10] != "A" else "B"
    return ".".join([head, key, iv, text[:10] + other + text[11:], tag]).encode()


BADLY_SEALED: dict[str, Any] = {
    "signed for another hub": lambda c, d: seal(c, d, aud="https://elsewhere.example" + PATH),
    "signed for another address": lambda c, d: seal(c, d, aud=c.hub.settings.public_url + "/x"),
    "signed by another client": lambda c, d: seal(c, d, iss=str(uuid.uuid4())),
    "an hour old": lambda c, d: seal(c, d, iat=int(c.hub.clock().timestamp()) - 3_700),
    "from the future": lambda c, d: seal(c, d, iat=int(c.hub.clock().timestamp()) + 100),
    "a time in words": lambda c, d: seal(c, d, iat="now"),
    "a short id": lambda c, d: seal(c, d, jti="1"),
    "an unknown kid": lambda c, d: seal(c, d, kid="second"),
    "alg none": lambda c, d: seal(c, d, alg="none"),
    "alg HS256": lambda c, d: seal(c, d, alg="HS256"),
    "another content type": lambda c, d: seal(c, d, cty="application/fhir+json"),
    "another type": lambda c, d: seal(c, d, typ="JWT"),
    "a key in the header": lambda c, d: (
        seal(c, d, jwk=hub_keys(c)[0]) if False else seal(c, d, jku="x")
    ),
    "crit": lambda c, d: seal(c, d, crit=["exp"]),
    "compressed": lambda c, d: seal(c, d, header=_header(c, zip="DEF")),
    "direct agreement": lambda c, d: seal(c, d, header=_header(c, alg="ECDH-ES")),
    "a weaker wrap": lambda c, d: seal(c, d, header=_header(c, alg="ECDH-ES+A128KW")),
    "a weaker cipher": lambda c, d: seal(c, d, header=_header(c, enc="A128GCM")),
    "no cty": lambda c, d: seal(c, d, header={k: v for k, v in _header(c).items() if k != "cty"}),
    "an unknown recipient key": lambda c, d: seal(c, d, header=_header(c, kid="x")),
    "not sealed": lambda _c, d: json.dumps(d).encode(),
    "only signed": lambda c, d: seal(c, d)[-1:] + b"a.b.c",
    "cut off": lambda c, d: seal(c, d)[:-5],
    "a changed byte": changed_byte,
    "PBES2": pbes2,
    "a list inside": lambda c, _d: seal(c, b"[]"),
    "no JSON inside": lambda c, _d: seal(c, b"{"),
    "a name twice inside": lambda c, _d: seal(c, b'{"why": "x", "why": "y"}'),
    "nothing": lambda _c, _d: b"",
    "a point off the curve": off_curve,
}


@pytest.mark.parametrize("name", BADLY_SEALED)
def test_a_body_that_is_not_sealed_as_it_should_be_is_refused(
    town: Any, surgery: Client, token: str, name: str
) -> None:
    before = count(town, "referral")
    body = bytes(BADLY_SEALED[name](surgery, referral(town)))
    answer = send(surgery, body, token=token, content_type=JOSE)
    assert answer.status_code == 400, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    assert "Zebedee" not in answer.get_data(as_text=True)
    assert count(town, "referral") == before


def test_another_clients_sealed_document_cannot_be_passed_on(
    town: Any, surgery: Client, token: str
) -> None:
    """Same agency, another client: the signature is the other's."""
    other = register(town)
    body = seal(other, referral(town))
    assert send(surgery, body, token=token, content_type=JOSE).status_code == 400
