"""One-time codes of officers and administrators (TOTP, RFC 6238): six digits, thirty seconds.

The secret is sealed for its account and opened only to compare. A code names the counter that it
was good for, so that the caller can spend it once; the step before and after are accepted, since
telephones' clocks differ.
"""

from __future__ import annotations

from datetime import datetime

import pyotp

from referral_hub.crypto.keys import KeyService
from referral_hub.crypto.seal import seal_secret
from referral_hub.crypto.unseal import open_secret

STEP_SECONDS = 30
DRIFT = 1


def new_code_secret() -> str:
    """Return a fresh secret in base32, as an authenticator app takes it."""
    return pyotp.random_base32()


def code_address(username: str, secret: str) -> str:
    """Return the `otpauth` address that an authenticator app reads from a QR code."""
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    return totp.provisioning_uri(name=username, issuer_name="Referral Hub")


def seal_code_secret(keys: KeyService, *, user_id: str, secret: str) -> bytes:
    """Return the secret sealed for its account."""
    return seal_secret(keys, user_id=user_id, secret=secret.encode())


def counter_of(
    keys: KeyService, *, user_id: str, sealed: bytes, code: str, at: datetime
) -> int | None:
    """Return the counter for which `code` is good at `at`, None when it is not good."""
    if not (code.isascii() and code.isdigit()):
        return None
    totp = _totp(keys, user_id, sealed)
    now = int(at.timestamp()) // STEP_SECONDS
    for counter in range(now - DRIFT, now + DRIFT + 1):
        if pyotp.utils.strings_equal(totp.generate_otp(counter), code):
            return counter
    return None


def code_at(keys: KeyService, *, user_id: str, sealed: bytes, at: datetime) -> str:
    """Return the code that the account's authenticator shows at `at` (the demonstration's only)."""
    return _totp(keys, user_id, sealed).at(at)


def _totp(keys: KeyService, user_id: str, sealed: bytes) -> pyotp.TOTP:
    secret = open_secret(keys, user_id=user_id, sealed=sealed).decode()
    return pyotp.TOTP(secret, interval=STEP_SECONDS)
