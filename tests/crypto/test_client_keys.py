"""The demonstration's pairs of keys: Ed25519, and only the public half is shown."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from referral_hub.crypto.client_keys import new_private_pem, public_pem
from referral_hub.errors import CryptoError


def test_a_fresh_key_is_ed25519_without_a_password_and_another_each_time() -> None:
    one, other = new_private_pem(), new_private_pem()
    assert one.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert isinstance(load_pem_private_key(one.encode(), None), Ed25519PrivateKey)
    assert one != other
    assert public_pem(one) != public_pem(other)


def test_the_public_half_verifies_what_the_private_one_signed() -> None:
    pem = new_private_pem()
    private = load_pem_private_key(pem.encode(), None)
    shown = public_pem(pem)
    assert shown.startswith("-----BEGIN PUBLIC KEY-----\n")
    public = load_pem_public_key(shown.encode())
    assert isinstance(private, Ed25519PrivateKey)
    assert isinstance(public, Ed25519PublicKey)
    public.verify(private.sign(b"m"), b"m")
    assert "PRIVATE" not in shown


LOCKED = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")
)


@pytest.mark.parametrize(
    "pem",
    ["", "no key", public_pem(new_private_pem()), LOCKED.decode()],
    ids=["nothing", "text", "a public key", "with a password"],
)
def test_what_is_no_private_key_is_refused_with_the_way_out(pem: str) -> None:
    with pytest.raises(CryptoError) as refused:
        public_pem(pem)
    assert str(refused.value) == "key.pem: not a private key; remove it and start again"
    assert refused.value.__cause__ is None


def test_a_key_of_another_kind_shows_its_public_half_too() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert load_pem_public_key(public_pem(pem).encode()) == key.public_key()
