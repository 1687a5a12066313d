"""Keys of nobody, for holding a partner's endpoint against what it must refuse.

A conformance check signs with a key of its own, never with the hub's: what it sends is invented,
and must not look as if the hub had sent it to anybody who trusts the hub.
"""

from __future__ import annotations

from joserfc.jwk import OKPKey

from referral_hub.crypto.jwks import Jwk


def nobodys_encryption_jwk() -> Jwk:
    """A public X25519 key whose private half is forgotten at once."""
    public = OKPKey.generate_key("X25519").as_dict(private=False)
    return {**{name: public[name] for name in ("kty", "crv", "x")}, "use": "enc"}
