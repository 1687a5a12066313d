"""Canonical JSON: the bytes of RFC 8785, for the part of JSON that evidence needs.

One value must have one encoding, or the same entry has two leaf hashes. The domain is small on
purpose: str, int within 2^53, bool, None, list and dict with ASCII keys. In that domain the order
of UTF-16 code units (RFC 8785 section 3.2.3) is the order of code points, there are no floating
point numbers to print, and the standard library's C encoder escapes strings exactly as section
3.2.2.2 asks. The limit: anything else (floats, big numbers, keys beyond ASCII) is refused rather
than encoded in a way that another implementation might dispute.
"""

import json
from typing import Any, Never

from consent.evidence.errors import EvidenceError

MAX_SAFE_INTEGER = 2**53 - 1
MAX_DEPTH = 16

_WRITER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


class CanonicalError(EvidenceError):
    """A value has no canonical encoding here, or bytes are not the canonical ones."""


def canonical(value: object) -> bytes:
    """Return the RFC 8785 encoding of `value` as UTF-8; CanonicalError outside the domain."""
    _refuse_foreign(value, MAX_DEPTH)
    try:
        return _WRITER.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        raise CanonicalError("a string holds a lone surrogate, which UTF-8 cannot carry") from None


def parse_canonical(data: bytes) -> Any:
    """Return the value whose canonical encoding is exactly `data`; CanonicalError otherwise."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except CanonicalError:
        raise
    except (ValueError, RecursionError):
        raise CanonicalError("not JSON in UTF-8, or nested too deeply") from None
    if canonical(value) != data:
        raise CanonicalError("not in canonical form (RFC 8785)")
    return value


def _refuse_foreign(value: object, depth: int) -> None:
    """Refuse what lies outside the domain; exact types, because a subclass may print otherwise."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if depth == 0:
        raise CanonicalError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, int) and kind is int:
        if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
            raise CanonicalError("an integer is beyond 2^53 - 1")
    elif isinstance(value, list) and kind is list:
        for item in value:
            _refuse_foreign(item, depth - 1)
    elif isinstance(value, dict) and kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                raise CanonicalError("an object's key must be an ASCII string")
            _refuse_foreign(item, depth - 1)
    else:
        raise CanonicalError(f"{kind.__name__} has no canonical form here")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise CanonicalError("an object names the same key twice")
    return found


def _no_float(_text: str) -> Never:
    raise CanonicalError("only integers are numbers here")
