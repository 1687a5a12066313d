"""One unambiguous encoding of context, used as associated data and as key-derivation input.

Every part is preceded by its length, so that ("ab", "c") and ("a", "bc") differ, and every use
begins with its own label, so that bytes made for one purpose never fit another (domain
separation). The encoding is never parsed back; it only has to be injective.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from referral_hub.errors import CryptoError

LABEL_PREFIX = "referral-hub/"


def bind(label: str, parts: Iterable[str]) -> bytes:
    """Encode `label` (such as "field-key/v1") and `parts` injectively, as netstrings."""
    return "".join([f"{len(part)}:{part}," for part in (LABEL_PREFIX + label, *parts)]).encode()


def bind_mapping(label: str, context: Mapping[str, str]) -> bytes:
    """Encode a context mapping, whatever the order of its entries.

    Raises CryptoError for an empty context: a key bound to nothing fits everywhere.
    """
    if not context:
        raise CryptoError("context is empty: name what the key is for, such as {'purpose': …}")
    return bind(label, (part for item in sorted(context.items()) for part in item))


def netstring(part: str) -> str:
    """`part` with its length in characters in front."""
    return f"{len(part)}:{part},"


class Reader:
    """Reads length-prefixed parts back, for the few encodings of ours that are opened again."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def part(self) -> bytes:
        """The next part. Raises CryptoError when the bytes end early."""
        size = int.from_bytes(self._take(4), "big")
        return self._take(size)

    def at_end(self) -> bool:
        """Whether everything has been read."""
        return self._at == len(self._data)

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise CryptoError("sealed bytes are truncated")
        taken = self._data[self._at : end]
        self._at = end
        return taken


def write_parts(parts: Iterable[bytes]) -> bytes:
    """The encoding that `Reader` reads."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])
