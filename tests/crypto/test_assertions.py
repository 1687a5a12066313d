"""A client's assertion: the good one, and every bad one of the table."""

import hmac
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from referral_hub.crypto.client_assertion import (
    Asserted,
    AssertionFault,
    AssertionRefused,
    unverified_client,
    verify_assertion,
)
from tests.crypto.jose import (
    ODD,
    ec_jwk,
    ed25519_jwk,
    encode,
    laid_over,
    segment,
    signed,
    signed_by_ec,
)
from tests.crypto.samples import MENTORS, TIME_BANK

ATTACKS = tomllib.loads((Path(__file__).parent / "assertion_attacks.toml").read_text())["attack"]
NOW = datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
CLIENT = Ed25519PrivateKey.generate()
STRANGER = Ed25519PrivateKey.generate()
JWKS: dict[str, object] = {"keys": [ed25519_jwk(CLIENT, "sig-1")]}
ISSUER = "https://hub.example"
ENDPOINT = f"{ISSUER}/oauth/token"
HEADER: dict[str, object] = {"alg": "EdDSA", "kid": "sig-1", "typ": "JWT"}
TWO_ISSUERS = b'{"iss":"a","iss":"b"}'


def claims(**changes: object) -> dict[str, object]:
    return {
        "iss": TIME_BANK,
        "sub": TIME_BANK,
        "aud": ENDPOINT,
        "iat": SECONDS,
        "exp": SECONDS + 120,
        "jti": "0123456789abcdef",
        **changes,
    }


def verified(
    assertion: str, *, of: str = TIME_BANK, jwks: dict[str, object] = JWKS, at: datetime = NOW
) -> Asserted:
    audiences = frozenset({ISSUER, ENDPOINT})
    return verify_assertion(assertion, client_id=of, jwks=jwks, audiences=audiences, at=at)


def fault_of(assertion: str, **expected: Any) -> AssertionFault:
    with pytest.raises(AssertionRefused) as refused:
        verified(assertion, **expected)
    fault = refused.value.fault
    assert str(refused.value) == f"client assertion: {fault.value}"
    return fault


def attempt(attack: dict[str, Any]) -> str:
    header = laid_over(HEADER, attack.get("header", {}))
    times = {name: SECONDS + value for name, value in attack.get("offset", {}).items()}
    body = laid_over(claims(**times), attack.get("claims", {}))
    signer = attack.get("sign", "client")
    message = f"{segment(header)}.{segment(body)}"
    if signer == "nobody":
        return f"{message}."
    if signer == "hmac":
        secret = CLIENT.public_key().public_bytes_raw()
        return f"{message}.{encode(hmac.digest(secret, message.encode(), 'sha256'))}"
    return signed(header, body, CLIENT if signer == "client" else STRANGER)


def test_a_good_assertion_says_who_which_and_until_when() -> None:
    wanted = Asserted(TIME_BANK, "sig-1", "0123456789abcdef", NOW + timedelta(minutes=2))
    assert verified(signed(HEADER, claims(), CLIENT)) == wanted


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack["id"])
def test_an_attack_is_refused_with_its_fault(attack: dict[str, Any]) -> None:
    assert fault_of(attempt(attack)) is AssertionFault(attack["fault"])


def test_the_table_has_a_row_for_every_fault() -> None:
    elsewhere = {AssertionFault.MALFORMED}
    assert {AssertionFault(attack["fault"]) for attack in ATTACKS} == (
        set(AssertionFault) - elsewhere
    )


@pytest.mark.parametrize(
    "assertion",
    [
        "",
        "a.b.c",
        f"{segment(HEADER)}.{segment(claims())}",
        f"{segment(HEADER)}.{segment(claims())}.x.y",
        f"{segment([])}.{segment(claims())}.x",
        f"{segment(HEADER)}.{segment('text')}.x",
        f"{segment(HEADER)}.{encode(TWO_ISSUERS)}.x",
        f"{segment(HEADER)}.{segment(claims(pad='x' * 8192))}.x",
        "é.é.é",
    ],
    ids=range(9),
)
def test_what_is_not_an_assertion_is_malformed(assertion: str) -> None:
    assert fault_of(assertion) is AssertionFault.MALFORMED
    with pytest.raises(AssertionRefused) as refused:
        unverified_client(assertion)
    assert refused.value.fault is AssertionFault.MALFORMED


@pytest.mark.parametrize("kind", ["absent", "JWT", "client-authentication+jwt"])
def test_the_type_may_be_left_out_or_be_either_name(kind: str) -> None:
    assert verified(signed(laid_over(HEADER, {"typ": kind}), claims(), CLIENT))


