"""One-time codes against the vectors of RFC 6238, appendix B (SHA-1, last six digits)."""

from base64 import b32encode
from datetime import UTC, datetime, timedelta

import pytest

from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.one_time_codes import (
    code_address,
    code_at,
    counter_of,
    new_code_secret,
    seal_code_secret,
)
from referral_hub.errors import CryptoError

SECRET = b32encode(b"12345678901234567890").decode()
VECTORS = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
]


@pytest.fixture
def sealed(keys: FileKeyService) -> bytes:
    return seal_code_secret(keys, user_id="u1", secret=SECRET)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_published_codes_are_shown_and_name_their_counter(
    seconds: int, code: str, keys: FileKeyService, sealed: bytes
) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert code_at(keys, user_id="u1", sealed=sealed, at=at) == code
    assert counter_of(keys, user_id="u1", sealed=sealed, code=code, at=at) == seconds // 30


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_one_step_of_difference_between_clocks_is_accepted(
    steps: int, good: bool, keys: FileKeyService, sealed: bytes
) -> None:
    at = datetime.fromtimestamp(1_234_567_890, UTC)
    now = at + timedelta(seconds=30 * steps)
    found = counter_of(keys, user_id="u1", sealed=sealed, code="005924", at=now)
    assert found == (1_234_567_890 // 30 if good else None)


@pytest.mark.parametrize("code", ["", "5924", "0059240", "00592４", "005925", "abcdef", " 005924"])
def test_what_is_not_the_code_is_not_accepted(
    code: str, keys: FileKeyService, sealed: bytes
) -> None:
    at = datetime.fromtimestamp(1_234_567_890, UTC)
    assert counter_of(keys, user_id="u1", sealed=sealed, code=code, at=at) is None


def test_another_account_s_secret_does_not_open(keys: FileKeyService, sealed: bytes) -> None:
    at = datetime.fromtimestamp(59, UTC)
    with pytest.raises(CryptoError, match="did not open"):
        counter_of(keys, user_id="u2", sealed=sealed, code="287082", at=at)


def test_fresh_secrets_are_160_bits_and_differ() -> None:
    made = {new_code_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(secret) for secret in made} == {32}


def test_the_address_in_the_picture_names_the_hub_the_user_and_the_secret() -> None:
    assert code_address("ann o'hara", SECRET) == (
        f"otpauth://totp/Referral%20Hub:ann%20o%27hara?secret={SECRET}&issuer=Referral%20Hub"
    )
