"""Passwords by argon2id (RFC 9106, its second recommended choice: 64 MiB, three passes).

`verify` does the same work for an unknown user as for a wrong password, so that the sign-in page
does not tell who has an account (goal G5). Passwords are compared after Unicode NFKC, as NIST SP
800-63B asks; longer than 1,024 bytes is refused before any work is done.
"""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from referral_hub.crypto.tokens import new_token
from referral_hub.errors import CryptoError

LONGEST_BYTES = 1024


class Passwords:
    """Hashes and verifies. Construct it once: it prepares the hash used for unknown users."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._nobody = self._hasher.hash(new_token())

    def hash(self, password: str) -> str:
        """An encoded argon2id hash. Raises CryptoError for an over-long password."""
        prepared = _prepare(password)
        if prepared is None:
            raise CryptoError(f"password is over {LONGEST_BYTES} bytes: choose a shorter one")
        return self._hasher.hash(prepared)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` matches. Pass None for an unknown user: always False, as slow."""
        prepared = _prepare(password)
        if prepared is None:
            return False
        try:
            self._hasher.verify(stored or self._nobody, prepared)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Whether `stored` was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)


def _prepare(password: str) -> bytes | None:
    data = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return data if len(data) <= LONGEST_BYTES else None
