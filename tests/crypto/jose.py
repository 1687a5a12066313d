"""Tokens made by hand, so that tests can send what no library would make."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import ECKey

# What JSON can hold where text or a number was expected. A door refuses each and breaks on none.
ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    1.5,
    10**30,
    1e308,
    "",
    "\x00",
    "\ud800",
    "x" * 3000,
    [],
    ["a"],
    [[]],
    {},
    {"a": [None]},
)


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def segment(value: object) -> str:
    return encode(json.dumps(value).encode())


def laid_over(base: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Lay a row's changes over what is good; the text "absent" removes a member."""
    return {name: value for name, value in {**base, **changes}.items() if value != "absent"}


def ed25519_jwk(key: Ed25519PrivateKey, kid: str) -> dict[str, str]:
    public = encode(key.public_key().public_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "x": public, "kid": kid, "use": "sig"}


def ec_jwk(key: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, str]:
    public = ECKey.import_key(key.public_key()).as_dict(private=False)
    return {**{name: str(public[name]) for name in ("kty", "crv", "x", "y")}, "kid": kid}


def signed(header: object, claims: object, key: Ed25519PrivateKey) -> str:
    message = f"{segment(header)}.{segment(claims)}"
    return f"{message}.{encode(key.sign(message.encode()))}"


def signed_by_ec(
    header: Mapping[str, object], claims: object, key: ec.EllipticCurvePrivateKey
) -> str:
    payload = json.dumps(claims).encode()
    algorithm = str(header["alg"])
    return jws.serialize_compact(
        dict(header), payload, ECKey.import_key(key), algorithms=[algorithm]
    )
