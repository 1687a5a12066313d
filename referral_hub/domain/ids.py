"""Time-ordered identifiers (UUID version 7, RFC 9562).

Rows that are written together lie together in the index, which keeps accepting fast when the tables
are large. The 74 random bits come from the operating system; an id is never a secret.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

_REFERENCE_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"


def new_id(at: datetime) -> UUID:
    """Return a UUIDv7 whose first 48 bits are `at` in milliseconds since 1970."""
    milliseconds = int(at.timestamp() * 1000) & 0xFFFFFFFFFFFF
    tail = secrets.randbits(74)
    value = (milliseconds << 80) | (0x7 << 76) | ((tail >> 62) << 64) | (0b10 << 62)
    return UUID(int=value | (tail & 0x3FFFFFFFFFFFFFFF))


def new_reference() -> str:
    """Return a reference that can be read out on the telephone, such as `RH-7KQM-2X9D`.

    Eight of 28 unambiguous characters, no vowels (no words); 3.8e11 values, unique in the store.
    """
    code = "".join(secrets.choice(_REFERENCE_ALPHABET) for _ in range(8))
    return f"RH-{code[:4]}-{code[4:]}"
