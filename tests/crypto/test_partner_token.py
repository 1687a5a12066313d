"""The bearer token of a partner's answer: the good one, and every bad one of the table."""

import hmac
import json
import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from referral_hub.crypto.partner import (
    PartnerTokenRefused,
    TokenExpectation,
    TokenFault,
    unverified_issuer,
    verify_partner_token,
)
from referral_hub.errors import CryptoError
from tests.crypto.jose import (
    ec_jwk,
    ed25519_jwk,
    encode,
    laid_over,
    segment,
    signed,
    signed_by_ec,
)
from tests.crypto.samples import MENTORS, TIME_BANK

ATTACKS = tomllib.loads((Path(__file__).parent / "token_attacks.toml").read_text())["attack"]
NOW = datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC)
PARTNER = Ed25519PrivateKey.generate()
STRANGER = Ed25519PrivateKey.generate()
JWKS = {"keys": [ed25519_jwk(PARTNER, "sig-1")]}
BODY = b'{"reason":"no_capacity"}'
URL = "https://hub.example/partner/v1/tasks/1/accept"
EXPECTED = TokenExpectation(issuer=TIME_BANK, audience=URL, body=BODY, at=NOW)
NOT_A_NUMBER = b'{"iat": NaN}'
TWO_ISSUERS = b'{"iss":"a","iss":"b"}'
TWO_ALGORITHMS = b'{"alg":"EdDSA","alg":"none"}'
HEADER = {"alg": "EdDSA", "kid": "sig-1", "typ": "JWT"}


def claims(**changes: object) -> dict[str, object]:
    now = int(NOW.timestamp())
    return {
        "iss": TIME_BANK,
        "sub": TIME_BANK,
        "aud": URL,
        "iat": now,
        "exp": now + 120,
        "jti": "0123456789abcdef",
        "body_sha256": sha256(BODY).hexdigest(),
        **changes,
    }


def fault_of(token: str, **expected: Any) -> TokenFault:
    with pytest.raises(PartnerTokenRefused) as refused:
        verify_partner_token(token, jwks=JWKS, expected=replace(EXPECTED, **expected))
    fault = refused.value.fault
    fix = FIXES[fault] or "|".join(LIFETIMES)
    assert re.fullmatch(f"token {fault.value}: ({fix})", str(refused.value))
    return fault


def attempt(attack: dict[str, Any]) -> str:
    offsets = {
        name: int(NOW.timestamp()) + value for name, value in attack.get("offset", {}).items()
    }
    header = laid_over(dict(HEADER), attack.get("header", {}))
    body = laid_over(claims(**offsets), attack.get("claims", {}))
    signer = attack.get("sign", "partner")
    message = f"{segment(header)}.{segment(body)}"
    if signer == "nobody":
        return f"{message}."
    if signer == "hmac":
        secret = PARTNER.public_key().public_bytes_raw()
        return f"{message}.{encode(hmac.digest(secret, message.encode(), 'sha256'))}"
    return signed(header, body, PARTNER if signer == "partner" else STRANGER)


def test_a_good_token_says_who_which_and_until_when() -> None:
    found = verify_partner_token(signed(HEADER, claims(), PARTNER), jwks=JWKS, expected=EXPECTED)
    assert (found.issuer, found.token_id, found.kid) == (TIME_BANK, "0123456789abcdef", "sig-1")
    assert (found.issued_at, found.expires_at) == (NOW, NOW + timedelta(minutes=2))


FIXES = {
    TokenFault.MALFORMED: "send a signed compact JWT",
    TokenFault.HEADER: 'send alg, kid and "typ": "JWT", no more',
    TokenFault.UNKNOWN_KEY: "kid is not among your registered keys",
    TokenFault.ALGORITHM: "this key signs with EdDSA",
    TokenFault.SIGNATURE: "sign with the private half of the registered key",
    TokenFault.ISSUER: "iss and sub must both be your agency id",
    TokenFault.AUDIENCE: "aud must be the exact URL called",
    TokenFault.LIFETIME: None,
    TokenFault.EXPIRED: "make a new token for each request",
    TokenFault.FUTURE: "iat is in the future: set your clock",
    TokenFault.TOKEN_ID: "jti must be 16 to 128 characters",
    TokenFault.BODY: "body_sha256 must be the body's SHA-256 in hex",
}
LIFETIMES = {
    "exp must be at most 5 minutes after iat": {"exp": int(NOW.timestamp()) + 301},
    "iat and exp must be whole seconds": {"exp": 1.5},
}


@pytest.mark.parametrize("fix", LIFETIMES)
def test_each_reason_against_a_lifetime_has_its_words(fix: str) -> None:
    with pytest.raises(PartnerTokenRefused) as refused:
        verify_partner_token(
            signed(HEADER, claims(**LIFETIMES[fix]), PARTNER), jwks=JWKS, expected=EXPECTED
        )
    assert str(refused.value) == f"token lifetime: {fix}"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack["id"])
def test_an_attack_is_refused_with_its_fault(attack: dict[str, Any]) -> None:
    assert fault_of(attempt(attack)) is TokenFault(attack["fault"])


