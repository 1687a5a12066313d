"""The log's own key: Ed25519, one file, and it signs checkpoints of one origin only.

A key that signs whatever it is given can be made to sign a second tree; this one parses what it
signs and refuses anything that is not a checkpoint of its own log. Whether the checkpoint extends
the last one is the integrator's question, which holds this object alone: the web tier never needs
it.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.evidence.checkpoint import key_id, parse_checkpoint, signature_line, vkey
from consent.evidence.errors import EvidenceError
from referral_hub.crypto import keyfiles
from referral_hub.errors import CryptoError

SEED_BYTES = 32


class LogSigner:
    """Signs checkpoints as C2SP signed notes. The key file is created on first use, 0600.

    `origin` is the log's schema-less URL and the key's name. Raises KeyUnavailable for an unsafe
    key file and CryptoError for an origin that cannot be a key name.
    """

    def __init__(self, path: Path, *, origin: str) -> None:
        seed = keyfiles.read_or_create(path, os.urandom(SEED_BYTES))
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._key.public_key().public_bytes_raw()
        self.origin = origin
        try:
            self.vkey = vkey(origin, self._public)
        except EvidenceError as problem:
            raise CryptoError(f"log origin is not usable as a key name: {problem}") from None
        self._key_id = key_id(origin, self._public)

    def __repr__(self) -> str:
        return f"<LogSigner {self.origin}>"

    def sign_checkpoint(self, body: bytes) -> bytes:
        """The signed note of a checkpoint body (origin, size, root).

        Raises CryptoError if the body is not a checkpoint of this log.
        """
        try:
            checkpoint = parse_checkpoint(body)
        except EvidenceError as problem:
            raise CryptoError(f"only checkpoints are signed with the log key: {problem}") from None
        if checkpoint.origin != self.origin:
            raise CryptoError("checkpoint is of another log than this key signs for")
        return body + b"\n" + signature_line(self.origin, self._key_id, self._key.sign(body))
