"""AES-256-GCM with a random 96-bit nonce in front of the ciphertext, and padding of short values.

Each key that reaches this module seals very few messages: field keys and envelope keys one,
derived wrapping keys a handful. Random nonces are therefore far from the 2^32 messages of NIST SP
800-38D. GCM does not commit to its key; callers that could be handed a chosen key check
`key_commitment` first.

Padding hides the length of values up to a multiple of 64 bytes: need codes differ in length, so a
bare ciphertext would tell "drink_drugs" from "lifts" to whoever stole the database.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from referral_hub.errors import CryptoError

NONCE_BYTES = 12
TAG_BYTES = 16
KEY_BYTES = 32
PAD_TO = 64
_LENGTH_BYTES = 4
_COMMIT_LABEL = b"referral-hub/dek-commit/v1"


def new_key() -> bytes:
    """A fresh 256-bit key from the operating system."""
    return os.urandom(KEY_BYTES)


def encrypt(key: bytes, plaintext: bytes, bound: bytes) -> bytes:
    """nonce ‖ ciphertext ‖ tag, with `bound` as associated data."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, bound)


def decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    """Undo `encrypt`. Raises CryptoError for a wrong key, a wrong context or altered bytes."""
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise CryptoError("sealed bytes are truncated")
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
    except InvalidTag:
        raise CryptoError(
            "sealed bytes did not open: altered, or bound to another context"
        ) from None


def key_commitment(key: bytes) -> bytes:
    """What binds a ciphertext to one key: SHA-256 of a label and the key."""
    return hashlib.sha256(_COMMIT_LABEL + key).digest()


def check_commitment(key: bytes, commitment: bytes) -> None:
    """Raise CryptoError unless `commitment` was made for `key`; call it before decrypting."""
    if not hmac.compare_digest(key_commitment(key), commitment):
        raise CryptoError("key commitment does not match: this key did not seal these bytes")


def pad(value: bytes) -> bytes:
    """Length, value, and zeros up to the next multiple of 64 bytes."""
    size = _LENGTH_BYTES + len(value)
    return len(value).to_bytes(_LENGTH_BYTES, "big") + value + bytes(-size % PAD_TO)


def unpad(padded: bytes) -> bytes:
    """Undo `pad`. Raises CryptoError unless the padding is exactly what `pad` writes."""
    size = int.from_bytes(padded[:_LENGTH_BYTES], "big")
    value = padded[_LENGTH_BYTES : _LENGTH_BYTES + size]
    if pad(value) != padded:
        raise CryptoError("sealed bytes have broken padding")
    return value