def test_the_table_has_a_row_for_every_fault() -> None:
    elsewhere = {TokenFault.MALFORMED}
    assert {TokenFault(attack["fault"]) for attack in ATTACKS} == set(TokenFault) - elsewhere


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "..",
        f"{segment([])}.{segment(claims())}.x",
        f"{segment(HEADER)}.{segment('text')}.x",
        f"{segment(HEADER)}.{encode(b'[' * 4000)}.x",
        f"{segment(HEADER)}.{encode(b'not json')}.x",
        f"{segment(HEADER)}.{encode(NOT_A_NUMBER)}.x",
        f"{segment(HEADER)}.{encode(TWO_ISSUERS)}.x",
        f"{encode(TWO_ALGORITHMS)}.{segment(claims())}.x",
        f"{segment(HEADER)}=.{segment(claims())}.x",
        f"{segment(HEADER)}.{segment(claims(pad='x' * 8192))}.x",
        "é.é.é",
    ],
)
def test_what_is_not_a_token_is_malformed(token: str) -> None:
    assert fault_of(token) is TokenFault.MALFORMED
    with pytest.raises(PartnerTokenRefused):
        unverified_issuer(token)


@given(at=st.integers(0, 700), flip=st.integers(1, 127))
@settings(deadline=None)
def test_no_changed_character_passes(at: int, flip: int) -> None:
    token = signed(HEADER, claims(), PARTNER)
    at %= len(token)
    changed = token[:at] + chr(ord(token[at]) ^ flip) + token[at + 1 :]
    assert fault_of(changed) in TokenFault


@pytest.mark.parametrize("at", [-1, 1, 120])
def test_time_boundaries_of_life_and_age(at: int) -> None:
    token = signed(HEADER, claims(), PARTNER)
    moment = NOW + timedelta(seconds=at)
    if at < 120:
        assert verify_partner_token(token, jwks=JWKS, expected=replace(EXPECTED, at=moment))
    else:
        assert fault_of(token, at=moment) is TokenFault.EXPIRED


def test_the_longest_life_and_the_largest_clock_difference_are_accepted() -> None:
    now = int(NOW.timestamp())
    for changes in ({"iat": now, "exp": now + 300}, {"iat": now + 30, "exp": now + 60}):
        token = signed(HEADER, claims(**changes), PARTNER)
        assert verify_partner_token(token, jwks=JWKS, expected=EXPECTED)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"exp": int(NOW.timestamp()) + 1}, None),
        ({"exp": int(NOW.timestamp())}, TokenFault.LIFETIME),
        ({"jti": "x" * 16}, None),
        ({"jti": "x" * 128}, None),
        ({"jti": "x" * 129}, TokenFault.TOKEN_ID),
    ],
)
def test_boundaries_of_life_and_token_id(
    changes: dict[str, object], fault: TokenFault | None
) -> None:
    token = signed(HEADER, claims(**changes), PARTNER)
    if fault is None:
        assert verify_partner_token(token, jwks=JWKS, expected=EXPECTED)
    else:
        assert fault_of(token) is fault


def test_a_key_set_may_hold_encryption_keys_which_do_not_verify() -> None:
    receiving = {**OKPKey.generate_key("X25519").as_dict(private=False), "kid": "e", "use": "enc"}
    token = signed(HEADER, claims(), PARTNER)
    for keys in ([receiving, *JWKS["keys"]], [*JWKS["keys"], receiving]):
        assert verify_partner_token(token, jwks={"keys": keys}, expected=EXPECTED)
    with pytest.raises(CryptoError, match="X25519 or P-256"):
        verify_partner_token(
            token,
            jwks={"keys": [*JWKS["keys"], {**JWKS["keys"][0], "use": "enc"}]},
            expected=EXPECTED,
        )


def test_sixteen_keys_may_be_registered() -> None:
    keys = [ed25519_jwk(PARTNER, f"sig-{number}") for number in range(16)]
    token = signed(HEADER, claims(), PARTNER)
    assert verify_partner_token(token, jwks={"keys": keys}, expected=EXPECTED)


def test_a_caller_may_ask_for_younger_tokens() -> None:
    token = signed(HEADER, claims(), PARTNER)
    old = NOW + timedelta(seconds=61)
    assert fault_of(token, at=old, max_age=timedelta(seconds=60)) is TokenFault.EXPIRED
    exactly = NOW + timedelta(seconds=60)
    aged = replace(EXPECTED, at=exactly, max_age=timedelta(seconds=60))
    assert verify_partner_token(token, jwks=JWKS, expected=aged)


def test_a_token_for_one_agency_does_not_pass_as_another_s() -> None:
    assert fault_of(signed(HEADER, claims(), PARTNER), issuer=MENTORS) is TokenFault.ISSUER


def test_a_token_for_one_body_or_url_does_not_pass_for_another() -> None:
    token = signed(HEADER, claims(), PARTNER)
    assert fault_of(token, body=b"") is TokenFault.BODY
    assert fault_of(token, audience=f"{URL}?x=1") is TokenFault.AUDIENCE


