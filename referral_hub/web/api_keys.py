"""The hub's public keys as one JWK Set: what it signs with, and what partners seal to."""

from __future__ import annotations

from typing import Any

from flask import jsonify

from referral_hub.services.hub import Hub


def jwks(hub: Hub) -> Any:
    """The signing key of the hub's messages, and its encryption keys (RFC 7517)."""
    return jsonify(keys=[hub.hub_signer.public_jwk(), *hub.box.public_jwks()])
