"""Put one fact of a sealed record right: open it, change the field, seal the next version.

The plaintext stays in this function; its caller hands in the new value and gets ciphertext back.
Every field gets a fresh key, so that a key released for the older version opens nothing of the
newer one: who may have the new value is decided anew.
"""

from __future__ import annotations

from dataclasses import replace

from referral_hub.crypto.keys import KeyService
from referral_hub.crypto.records import SealedRecord, StoredRecord
from referral_hub.crypto.seal import seal_record
from referral_hub.crypto.unseal import open_fields


def correct_record(
    keys: KeyService, stored: StoredRecord, field_id: str, value: bytes
) -> SealedRecord | None:
    """Return the next version of `stored` with `value` for `field_id`; None when it has it already.

    Raises CryptoError when the record cannot be opened.
    """
    fields = open_fields(keys, stored, stored.ciphertexts)
    if fields.get(field_id) == value:
        return None
    return seal_record(
        keys,
        wrapped_subject_key=stored.wrapped_subject_key,
        context=replace(stored.context, version=stored.context.version + 1),
        fields={**fields, field_id: value},
    )
