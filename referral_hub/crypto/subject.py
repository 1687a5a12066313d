"""The subject key: one per person and origin agency, and the thing that erasure deletes.

Everything about the person (record keys, commitment salts) is reachable only through it, so
deleting the wrapped key from the store makes the rest unreadable, in backups too once those
expire or the erasure ledger is re-applied.

Limit: keys already released to a recipient, and notes between two agencies, are wrapped for those
agencies and not under the subject key; erasure has to delete those rows as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from referral_hub.crypto import aead
from referral_hub.crypto.keys import KeyService


def new_subject_key(keys: KeyService, *, subject_key_id: str, owner: str) -> bytes:
    """A fresh subject key, wrapped by the root. `owner` is the origin agency's id."""
    return keys.wrap(subject_key_context(subject_key_id, owner), aead.new_key())


def open_subject_key(keys: KeyService, *, subject_key_id: str, owner: str, wrapped: bytes) -> bytes:
    """The subject key itself. Raises CryptoError for another person's or agency's row."""
    return keys.unwrap(subject_key_context(subject_key_id, owner), wrapped)


def subject_key_context(subject_key_id: str, owner: str) -> Mapping[str, str]:
    """The context under which a subject key is wrapped."""
    return {"purpose": "subject-key", "subject_key_id": subject_key_id, "owner": owner}
