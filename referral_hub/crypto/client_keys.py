"""A pair of keys for a client, made where it is used: for the demonstration, not for partners.

A partner makes its own with `openssl genpkey -algorithm ed25519` and shows nobody the private half.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from referral_hub.errors import CryptoError


def new_private_pem() -> str:
    """Return a fresh Ed25519 private key in PEM."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(private_pem: str) -> str:
    """Return the public half in PEM. Raises CryptoError."""
    try:
        key = load_pem_private_key(private_pem.encode(), None)
    except (ValueError, TypeError):
        raise CryptoError("key.pem: not a private key; remove it and start again") from None
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode()
