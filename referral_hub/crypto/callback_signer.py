"""Signatures of callbacks as Standard Webhooks has them: `v1` (HMAC-SHA256) and `v1a` (Ed25519).

Signed is `id.timestamp.body`. Secrets and private keys are sealed for their own row and opened only
to sign. A partner that cannot keep a secret takes the public key; nobody needs both.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from referral_hub.crypto.keys import KeyService
from referral_hub.crypto.seal import seal_secret
from referral_hub.crypto.unseal import open_secret

Scheme = Literal["v1", "v1a"]
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class NewSigner:
    """A fresh signer: sealed, and what verifies it (the secret for v1, the public key for v1a)."""

    sealed: bytes
    verify_with: str

    def __repr__(self) -> str:
        return "<NewSigner>"


@dataclass(frozen=True, slots=True, repr=False)
class SealedSigner:
    """A sealed secret or private key, the id it is bound to, and its scheme."""

    id: str
    scheme: Scheme
    sealed: bytes

    def __repr__(self) -> str:
        return f"<SealedSigner {self.scheme}>"


def new_signer(keys: KeyService, *, signer_id: str, scheme: Scheme) -> NewSigner:
    """Make a secret (`whsec_…`) or a key pair (`whpk_…`), sealed for `signer_id`."""
    if scheme == "v1":
        secret = secrets.token_bytes(SECRET_BYTES)
        shown = f"whsec_{b64encode(secret).decode()}"
    else:
        private = Ed25519PrivateKey.generate()
        secret = private.private_bytes_raw()
        shown = f"whpk_{b64encode(private.public_key().public_bytes_raw()).decode()}"
    return NewSigner(seal_secret(keys, user_id=signer_id, secret=secret), shown)


def sign_callback(
    keys: KeyService,
    signers: Sequence[SealedSigner],
    *,
    message_id: str,
    timestamp: int,
    body: bytes,
) -> tuple[tuple[str, str], ...]:
    """Return the three headers; one signature for each signer, in their order."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = [f"{one.scheme},{_signature(keys, one, content)}" for one in signers]
    return (
        ("webhook-id", message_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", " ".join(signatures)),
    )


def _signature(keys: KeyService, signer: SealedSigner, content: bytes) -> str:
    secret = open_secret(keys, user_id=signer.id, sealed=signer.sealed)
    if signer.scheme == "v1":
        return b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
    return b64encode(Ed25519PrivateKey.from_private_bytes(secret).sign(content)).decode()
