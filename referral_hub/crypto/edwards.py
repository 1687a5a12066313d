"""Whether 32 bytes can be an Ed25519 public key that somebody made (RFC 8032 section 5.1.3).

Libraries take any 32 bytes for one. Under a point whose order divides eight a signature can be
written that holds for many messages, without any private half: whoever registers such a key lets
everybody sign in their name, and can say later that they did not. A coordinate that is not below
the field's prime is a second name for another key.

The eight points of low order have five y coordinates; a test finds the same ones by doubling. The
arithmetic is not in constant time: a public key is no secret. The limit: a point that is a made
key's and one of low order added together is taken.
"""

from __future__ import annotations

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P
_COORDINATE = 2**255 - 1
_OF_ORDER_8 = 0x5FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_LOW_ORDER = frozenset({0, 1, P - 1, _OF_ORDER_8, P - _OF_ORDER_8})


def is_low_order(encoded: bytes) -> bool:
    """Whether these 32 bytes, canonical or not, are a point whose order is 1, 2, 4 or 8."""
    return _y(encoded) % P in _LOW_ORDER


def is_canonical(encoded: bytes) -> bool:
    """Whether these 32 bytes are the one encoding of a point that is not of low order.

    From the curve, x² = (y² - 1) / (d y² + 1); a quotient is a square where the product is one.
    """
    y = _y(encoded)
    squared = (y * y - 1) * (D * y * y + 1)
    return y < P and y not in _LOW_ORDER and pow(squared, (P - 1) // 2, P) == 1


def _y(encoded: bytes) -> int:
    """The coordinate without the sign of x, which is the last byte's first bit."""
    return int.from_bytes(encoded, "little") & _COORDINATE
