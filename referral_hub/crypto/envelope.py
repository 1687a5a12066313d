"""A blob that carries its own wrapped key: for things that belong to no person's record.

Layout: wrapped key ‖ key commitment (32) ‖ nonce ‖ ciphertext ‖ tag ‖ length of the wrapped key
(2). The wrapped key comes first so that `KeyService.version_of` reads an envelope as it reads a
key. The wrapping is by the key service, for the hub or for one agency, under the context that
also binds the padded content. Rotation replaces the wrapped key and touches nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from referral_hub.crypto import aead
from referral_hub.crypto.binding import bind_mapping

COMMITMENT_BYTES = 32
_LENGTH_BYTES = 2

Context = Mapping[str, str]
Wrapping = Callable[[Context, bytes], bytes]
Unwrapping = Callable[[Sequence[tuple[Context, bytes]]], list[bytes]]


def seal_envelope(wrap: Wrapping, context: Context, content: bytes) -> bytes:
    """Seal `content` under a fresh key that `wrap` wraps."""
    key = aead.new_key()
    bound = bind_mapping("envelope/v1", context)
    body = aead.key_commitment(key) + aead.encrypt(key, aead.pad(content), bound)
    return _join(wrap(context, key), body)


def open_envelope(unwrap: Wrapping, context: Context, blob: bytes) -> bytes:
    """Undo `seal_envelope`. Raises CryptoError for another context or altered bytes."""
    wrapped, body = _split(blob)
    return _open(unwrap(context, wrapped), context, body)


def open_envelopes(
    unwrap_many: Unwrapping, sealed: Sequence[tuple[Context, bytes]]
) -> Iterator[bytes]:
    """Open each (context, blob) in turn, their keys unwrapped all at once. Raises CryptoError."""
    parts = [(context, *_split(blob)) for context, blob in sealed]
    keys = unwrap_many([(context, wrapped) for context, wrapped, _ in parts])
    for key, (context, _, body) in zip(keys, parts, strict=True):
        yield _open(key, context, body)


def rewrap_envelope(rewrap: Wrapping, context: Context, blob: bytes) -> bytes:
    """The same content with its key rewrapped; the very same object if nothing changed."""
    wrapped, body = _split(blob)
    new = rewrap(context, wrapped)
    return blob if new is wrapped else _join(new, body)


def for_agency(wrapping: Callable[[str, Context, bytes], bytes], agency_id: str) -> Wrapping:
    """Fix the agency of one of the key service's agency operations."""
    return lambda context, data: wrapping(agency_id, context, data)


def _open(key: bytes, context: Context, body: bytes) -> bytes:
    aead.check_commitment(key, body[:COMMITMENT_BYTES])
    bound = bind_mapping("envelope/v1", context)
    return aead.unpad(aead.decrypt(key, body[COMMITMENT_BYTES:], bound))


def _join(wrapped: bytes, body: bytes) -> bytes:
    return wrapped + body + len(wrapped).to_bytes(_LENGTH_BYTES, "big")


def _split(blob: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(blob[-_LENGTH_BYTES:], "big")
    rest = blob[:-_LENGTH_BYTES]
    return rest[:size], rest[size:]
