"""Messages out: only the named partner opens them, and they say who sent what to whom."""

import json
import re
from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from referral_hub.crypto.jwks import HubSigner, encryption_key
from referral_hub.crypto.partner import MessageHead, seal_for_partner
from referral_hub.crypto.probes import nobodys_encryption_jwk
from referral_hub.errors import CryptoError, KeyUnavailable
from tests.crypto.jose import decode, encode

DOCUMENT = b'{"first_name":"Winifred"}'
HEAD = MessageHead(
    issuer="https://hub.example",
    audience="01890000-0000-7000-8000-000000000002",
    message_id="01890000-0000-7000-8000-00000000000c",
    issued_at=datetime(2026, 11, 23, 12, 0, 0, 900000, tzinfo=UTC),
    content_type="application/vnd.referral-hub.referral+json",
)


class Roomy(jwe.JWERegistry):
    """What a partner who uses this library needs for documents over 48 KiB."""

    max_ciphertext_length = 131_072


@pytest.fixture
def signer(tmp_path: Path) -> HubSigner:
    return HubSigner(tmp_path / "keys" / "hub-signing.key")


def partner_key(kind: str) -> OKPKey | ECKey:
    made: OKPKey | ECKey = (
        OKPKey.generate_key("X25519") if kind == "X25519" else ECKey.generate_key(kind)
    )
    return made


def public(key: OKPKey | ECKey, **more: object) -> dict[str, object]:
    return {**key.as_dict(private=False), **more}


def opened(message: bytes, key: OKPKey | ECKey, signer: HubSigner) -> jws.CompactSignature:
    outer = jwe.decrypt_compact(
        message, key, registry=Roomy(algorithms=["ECDH-ES+A256KW", "A256GCM"])
    )
    assert outer.plaintext is not None
    names = {"iss", "aud", "jti", "iat"}
    registry = jws.JWSRegistry(algorithms=["EdDSA"], strict_check_header=False)
    registry.max_header_length = 2048
    hub = OKPKey.import_key(signer.public_jwk())
    with pytest.warns(UserWarning, match="EdDSA"):
        inner = jws.deserialize_compact(outer.plaintext, hub, registry=registry)
    assert names <= set(inner.protected)
    return inner


@pytest.mark.parametrize("kind", ["X25519", "P-256"])
def test_the_partner_opens_the_document_and_learns_who_sent_which_message(
    kind: str, signer: HubSigner
) -> None:
    key = partner_key(kind)
    message = seal_for_partner(
        DOCUMENT, recipient_jwk=public(key, kid="enc-1"), hub_signer=signer, head=HEAD
    )
    inner = opened(message, key, signer)
    assert inner.payload == DOCUMENT
    assert inner.protected == {
        "alg": "EdDSA",
        "kid": signer.kid,
        "typ": "referral-hub+jws",
        "cty": HEAD.content_type,
        "iss": HEAD.issuer,
        "aud": HEAD.audience,
        "jti": HEAD.message_id,
        "iat": 1795435200,
    }


@pytest.mark.parametrize("kind", ["X25519", "P-256"])
def test_the_envelope_says_how_to_open_it_and_nothing_else(kind: str, signer: HubSigner) -> None:
    key = partner_key(kind)
    message = seal_for_partner(
        DOCUMENT, recipient_jwk=public(key, kid="enc-1"), hub_signer=signer, head=HEAD
    )
    header = json.loads(decode(message.decode().split(".")[0]))
    assert set(header.pop("epk")) == (
        {"kty", "crv", "x", "y"} - ({"y"} if kind == "X25519" else set())
    )
    assert header == {
        "alg": "ECDH-ES+A256KW",
        "enc": "A256GCM",
        "kid": "enc-1",
        "typ": "referral-hub+jwe",
        "cty": "referral-hub+jws",
    }
    clear = b"".join(decode(part.decode()) for part in message.split(b"."))
    for secret in (DOCUMENT, b"Winifred", HEAD.audience.encode(), HEAD.message_id.encode()):
        assert secret not in message
        assert encode(secret).encode() not in message
        assert secret not in clear


@pytest.mark.parametrize("kind", ["X25519", "P-256"])
def test_another_partner_s_key_does_not_open_it(kind: str, signer: HubSigner) -> None:
    message = seal_for_partner(
        DOCUMENT, recipient_jwk=public(partner_key(kind)), hub_signer=signer, head=HEAD
    )
    registry = Roomy(algorithms=["ECDH-ES+A256KW", "A256GCM"])
    with pytest.raises(JoseError):
        jwe.decrypt_compact(message, partner_key(kind), registry=registry)


def test_every_message_has_its_own_keys(signer: HubSigner) -> None:
    jwk = public(partner_key("X25519"))
    made = [
        seal_for_partner(DOCUMENT, recipient_jwk=jwk, hub_signer=signer, head=HEAD).split(b".")
        for _ in range(20)
    ]
    for part in range(5):
        assert len({message[part] for message in made}) == 20


def test_a_document_of_64_kib_is_sealed_and_opens_and_one_byte_more_is_refused(
    signer: HubSigner,
) -> None:
    key = partner_key("X25519")
    largest = b"x" * 65_536
    message = seal_for_partner(largest, recipient_jwk=public(key), hub_signer=signer, head=HEAD)
    assert opened(message, key, signer).payload == largest
    with pytest.raises(CryptoError, match="larger than 65536"):
        seal_for_partner(largest + b"x", recipient_jwk=public(key), hub_signer=signer, head=HEAD)


