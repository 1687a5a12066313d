"""DPoP proofs: the good one, and every bad one of the table."""

import hmac
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import ECKey, OKPKey

from referral_hub.crypto.dpop import ProofExpectation, ProofRefused, Proven, verify_proof
from tests.crypto.jose import ODD, ec_jwk, encode, laid_over, segment, signed, signed_by_ec

ATTACKS = tomllib.loads((Path(__file__).parent / "proof_attacks.toml").read_text())["attack"]
CODES = {"header", "jwk", "alg", "signature", "htm", "htu", "iat", "ath", "jti"}
NOW = datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
HOLDER = Ed25519PrivateKey.generate()
STRANGER = Ed25519PrivateKey.generate()
URL = "https://hub.example/oauth/token"
TOKEN = "an-access-token"
EXPECTED = ProofExpectation(method="POST", url=URL, at=NOW, token=TOKEN)
JWK: dict[str, object] = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": encode(HOLDER.public_key().public_bytes_raw()),
}
HEADER: dict[str, object] = {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": JWK}
TWO_METHODS = b'{"htm":"POST","htm":"GET"}'


def hash_of(token: bytes) -> str:
    return encode(sha256(token).digest())


def claims(**changes: object) -> dict[str, object]:
    good = {"htm": "POST", "htu": URL, "iat": SECONDS, "jti": "0123456789abcdef"}
    return {**good, "ath": hash_of(TOKEN.encode()), **changes}


def code_of(proof: str, **expected: Any) -> str:
    with pytest.raises(ProofRefused) as refused:
        verify_proof(proof, replace(EXPECTED, **expected))
    assert str(refused.value) == f"DPoP proof: {refused.value.code}"
    return refused.value.code


def attempt(attack: dict[str, Any]) -> str:
    jwk = laid_over(JWK, attack.get("jwk", {}))
    header = laid_over({**HEADER, "jwk": jwk}, attack.get("header", {}))
    body = laid_over(claims(iat=SECONDS + attack.get("iat", 0)), attack.get("claims", {}))
    signer = attack.get("sign", "holder")
    message = f"{segment(header)}.{segment(body)}"
    if signer == "nobody":
        return f"{message}."
    if signer == "hmac":
        secret = HOLDER.public_key().public_bytes_raw()
        return f"{message}.{encode(hmac.digest(secret, message.encode(), 'sha256'))}"
    return signed(header, body, HOLDER if signer == "holder" else STRANGER)


def test_a_good_proof_says_whose_key_which_id_and_until_when() -> None:
    thumbprint = OKPKey.import_key(HOLDER.public_key()).thumbprint()
    proven = verify_proof(signed(HEADER, claims(), HOLDER), EXPECTED)
    assert proven == Proven(thumbprint, "0123456789abcdef", NOW + timedelta(seconds=120))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack["id"])
def test_an_attack_is_refused_with_its_code(attack: dict[str, Any]) -> None:
    assert code_of(attempt(attack)) == attack["code"]


def test_the_table_has_a_row_for_every_code() -> None:
    assert {attack["code"] for attack in ATTACKS} == CODES


@pytest.mark.parametrize(
    "proof",
    [
        "",
        "a.b.c",
        f"{segment(HEADER)}.{segment(claims())}",
        f"{segment(HEADER)}.{segment(claims())}.x.y",
        f"{segment([])}.{segment(claims())}.x",
        f"{segment(HEADER)}.{encode(TWO_METHODS)}.x",
        f"{segment(HEADER)}.{segment(claims(pad='x' * 8192))}.x",
        "é.é.é",
    ],
    ids=range(8),
)
def test_what_is_not_a_proof_is_malformed(proof: str) -> None:
    assert code_of(proof) == "malformed"


@pytest.mark.parametrize("iat", [-90, -89, 0, 29, 30])
def test_a_proof_is_fresh_for_a_minute_and_half_a_minute_of_clock_either_side(iat: int) -> None:
    assert verify_proof(signed(HEADER, claims(iat=SECONDS + iat), HOLDER), EXPECTED)


@pytest.mark.parametrize("length", [16, 128])
def test_the_shortest_and_the_longest_id_are_accepted(length: int) -> None:
    found = verify_proof(signed(HEADER, claims(jti="x" * length), HOLDER), EXPECTED)
    assert found.proof_id == "x" * length


@pytest.mark.parametrize("more", [{"kid": "a"}, {"use": "sig"}, {"alg": "EdDSA"}], ids=str)
def test_the_key_may_carry_the_members_that_say_what_it_is_for(more: dict[str, str]) -> None:
    assert verify_proof(signed({**HEADER, "jwk": {**JWK, **more}}, claims(), HOLDER), EXPECTED)


def test_the_newer_name_of_the_same_algorithm_is_accepted() -> None:
    assert verify_proof(signed({**HEADER, "alg": "Ed25519"}, claims(), HOLDER), EXPECTED)


@pytest.mark.parametrize(
    ("curve", "algorithm", "other"),
    [(ec.SECP256R1(), "ES256", "ES384"), (ec.SECP384R1(), "ES384", "ES256")],
    ids=["P-256", "P-384"],
)
def test_elliptic_curve_keys_prove_with_their_own_algorithm(
    curve: ec.EllipticCurve, algorithm: str, other: str
) -> None:
    key = ec.generate_private_key(curve)
    jwk = {**ec_jwk(key, "first"), "use": "sig", "alg": algorithm}
    proof = signed_by_ec({**HEADER, "alg": algorithm, "jwk": jwk}, claims(), key)
    assert verify_proof(proof, EXPECTED).thumbprint == ECKey.import_key(jwk).thumbprint()
    assert code_of(signed({**HEADER, "alg": other, "jwk": jwk}, claims(), HOLDER)) == "alg"


def test_without_a_token_none_has_to_be_named() -> None:
    alone = replace(EXPECTED, token=None)
    for body in (claims(), laid_over(claims(), {"ath": "absent"})):
        assert verify_proof(signed(HEADER, body, HOLDER), alone)


def test_an_empty_token_is_bound_like_any_other() -> None:
    assert code_of(signed(HEADER, claims(), HOLDER), token="") == "ath"
    proof = signed(HEADER, claims(ath=hash_of(b"")), HOLDER)
    assert verify_proof(proof, replace(EXPECTED, token=""))


def test_a_token_that_is_not_ascii_is_refused_like_any_wrong_one() -> None:
    proof = signed(HEADER, claims(ath=hash_of("é".encode())), HOLDER)
    assert code_of(proof, token="é") == "ath"


def test_a_proof_for_one_request_does_not_pass_for_another() -> None:
    proof = signed(HEADER, claims(), HOLDER)
    assert code_of(proof, method="DELETE") == "htm"
    assert code_of(proof, url=f"{URL}?x=1") == "htu"
    assert code_of(proof, token="another") == "ath"
    assert code_of(proof, at=NOW + timedelta(seconds=91)) == "iat"


@pytest.mark.parametrize("member", [*HEADER, *claims()])
def test_no_odd_value_of_a_member_breaks_the_door(member: str) -> None:
    for odd in ODD:
        header = {**HEADER, member: odd} if member in HEADER else HEADER
        body = claims(**{member: odd}) if member not in HEADER else claims()
        assert code_of(signed(header, body, HOLDER)) in {*CODES, "malformed"}


@pytest.mark.parametrize("member", ["kty", "crv", "x"])
def test_no_odd_value_in_the_key_breaks_the_door(member: str) -> None:
    for odd in ODD:
        proof = signed({**HEADER, "jwk": {**JWK, member: odd}}, claims(), HOLDER)
        assert code_of(proof) == "jwk"