@pytest.mark.parametrize("audience", [ISSUER, ENDPOINT, [ISSUER], [ENDPOINT]], ids=str)
def test_the_audience_is_the_issuer_or_the_endpoint_alone(audience: object) -> None:
    assert verified(signed(HEADER, claims(aud=audience), CLIENT))


@pytest.mark.parametrize(
    "times",
    [
        {"exp": 1},
        {"exp": 300},
        {"iat": -299, "exp": 1},
        {"iat": 29, "exp": 30},
        {"iat": 30, "exp": 330},
        {"iat": 30, "nbf": 30},
        {"nbf": -3600},
        {"iat": "absent"},
        {"iat": "absent", "exp": 330},
        {"iat": "absent", "nbf": 30},
    ],
    ids=str,
)
def test_times_up_to_their_limits_are_accepted(times: dict[str, int | str]) -> None:
    given = {
        name: SECONDS + value if isinstance(value, int) else value for name, value in times.items()
    }
    found = verified(signed(HEADER, laid_over(claims(), given), CLIENT))
    assert found.expires_at == NOW + timedelta(seconds=int(times.get("exp", 120)))


def test_times_that_are_left_out_are_in_the_future_of_no_clock() -> None:
    unset = datetime(1970, 1, 1, tzinfo=UTC) - timedelta(seconds=30)
    body = laid_over(claims(), {"iat": "absent", "exp": 1})
    assert verified(signed(HEADER, body, CLIENT), at=unset)


@pytest.mark.parametrize("length", [16, 128])
def test_the_shortest_and_the_longest_id_are_accepted(length: int) -> None:
    assert verified(signed(HEADER, claims(jti="x" * length), CLIENT)).token_id == "x" * length


def test_an_assertion_ends_in_the_second_that_it_names() -> None:
    token = signed(HEADER, claims(), CLIENT)
    assert verified(token, at=NOW + timedelta(seconds=119))
    assert fault_of(token, at=NOW + timedelta(seconds=120)) is AssertionFault.EXPIRED


def test_the_newer_name_of_the_same_algorithm_is_accepted() -> None:
    assert verified(signed({**HEADER, "alg": "Ed25519"}, claims(), CLIENT))


@pytest.mark.parametrize(
    ("curve", "algorithm"),
    [(ec.SECP256R1(), "ES256"), (ec.SECP384R1(), "ES384")],
    ids=["P-256", "P-384"],
)
def test_elliptic_curve_keys_sign_with_their_own_algorithm(
    curve: ec.EllipticCurve, algorithm: str
) -> None:
    key = ec.generate_private_key(curve)
    jwks: dict[str, object] = {"keys": [ed25519_jwk(CLIENT, "sig-1"), ec_jwk(key, "ec-1")]}
    header = {"alg": algorithm, "kid": "ec-1"}
    assert verified(signed_by_ec(header, claims(), key), jwks=jwks).kid == "ec-1"
    wrong = signed({**header, "alg": "EdDSA"}, claims(), CLIENT)
    assert fault_of(wrong, jwks=jwks) is AssertionFault.ALGORITHM
    foreign = signed({**header, "kid": "sig-1", "alg": "EdDSA"}, claims(), STRANGER)
    assert fault_of(foreign, jwks=jwks) is AssertionFault.SIGNATURE


@pytest.mark.parametrize("jwks", [{}, {"keys": []}, {"keys": [{"kty": "oct", "k": "AA"}]}], ids=str)
def test_keys_that_are_no_good_know_nobody(jwks: dict[str, object]) -> None:
    assert fault_of(signed(HEADER, claims(), CLIENT), jwks=jwks) is AssertionFault.UNKNOWN_KEY


def test_an_assertion_of_one_client_does_not_pass_as_anothers() -> None:
    assert fault_of(signed(HEADER, claims(), CLIENT), of=MENTORS) is AssertionFault.NAMES


def test_the_claimed_client_is_read_without_being_believed() -> None:
    assert unverified_client(signed(HEADER, claims(iss="x", sub="x"), STRANGER)) == "x"


@pytest.mark.parametrize(
    "names", [{"sub": MENTORS}, {"sub": "absent"}, {"iss": "absent"}, {"iss": 7, "sub": 7}], ids=str
)
def test_a_claimed_client_is_one_name_twice(names: dict[str, object]) -> None:
    with pytest.raises(AssertionRefused) as refused:
        unverified_client(signed(HEADER, laid_over(claims(), names), CLIENT))
    assert refused.value.fault is AssertionFault.NAMES


@pytest.mark.parametrize("member", [*HEADER, *claims(), "nbf"])
def test_no_odd_value_of_a_member_breaks_the_door(member: str) -> None:
    for odd in ODD:
        header = {**HEADER, member: odd} if member in HEADER else HEADER
        body = claims(**{member: odd}) if member not in HEADER else claims()
        assert fault_of(signed(header, body, CLIENT)) in AssertionFault
