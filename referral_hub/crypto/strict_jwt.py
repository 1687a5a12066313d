"""One reading of a signed JWT, for every door that takes one.

A compact JWS of three parts whose header and claims are JSON objects with no name twice and no
constant outside JSON: what two readers could read differently is not read at all. Header members
are compared with an exact set, so `crit`, `jku`, `x5u`, `x5c`, and `jwk` where none is due, are
refused by not being named (RFC 8725 sections 3.1 and 3.10). The algorithm is the registered key's
own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.util import urlsafe_b64decode

from referral_hub.crypto.jwks import SigningKey

LONGEST_TOKEN = 8_192


class AllowlistRegistry(jws.JWSRegistry):
    """Issuer and audience are URLs, for which the library's 512 encoded bytes are too few.

    The allowlist is asked directly: the library warns of the name EdDSA, which RFC 9864 replaces
    by Ed25519 and which partners' libraries still need.
    """

    max_header_length = 2_048

    def get_alg(self, name: str) -> JWSAlgModel:
        """Return an algorithm that is allowed. Raises UnsupportedAlgorithmError."""
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError("algorithm is not allowed")
        return self.algorithms[name]


def unverified_parts(token: str) -> tuple[dict[str, object], dict[str, object]]:
    """Return header and claims, which nothing has vouched for. Raises ValueError."""
    parts = token.split(".")
    if len(token) > LONGEST_TOKEN or len(parts) != 3:
        raise ValueError("not a signed compact JWT")
    return json_object(parts[0]), json_object(parts[1])


def json_object(segment: str) -> dict[str, object]:
    """Return the object of a base64url segment. Raises ValueError for anything else."""
    return strict_object(urlsafe_b64decode(segment.encode("ascii")))


def strict_object(text: str | bytes) -> dict[str, object]:
    """Return the JSON object that `text` is, read one way. Raises ValueError for anything else."""
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except RecursionError:
        value = None
    if isinstance(value, dict):
        return value
    raise ValueError("not a JSON object")


def signed_by(token: str, key: SigningKey) -> bool:
    """Tell whether `key` signed `token`, with one of the key's own algorithms."""
    registry = AllowlistRegistry(algorithms=key.algorithms)
    try:
        jws.deserialize_compact(token, key.key, registry=registry)
    except (JoseError, ValueError):
        return False
    return True


def whole_seconds(claims: Mapping[str, object], name: str) -> int | None:
    """Return a NumericDate that is a whole number; None if absent. Raises ValueError otherwise."""
    value = claims.get(name)
    if name in claims and (type(value) is not int or not 0 <= value < 1 << 40):
        raise ValueError(f"{name} must be whole seconds")
    return value if isinstance(value, int) else None


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate member")
    return found


def _no_constant(_: str) -> object:
    raise ValueError("not JSON")