def test_a_key_without_an_id_is_named_by_its_thumbprint(signer: HubSigner) -> None:
    key = partner_key("P-256")
    message = seal_for_partner(DOCUMENT, recipient_jwk=public(key), hub_signer=signer, head=HEAD)
    assert json.loads(decode(message.decode().split(".")[0]))["kid"] == key.thumbprint()


def test_a_key_id_that_is_not_text_is_replaced_by_the_thumbprint() -> None:
    key = partner_key("X25519")
    assert encryption_key(public(key, kid=7)).kid == key.thumbprint()


X25519_ORDER_8 = "4Ot6fDtBuK4WVuP68Z_EatoJjeucMrH9hmIFFl9JuAA"
NO_RECEIVING = "jwk: receive with an X25519 or P-256 key whose use is enc"
PRIVATE = "jwk: a private key was sent; replace it and register the public one"
OFF_CURVE = "jwk: not a public key on its curve; send it again"


@pytest.mark.parametrize(
    ("jwk", "message"),
    [
        ({}, NO_RECEIVING),
        (
            {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
            NO_RECEIVING,
        ),
        ({"kty": "EC", "crv": "P-384", "x": "AQ", "y": "AQ"}, NO_RECEIVING),
        ({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, NO_RECEIVING),
        ({"kty": "oct", "k": "c2VjcmV0"}, PRIVATE),
        ({**public(OKPKey.generate_key("X25519")), "use": "sig"}, NO_RECEIVING),
        ({**public(OKPKey.generate_key("X25519")), "d": "AAAA"}, PRIVATE),
        (
            {"kty": "OKP", "crv": "X25519", "x": encode(bytes(32))},
            "jwk x: a point of low order; make a new key pair",
        ),
        (
            {"kty": "OKP", "crv": "X25519", "x": encode(b"\x01" + bytes(31))},
            "jwk x: a point of low order; make a new key pair",
        ),
        (
            {"kty": "OKP", "crv": "X25519", "x": X25519_ORDER_8},
            "jwk x: a point of low order; make a new key pair",
        ),
        ({"kty": "OKP", "crv": "X25519", "x": encode(bytes(31))}, OFF_CURVE),
        ({"kty": "OKP", "crv": "X25519"}, OFF_CURVE),
        (
            {"kty": "EC", "crv": "P-256", "x": encode(bytes(32)), "y": encode(bytes(32))},
            OFF_CURVE,
        ),
        ({"kty": "EC", "crv": "P-256", "x": encode(b"\xff" * 32), "y": "AQ"}, OFF_CURVE),
    ],
)
def test_a_key_that_would_not_protect_the_document_is_refused(
    jwk: dict[str, object], message: str, signer: HubSigner
) -> None:
    for act in (
        lambda: seal_for_partner(DOCUMENT, recipient_jwk=jwk, hub_signer=signer, head=HEAD),
        lambda: encryption_key(jwk),
    ):
        with pytest.raises(CryptoError) as refused:
            act()
        assert str(refused.value) == message


@pytest.mark.parametrize("change", [{"audience": 7}, {"message_id": None}, {"issuer": []}])
def test_a_head_that_no_signature_can_carry_is_refused_in_our_own_words(
    signer: HubSigner, change: dict[str, object]
) -> None:
    jwk = public(partner_key("X25519"))
    head = replace(HEAD, **change)  # type: ignore[arg-type]  # a test's keywords
    with pytest.raises(CryptoError) as refused:
        seal_for_partner(DOCUMENT, recipient_jwk=jwk, hub_signer=signer, head=head)
    assert str(refused.value) == "document could not be sealed to the partner's registered key"
    assert refused.value.__cause__ is None


def test_a_key_of_nobody_receives_and_is_another_each_time(signer: HubSigner) -> None:
    jwk = nobodys_encryption_jwk()
    assert set(jwk) == {"kty", "crv", "x", "use"}
    assert (jwk["kty"], jwk["crv"], jwk["use"]) == ("OKP", "X25519", "enc")
    assert len(decode(str(jwk["x"]))) == 32
    assert jwk["x"] != nobodys_encryption_jwk()["x"]
    assert seal_for_partner(DOCUMENT, recipient_jwk=jwk, hub_signer=signer, head=HEAD)


def test_the_hub_s_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "hub-signing.key"
    first = HubSigner(path)
    assert HubSigner(path).public_jwk() == first.public_jwk()
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(first.public_jwk()) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert first.public_jwks() == {"keys": [first.public_jwk()]}
    assert repr(first) == f"<HubSigner {first.kid}>"
    path.chmod(0o640)
    with pytest.raises(KeyUnavailable, match="open to other users"):
        HubSigner(path)


def test_any_partner_s_key_can_be_named_in_the_log() -> None:
    """Some thumbprints begin with a hyphen in base64url, as no code of the log may."""
    many = (OKPKey.generate_key("X25519") for _ in range(10_000))
    key = next(key for key in many if key.thumbprint().startswith("-"))
    found = encryption_key({**key.as_dict(private=False), "use": "enc"}).thumbprint
    assert re.fullmatch("[0-9a-f]{64}", found)
    assert bytes.fromhex(found) == urlsafe_b64decode(f"{key.thumbprint()}=")
