"""Keys that anybody can sign with, or that have a second name, are refused when registered."""

from __future__ import annotations

import json
import tomllib
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from referral_hub.crypto.edwards import D, P, is_canonical, is_low_order
from referral_hub.crypto.jwks import encryption_key, signing_keys
from referral_hub.crypto.pasted_keys import WEAK, public_encryption_jwk, public_jwk
from referral_hub.errors import CryptoError

TABLE = tomllib.loads((Path(__file__).parent / "weak_keys.toml").read_text())
LOW = "jwk x: a point of low order; make a new key pair"
OFF = "jwk: not a public key on its curve; send it again"
SEEDS = st.binary(min_size=32, max_size=32)


def jwk(curve: str, point: bytes) -> dict[str, str]:
    x = urlsafe_b64encode(point).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": curve, "x": x, "kid": "k"}


def fault(point: bytes) -> str | None:
    try:
        signing_keys({"keys": [jwk("Ed25519", point)]})
    except CryptoError as refused:
        return str(refused)
    return None


@pytest.mark.parametrize("row", TABLE["ed25519"], ids=lambda row: row["id"])
def test_an_ed25519_point_of_low_order_is_refused_in_each_encoding(row: dict[str, str]) -> None:
    point = bytes.fromhex(row["point"])
    assert is_low_order(point)
    assert not is_canonical(point)
    assert fault(point) == LOW
    with pytest.raises(CryptoError) as refused:
        public_jwk(json.dumps(jwk("Ed25519", point)))
    assert str(refused.value) == WEAK


def doubled(y: int) -> int:
    """The y coordinate of a point added to itself (RFC 8032 section 5.1.4, x from the curve)."""
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P)
    return (y * y + xx) * pow(1 - D * xx * y * y, -1, P) % P


def test_the_points_of_low_order_are_those_that_doubling_brings_to_the_neutral_one() -> None:
    ys = {
        int.from_bytes(bytes.fromhex(row["point"]), "little") % 2**255 for row in TABLE["ed25519"]
    }
    assert all(doubled(doubled(doubled(y))) == 1 for y in ys)
    assert len({y % P for y in ys}) == 5  # eight points: two have x = 0, three a pair of signs
    made = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert doubled(doubled(doubled(int.from_bytes(made, "little") % 2**255))) != 1


@pytest.mark.parametrize("row", TABLE["x25519"], ids=lambda row: row["id"])
def test_an_x25519_point_of_low_order_is_refused_in_each_encoding(row: dict[str, str]) -> None:
    point = bytes.fromhex(row["point"])
    with pytest.raises(CryptoError) as refused:
        encryption_key(jwk("X25519", point))
    assert str(refused.value) == LOW
    with pytest.raises(CryptoError) as refused:
        public_encryption_jwk(json.dumps(jwk("X25519", point)))
    assert str(refused.value) == WEAK


def test_the_table_has_every_point_of_low_order_that_32_bytes_can_be() -> None:
    """Eight points; of the coordinates 0 and 1 also with the prime added, and each with a sign."""
    points = {bytes.fromhex(row["point"]) for row in TABLE["ed25519"]}
    ys = {int.from_bytes(point, "little") & (2**255 - 1) for point in points}
    assert len(points) == 2 * len(ys)
    assert {y % P for y in ys} == {0, 1, P - 1} | {y for y in ys if 1 < y < P - 1}
    assert len({y % P for y in ys}) == 5
    assert {y for y in ys if y >= P} == {P, P + 1}


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("above", range(19))
def test_a_coordinate_that_is_not_below_the_prime_is_refused(above: int, sign: int) -> None:
    point = (P + above + (sign << 255)).to_bytes(32, "little")
    assert not is_canonical(point)
    assert fault(point) == (LOW if above < 2 else OFF)


@settings(max_examples=50)
@given(SEEDS)
def test_every_key_that_was_made_is_taken(seed: bytes) -> None:
    point = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert not is_low_order(point)
    assert is_canonical(point)
    assert fault(point) is None


def test_about_half_of_all_coordinates_are_on_no_curve() -> None:
    points = [bytes([number]) + bytes(30) + b"\x11" for number in range(64)]
    taken = [is_canonical(point) for point in points]
    assert 16 < sum(taken) < 48
    assert [fault(point) is None for point in points] == taken
    assert {fault(point) for point in points} == {None, OFF}
