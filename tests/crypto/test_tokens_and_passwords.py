"""What signs people in: session tokens and passwords."""

import base64
import re
import secrets
import time
from hashlib import sha256

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import CHEAPEST, RFC_9106_LOW_MEMORY

from referral_hub.crypto.passwords import Passwords
from referral_hub.crypto.tokens import (
    CODE_LETTERS,
    is_token,
    new_short_code,
    new_token,
    tidy_short_code,
    token_digest,
)
from referral_hub.errors import CryptoError


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords()


def test_tokens_are_256_random_bits_in_url_safe_characters() -> None:
    made = {new_token() for _ in range(500)}
    assert len(made) == 500
    assert {len(base64.urlsafe_b64decode(token + "=")) for token in made} == {32}


def test_a_token_s_size_is_the_hub_s_own_and_not_the_library_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(secrets, "DEFAULT_ENTROPY", 1)
    assert len(new_token()) == 43


def test_short_codes_are_eight_letters_that_nobody_confuses_and_differ() -> None:
    made = {new_short_code() for _ in range(500)}
    assert len(made) == 500
    one = f"[{CODE_LETTERS}]{{4}}"
    assert all(re.fullmatch(f"{one}-{one}", code) for code in made)
    letters = {letter for code in made for letter in code} - {"-"}
    assert letters == set(CODE_LETTERS)
    assert not letters & set("AEIOU01LS")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("K7QM-2XRD", "K7QM-2XRD"),
        ("k7qm2xrd", "K7QM-2XRD"),
        (" k7 qm - 2x rd\n", "K7QM-2XRD"),
        ("K7QM–2XRD.", "K7QM-2XRD"),
        ("K7QM-2XRD9", "K7QM-2XRD9"),
        ("K7Q", "K7Q-"),
        ("", "-"),
    ],
)
def test_a_short_code_is_the_same_however_it_was_typed(typed: str, code: str) -> None:
    assert tidy_short_code(typed) == code


def test_a_fresh_short_code_is_tidy_already() -> None:
    code = new_short_code()
    assert tidy_short_code(code) == tidy_short_code(code.lower().replace("-", " ")) == code


def test_a_token_s_digest_is_its_sha_256_and_recognises_it_alone() -> None:
    token = new_token()
    assert token_digest(token) == sha256(token.encode()).digest()
    assert is_token(token, token_digest(token))
    assert not is_token(new_token(), token_digest(token))
    assert not is_token(token, token_digest(token)[:-1])
    assert not is_token("", token_digest(token))


def test_any_text_a_browser_may_send_has_a_digest() -> None:
    assert len(token_digest("\udcff\x00é")) == 32


def test_a_password_verifies_and_others_do_not(passwords: Passwords) -> None:
    stored = passwords.hash("correct horse battery staple")
    assert passwords.verify(stored, "correct horse battery staple")
    assert not passwords.verify(stored, "Correct horse battery staple")
    assert not passwords.verify(stored, "")
    assert stored != passwords.hash("correct horse battery staple")
    assert "horse" not in stored


def test_hashes_are_argon2id_with_the_parameters_of_rfc_9106(passwords: Passwords) -> None:
    stored = passwords.hash("x")
    assert stored.startswith("$argon2id$")
    assert extract_parameters(stored) == RFC_9106_LOW_MEMORY
    assert not passwords.needs_rehash(stored)
    assert passwords.needs_rehash(PasswordHasher.from_parameters(CHEAPEST).hash("x"))


def test_one_password_typed_on_two_keyboards_is_the_same(passwords: Passwords) -> None:
    assert passwords.verify(passwords.hash("café"), "cafe\u0301")


def test_nothing_signs_in_an_unknown_user(passwords: Passwords) -> None:
    assert not passwords.verify(None, "anything")
    assert not passwords.verify(None, "")
    assert not passwords.verify("", "anything")
    assert not passwords.verify("not a hash", "anything")
    assert not Passwords().verify(None, "anything")


def test_half_a_character_is_a_password_like_any_other(passwords: Passwords) -> None:
    stored = passwords.hash("\ud800x")
    assert passwords.verify(stored, "\ud800x")
    assert not passwords.verify(stored, "\ud801x")


def test_an_unknown_user_costs_as_much_time_as_a_wrong_password(passwords: Passwords) -> None:
    stored = passwords.hash("x")

    def fastest(of: str | None) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            passwords.verify(of, "wrong")
            times.append(time.perf_counter() - start)
        return min(times)

    assert 0.4 < fastest(None) / fastest(stored) < 2.5


def test_an_over_long_password_is_refused_and_never_verifies(passwords: Passwords) -> None:
    with pytest.raises(CryptoError, match="1024 bytes"):
        passwords.hash("x" * 1025)
    assert not passwords.verify(passwords.hash("x" * 1024), "x" * 1025)
    assert passwords.verify(passwords.hash("é" * 512), "é" * 512)
