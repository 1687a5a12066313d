import hmac
import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referral_hub.crypto import aead
from referral_hub.crypto.binding import Reader, bind, bind_mapping, write_parts
from referral_hub.crypto.kdf import Prk, extract
from referral_hub.errors import CryptoError

VECTORS = tomllib.loads((Path(__file__).parent / "vectors.toml").read_text())


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.mark.parametrize("vector", VECTORS["hkdf"], ids=lambda vector: vector["id"])
def test_hkdf_gives_the_published_bytes(vector: dict[str, Any]) -> None:
    prk = extract(raw(vector["salt"]), raw(vector["ikm"]))
    okm = raw(vector["okm"])
    assert prk == raw(vector["prk"])
    assert Prk(prk).expand(raw(vector["info"]), len(okm)) == okm


@given(key=st.binary(max_size=200), message=st.binary(max_size=300))
@settings(deadline=None)
def test_the_prepared_hmac_equals_the_standard_library_s(key: bytes, message: bytes) -> None:
    assert Prk(key).mac(message) == hmac.digest(key, message, "sha256")


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128])
def test_keys_up_to_a_block_are_padded_and_longer_ones_hashed(size: int) -> None:
    key = bytes(range(size))
    assert Prk(key).mac(b"m") == hmac.digest(key, b"m", "sha256")


@given(info=st.binary(max_size=80))
@settings(deadline=None)
def test_a_key_is_the_first_block_of_the_expansion(info: bytes) -> None:
    assert Prk(b"k" * 32).key(info) == Prk(b"k" * 32).expand(info, 64)[:32]


@pytest.mark.parametrize("length", [0, -1, 255 * 32 + 1])
def test_hkdf_refuses_lengths_outside_the_rfc(length: int) -> None:
    with pytest.raises(ValueError, match=r"^HKDF expands to between 1 and 8160 bytes$"):
        Prk(b"k").expand(b"", length)


def test_hkdf_expands_to_a_single_byte() -> None:
    assert Prk(b"k").expand(b"", 1) == Prk(b"k").expand(b"", 32)[:1]


def test_hkdf_expands_to_the_longest_length_of_the_rfc() -> None:
    assert len(Prk(b"k").expand(b"", 255 * 32)) == 255 * 32


@pytest.mark.parametrize("vector", VECTORS["gcm"], ids=lambda vector: vector["id"])
def test_decryption_opens_the_published_gcm_ciphertext(vector: dict[str, Any]) -> None:
    sealed = raw(vector["iv"]) + raw(vector["ciphertext"]) + raw(vector["tag"])
    opened = aead.decrypt(raw(vector["key"]), sealed, raw(vector["aad"]))
    assert opened == raw(vector["plaintext"])


@given(plaintext=st.binary(max_size=300), bound=st.binary(max_size=50))
@settings(deadline=None)
def test_what_is_encrypted_opens_and_has_a_nonce_and_a_tag(plaintext: bytes, bound: bytes) -> None:
    key = aead.new_key()
    sealed = aead.encrypt(key, plaintext, bound)
    assert len(sealed) == len(plaintext) + 12 + 16
    assert aead.decrypt(key, sealed, bound) == plaintext


def test_two_encryptions_of_one_text_share_no_nonce() -> None:
    nonces = {aead.encrypt(b"k" * 32, b"x", b"")[:12] for _ in range(1000)}
    assert len(nonces) == 1000


def test_new_keys_are_256_bits_and_differ() -> None:
    made = {aead.new_key() for _ in range(100)}
    assert len(made) == 100
    assert {len(key) for key in made} == {32}


@given(at=st.integers(0, 12 + 5 + 16 - 1), bit=st.integers(0, 7))
@settings(deadline=None)
def test_any_flipped_bit_is_refused(at: int, bit: int) -> None:
    sealed = bytearray(aead.encrypt(b"k" * 32, b"hello", b"a"))
    sealed[at] ^= 1 << bit
    with pytest.raises(CryptoError, match="did not open"):
        aead.decrypt(b"k" * 32, bytes(sealed), b"a")


@pytest.mark.parametrize("size", range(33))
def test_truncated_bytes_are_refused(size: int) -> None:
    sealed = aead.encrypt(b"k" * 32, b"hello", b"a")
    message = "truncated" if size < 28 else "did not open"
    with pytest.raises(CryptoError, match=message):
        aead.decrypt(b"k" * 32, sealed[:size], b"a")


