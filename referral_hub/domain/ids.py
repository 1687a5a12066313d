"""Time-ordered identifiers (UUID version 7, RFC 9562).

Rows that are written together lie together in the index, which keeps accepting fast when the tables
are large. After the milliseconds come the microseconds and a counter, so that ids made one after
the other in one process sort in that order, and the log tells a story in the order in which it
happened. The other 50 bits are random; an id is never a secret.
"""

from __future__ import annotations

import itertools
import secrets
from datetime import datetime
from functools import lru_cache
from uuid import UUID

NO_REFERENCE = "no reference"
_ORDER = itertools.count()
_CHANCE = (1 << 50) - 1
_REFERENCE_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"


def new_id(at: datetime) -> UUID:
    """Return a UUIDv7 of `at`: milliseconds, microseconds (RFC 9562 method 3), a 12-bit counter,
    chance.
    """
    chance = int.from_bytes(secrets.token_bytes(7), "big") & _CHANCE
    return UUID(int=_head(at) | ((next(_ORDER) & 0xFFF) << 50) | chance)


def first_id(at: datetime) -> UUID:
    """Return the least id that an instant may have: what was made before it sorts before it."""
    return UUID(int=_head(at))


@lru_cache(maxsize=64)
def _head(at: datetime) -> int:
    """Return what all ids of one instant share, in its place."""
    microseconds = round(at.timestamp() * 1_000_000)
    milliseconds, fraction = divmod(microseconds, 1000)
    head = ((milliseconds & 0xFFFFFFFFFFFF) << 16) | (0x7 << 12) | fraction
    return (head << 64) | (0b10 << 62)


def tidy_reference(typed: str, prefix: str = "RH") -> str:
    """Return a reference as it was made, however it was spaced, and with or without its prefix.

    What is no reference comes back as `NO_REFERENCE`, which was never given to anybody.
    """
    letters = "".join(character for character in typed.upper() if character.isalnum())
    code = letters[len(prefix) :] if len(letters) > 8 else letters
    return f"{prefix}-{code[:4]}-{code[4:8]}" if len(code) == 8 else NO_REFERENCE


def new_reference(prefix: str = "RH") -> str:
    """Return a reference that can be read out on the telephone, such as `RH-7KQM-2X9D`.

    Eight of 28 unambiguous characters, no vowels (no words); 3.8e11 values, unique in the store.
    """
    code = "".join(secrets.choice(_REFERENCE_ALPHABET) for _ in range(8))
    return f"{prefix}-{code[:4]}-{code[4:]}"
