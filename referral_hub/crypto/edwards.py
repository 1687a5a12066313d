"""Whether 32 bytes can be an Ed25519 public key that somebody made (RFC 8032 section 5.1.3).

Libraries take any 32 bytes for one. Under a point whose order divides eight a signature can be
written that holds for many messages, without any private half: whoever registers such a key lets
everybody sign in their name, and can say later that they did not. A coordinate that is not below
the field's prime is a second name for another key.

The arithmetic is on the y coordinate and on x squared alone, not in constant time: a public key is
no secret. The limit: a point that is a made key's and one of low order added together is taken.
"""

from __future__ import annotations

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P
_COORDINATE = 2**255 - 1


def is_low_order(encoded: bytes) -> bool:
    """Whether these 32 bytes, canonical or not, are a point whose order is 1, 2, 4 or 8."""
    y = _y(encoded) % P
    for _ in range(3):
        y = _doubled(y)
    return y == 1


def is_canonical(encoded: bytes) -> bool:
    """Whether these 32 bytes are the one encoding of a point that is not of low order."""
    y = _y(encoded)
    return y < P and pow(_x_squared(y), (P - 1) // 2, P) == 1 and not is_low_order(encoded)


def _y(encoded: bytes) -> int:
    """The coordinate without the sign of x, which is the last byte's first bit."""
    return int.from_bytes(encoded, "little") & _COORDINATE


def _x_squared(y: int) -> int:
    """From the curve: -x² + y² = 1 + d x² y²."""
    return (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P


def _doubled(y: int) -> int:
    """The y coordinate of the point added to itself."""
    xx = _x_squared(y)
    return (y * y + xx) * pow(1 - D * xx * y * y, P - 2, P) % P