def test_another_context_or_key_is_refused_and_the_error_holds_no_bytes() -> None:
    sealed = aead.encrypt(b"k" * 32, b"hello", b"a")
    for key, bound in [(b"k" * 32, b"b"), (b"j" * 32, b"a")]:
        with pytest.raises(CryptoError) as refused:
            aead.decrypt(key, sealed, bound)
        assert refused.value.__cause__ is None
        assert refused.value.__suppress_context__


def test_the_key_commitment_is_the_documented_hash() -> None:
    key = bytes(range(32))
    assert aead.key_commitment(key) == sha256(b"referral-hub/dek-commit/v1" + key).digest()


def test_a_commitment_of_another_key_is_refused() -> None:
    aead.check_commitment(b"k" * 32, aead.key_commitment(b"k" * 32))
    for wrong in [aead.key_commitment(b"j" * 32), b"", aead.key_commitment(b"k" * 32)[:31]]:
        with pytest.raises(CryptoError, match="commitment"):
            aead.check_commitment(b"k" * 32, wrong)


@given(value=st.binary(max_size=400))
@settings(deadline=None)
def test_padding_is_undone_and_fills_whole_blocks(value: bytes) -> None:
    padded = aead.pad(value)
    assert len(padded) % 64 == 0
    assert len(padded) - len(value) < 4 + 64
    assert aead.unpad(padded) == value


def test_values_of_one_block_have_one_length() -> None:
    assert {len(aead.pad(b"x" * size)) for size in range(61)} == {64}
    assert len(aead.pad(b"x" * 61)) == 128


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        b"\0\0\0\x05hello",
        aead.pad(b"hello")[:-1] + b"x",
        aead.pad(b"hello") + bytes(64),
        b"\0\0\0\xff" + bytes(60),
    ],
)
def test_broken_padding_is_refused(padded: bytes) -> None:
    with pytest.raises(CryptoError, match="padding"):
        aead.unpad(padded)


text = st.text(max_size=8)


@given(one=st.lists(text, max_size=4), other=st.lists(text, max_size=4))
@settings(deadline=None)
def test_different_parts_never_encode_alike(one: list[str], other: list[str]) -> None:
    assert (bind("x/v1", one) == bind("x/v1", other)) == (one == other)


def test_the_label_separates_uses_of_the_same_parts() -> None:
    assert bind("one/v1", ["a"]) != bind("two/v1", ["a"])
    assert bind("one/v1", ["a"]).startswith(b"19:referral-hub/one/v1,")


@given(context=st.dictionaries(text, text, min_size=1, max_size=4))
@settings(deadline=None)
def test_the_order_of_a_context_does_not_matter(context: dict[str, str]) -> None:
    turned = dict(reversed(list(context.items())))
    assert bind_mapping("x/v1", context) == bind_mapping("x/v1", turned)


@given(
    one=st.dictionaries(text, text, min_size=1, max_size=3),
    other=st.dictionaries(text, text, min_size=1, max_size=3),
)
@settings(deadline=None)
def test_different_contexts_never_encode_alike(one: dict[str, str], other: dict[str, str]) -> None:
    assert (bind_mapping("x/v1", one) == bind_mapping("x/v1", other)) == (one == other)


def test_an_empty_context_is_refused() -> None:
    with pytest.raises(CryptoError, match="context is empty"):
        bind_mapping("x/v1", {})


@given(parts=st.lists(st.binary(max_size=20), max_size=5))
@settings(deadline=None)
def test_the_reader_returns_what_was_written(parts: list[bytes]) -> None:
    reader = Reader(write_parts(parts))
    for part in parts:
        assert not reader.at_end()
        assert reader.part() == part
    assert reader.at_end()


@pytest.mark.parametrize("data", [b"", b"\0\0\0", b"\0\0\0\x02a", b"\xff\xff\xff\xffa"])
def test_the_reader_refuses_bytes_that_end_early(data: bytes) -> None:
    with pytest.raises(CryptoError, match="truncated"):
        Reader(data).part()


def test_the_repr_of_a_derivation_key_is_silent() -> None:
    assert repr(Prk(b"secret" * 5)) == "<Prk>"
