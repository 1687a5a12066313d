"""Session tokens: 256 random bits for the browser, their SHA-256 for the database.

A plain hash suffices because the input is random and long; a stolen table then holds nothing that
signs anybody in. Comparison takes the same time wherever two digests first differ.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NewType

SessionToken = NewType("SessionToken", str)
TOKEN_BYTES = 32
CODE_LETTERS = "23456789BCDFGHJKMNPQRTVWXYZ"
CODE_LENGTH = 8


def new_token() -> SessionToken:
    """A fresh token, 43 URL-safe characters."""
    return SessionToken(secrets.token_urlsafe(TOKEN_BYTES))


def new_short_code() -> str:
    """Eight letters and digits that nobody confuses, as `K7QM-2XRD`: 38 random bits.

    That is little, so whoever compares it counts the attempts, and nobody keeps it in clear.
    """
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def tidy_short_code(typed: str) -> str:
    """The code as it was made, however it was spaced or in whichever case it was typed."""
    letters = "".join(character for character in typed.upper() if character.isalnum())
    return f"{letters[:4]}-{letters[4:]}"


def token_digest(token: str) -> bytes:
    """What the database keeps: 32 bytes. Any string has a digest, well-formed or not."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def is_token(token: str, digest: bytes) -> bool:
    """Whether `digest` is that of `token`, in constant time."""
    return hmac.compare_digest(token_digest(token), digest)
