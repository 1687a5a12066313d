"""HKDF-SHA256 (RFC 5869), with the expansion from one key to many made cheap.

`Prk` prepares the two HMAC pads (RFC 2104) once, because a record expands one key into a dozen
field keys and OpenSSL's per-call set-up costs more than the hashing. It is three lines of RFC
2104, checked against the RFC's vectors and against `hmac` over generated inputs. Nothing here is
secret-dependent in time: SHA-256 and table translation of a fixed 64 bytes.
"""

from __future__ import annotations

import hashlib

HASH_BYTES = 32
KEY_BYTES = 32
_BLOCK_BYTES = 64
_INNER = bytes(value ^ 0x36 for value in range(256))
_OUTER = bytes(value ^ 0x5C for value in range(256))


def extract(salt: bytes, input_key: bytes) -> bytes:
    """HKDF-Extract: a 32-byte pseudorandom key."""
    return Prk(salt).mac(input_key)


class Prk:
    """A pseudorandom key from which others are expanded; its repr says nothing of it."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key if len(key) <= _BLOCK_BYTES else hashlib.sha256(key).digest()
        block = block.ljust(_BLOCK_BYTES, b"\0")
        self._inner = block.translate(_INNER)
        self._outer = block.translate(_OUTER)

    def __repr__(self) -> str:
        return "<Prk>"

    def mac(self, message: bytes) -> bytes:
        """HMAC-SHA256 of `message` under this key."""
        inner = hashlib.sha256(self._inner + message).digest()
        return hashlib.sha256(self._outer + inner).digest()

    def key(self, info: bytes) -> bytes:
        """HKDF-Expand to one 32-byte key, which is one block of it."""
        return self.mac(info + b"\x01")

    def expand(self, info: bytes, length: int) -> bytes:
        """HKDF-Expand: `length` bytes (at most 8,160) of key material for `info`."""
        if not 0 < length <= 255 * HASH_BYTES:
            raise ValueError("HKDF expands to between 1 and 8160 bytes")
        block, out = b"", b""
        for counter in range(1, -(-length // HASH_BYTES) + 1):
            block = self.mac(block + info + bytes((counter,)))
            out += block
        return out[:length]