def test_half_a_character_for_the_bodys_hash_is_a_wrong_hash() -> None:
    token = signed(HEADER, claims(body_sha256="\ud800" * 64), PARTNER)
    assert fault_of(token) is TokenFault.BODY


def test_an_empty_body_is_bound_like_any_other() -> None:
    token = signed(HEADER, claims(body_sha256=sha256(b"").hexdigest()), PARTNER)
    assert verify_partner_token(token, jwks=JWKS, expected=replace(EXPECTED, body=b""))


def test_the_newer_name_of_the_same_algorithm_is_accepted() -> None:
    token = signed({**HEADER, "alg": "Ed25519"}, claims(), PARTNER)
    assert verify_partner_token(token, jwks=JWKS, expected=EXPECTED)


@pytest.mark.parametrize(
    ("curve", "algorithm"), [(ec.SECP256R1(), "ES256"), (ec.SECP384R1(), "ES384")]
)
def test_elliptic_curve_keys_verify_their_own_algorithm(
    curve: ec.EllipticCurve, algorithm: str
) -> None:
    key = ec.generate_private_key(curve)
    jwks = {"keys": [ec_jwk(key, "ec-1"), ed25519_jwk(PARTNER, "sig-1")]}
    header = {"alg": algorithm, "kid": "ec-1", "typ": "JWT"}
    token = signed_by_ec(header, claims(), key)
    assert verify_partner_token(token, jwks=jwks, expected=EXPECTED).kid == "ec-1"
    head, body, _ = token.split(".")
    zeros = f"{head}.{body}.{encode(bytes(64 if algorithm == 'ES256' else 96))}"
    with pytest.raises(PartnerTokenRefused) as refused:
        verify_partner_token(zeros, jwks=jwks, expected=EXPECTED)
    assert refused.value.fault is TokenFault.SIGNATURE


def test_the_claimed_issuer_is_read_without_being_believed() -> None:
    assert unverified_issuer(signed(HEADER, claims(iss="x"), STRANGER)) == "x"
    assert unverified_issuer(signed(HEADER, claims(iss="x" * 200), STRANGER)) == "x" * 200
    for issuer in ("", 7, None, "x" * 201):
        with pytest.raises(PartnerTokenRefused) as refused:
            unverified_issuer(signed(HEADER, claims(iss=issuer), STRANGER))
        assert refused.value.fault is TokenFault.ISSUER
        assert str(refused.value) == "token issuer: iss must be your agency id"


NO_LIST = "jwks keys: must be a list of keys (RFC 7517 section 5)"
PRIVATE = "jwk: a private key was sent; replace it and register the public one"
NO_SIGNING = "jwk: sign with an Ed25519, P-256 or P-384 key"
OFF_CURVE = "jwk: not a public key on its curve; send it again"


@pytest.mark.parametrize(
    ("jwks", "message"),
    [
        ({}, NO_LIST),
        ({"keys": "x"}, NO_LIST),
        ({"keys": [7]}, NO_LIST),
        ({"keys": []}, "jwks: register at least one signing key"),
        (
            {"keys": [{**ed25519_jwk(PARTNER, "a"), "kid": 7}]},
            "jwk kid: every signing key needs a key id of its own",
        ),
        (
            {"keys": [ed25519_jwk(PARTNER, "")]},
            "jwk kid: every signing key needs a key id of its own",
        ),
        (
            {"keys": [ed25519_jwk(PARTNER, "a"), ed25519_jwk(STRANGER, "a")]},
            "jwk kid: two keys have the same id; give each its own",
        ),
        ({"keys": [ed25519_jwk(PARTNER, str(n)) for n in range(17)]}, "jwks keys: at most 16 keys"),
        ({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]}, PRIVATE),
        ({"keys": [{**ed25519_jwk(PARTNER, "a"), "d": "x"}]}, PRIVATE),
        ({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "a"}]}, NO_SIGNING),
        ({"keys": [{"kty": "EC", "crv": "P-521", "x": "", "y": "", "kid": "a"}]}, NO_SIGNING),
        ({"keys": [{**ed25519_jwk(PARTNER, "a"), "kty": ["OKP"]}]}, NO_SIGNING),
        ({"keys": [{**ed25519_jwk(PARTNER, "a"), "crv": {}}]}, NO_SIGNING),
        ({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a"}]}, OFF_CURVE),
        ({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "a"}]}, OFF_CURVE),
        (
            {"keys": [{"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ", "kid": "a"}]},
            OFF_CURVE,
        ),
    ],
)
def test_unacceptable_registered_keys_are_refused_with_their_reason(
    jwks: dict[str, object], message: str
) -> None:
    token = signed(HEADER, claims(), PARTNER)
    with pytest.raises(CryptoError) as refused:
        verify_partner_token(token, jwks=jwks, expected=EXPECTED)
    assert str(refused.value) == message


def test_a_refusal_and_an_expectation_repeat_nothing_of_the_request() -> None:
    token = signed(HEADER, claims(jti=7), PARTNER)
    with pytest.raises(PartnerTokenRefused) as refused:
        verify_partner_token(token, jwks=JWKS, expected=EXPECTED)
    assert json.loads(BODY)["reason"] not in str(refused.value) + repr(EXPECTED)
