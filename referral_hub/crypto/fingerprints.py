"""Fingerprints of requests: the same bytes give the same one, and nobody can guess from it.

A plain hash of a small document about a person can be found by trying people; so this is an HMAC
under the hub's own secret (see `docs/decisions`: a hash of an NHS number is not a commitment).
"""

from __future__ import annotations

import hashlib
import hmac

_LABEL = b"referral-hub/request-fingerprint/v1"


def request_fingerprint(secret: str, *parts: bytes) -> bytes:
    """Return 32 bytes over `parts`, each with its length, so that no two divisions are alike."""
    key = hashlib.sha256(_LABEL + secret.encode()).digest()
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.digest(key, framed, "sha256")
