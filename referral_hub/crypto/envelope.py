"""A blob that carries its own wrapped key: for things that belong to no person's record.

Layout: parts `wrapped key` and `key commitment`, then nonce ‖ ciphertext ‖ tag of the padded
content. The wrapping is by the key service, for the hub or for one agency, under the context that
also binds the content. Rotation replaces the first part and touches nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from referral_hub.crypto import aead
from referral_hub.crypto.binding import Reader, bind_mapping, write_parts

Context = Mapping[str, str]
Wrapping = Callable[[Context, bytes], bytes]


def seal_envelope(wrap: Wrapping, context: Context, content: bytes) -> bytes:
    """Seal `content` under a fresh key that `wrap` wraps."""
    key = aead.new_key()
    bound = bind_mapping("envelope/v1", context)
    head = write_parts((wrap(context, key), aead.key_commitment(key)))
    return head + aead.encrypt(key, aead.pad(content), bound)


def open_envelope(unwrap: Wrapping, context: Context, blob: bytes) -> bytes:
    """Undo `seal_envelope`. Raises CryptoError for another context or altered bytes."""
    reader = Reader(blob)
    key = unwrap(context, reader.part())
    aead.check_commitment(key, reader.part())
    bound = bind_mapping("envelope/v1", context)
    return aead.unpad(aead.decrypt(key, reader.rest(), bound))


def rewrap_envelope(rewrap: Wrapping, context: Context, blob: bytes) -> bytes:
    """The same content with its key rewrapped; the very same object if nothing changed."""
    reader = Reader(blob)
    old = reader.part()
    new = rewrap(context, old)
    if new is old:
        return blob
    return write_parts((new,)) + reader.rest()


def for_agency(wrapping: Callable[[str, Context, bytes], bytes], agency_id: str) -> Wrapping:
    """Fix the agency of one of the key service's agency operations."""
    return lambda context, data: wrapping(agency_id, context, data)
