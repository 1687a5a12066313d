"""The log's own keys: Ed25519, a file each, and they sign checkpoints of one origin only.

A key that signs whatever it is given can be made to sign a second tree; this one parses what it
signs and refuses anything that is not a checkpoint of its own log. Whether the checkpoint extends
the last one is the integrator's question, which holds this object alone: the web tier never needs
it.

The first key is `log.key`, the next `log-2.key`. While a key rolls over both sign every checkpoint,
so that whoever has pinned either one can verify; retiring removes the older key's secret and keeps
its public half, by which the older checkpoints are verified. Another process may do either: each
signature looks whether the files are still those that it knows.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.evidence.checkpoint import key_id, parse_checkpoint, signature_line, vkey
from consent.evidence.errors import EvidenceError
from referral_hub.crypto import keyfiles
from referral_hub.errors import Conflict, CryptoError

SEED_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    path: Path
    private: Ed25519PrivateKey
    id: bytes
    vkey: str

    def __repr__(self) -> str:
        return "<log key>"


class LogSigner:
    """Signs checkpoints as C2SP signed notes. The first key file is created on first use, 0600.

    `origin` is the log's schema-less URL and the keys' name. Raises KeyUnavailable for an unsafe
    key file and CryptoError for an origin that cannot be a key name.
    """

    def __init__(self, path: Path, *, origin: str) -> None:
        self.origin = origin
        self._first = path
        if not self._retired(path).exists():
            keyfiles.read_or_create(path, os.urandom(SEED_BYTES))
        self._keys = self._read()

    def __repr__(self) -> str:
        return f"<LogSigner {self.origin}>"

    @property
    def vkey(self) -> str:
        """The newest key, to be pinned from now on."""
        return self.vkeys[0]

    @property
    def vkeys(self) -> tuple[str, ...]:
        """Every key that signs, the newest first; two while a key rolls over."""
        return tuple(key.vkey for key in reversed(self._keys))

    @property
    def retired(self) -> tuple[str, ...]:
        """The keys that signed once, the newest first."""
        found = (self._retired(self._path(n)) for n in range(self._newest(), 0, -1))
        return tuple(path.read_text(encoding="ascii").strip() for path in found if path.exists())

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
        if self._changed():
            self._keys = self._read()
        lines = (signature_line(self.origin, k.id, k.private.sign(body)) for k in self._keys)
        return body + b"\n" + b"".join(lines)

    def add_key(self) -> str:
        """Make a new key, which signs beside the old one from now on; return its vkey.

        Raises Conflict while a key rolls over already.
        """
        self._keys = self._read()
        if len(self._keys) > 1:
            raise Conflict("A key of the log rolls over already; finish that first (--finish).")
        keyfiles.create_private(self._path(self._newest() + 1), os.urandom(SEED_BYTES))
        self._keys = self._read()
        return self.vkey

    def retire_key(self) -> str:
        """Remove the older key's secret and keep its public half; return its vkey.

        Raises Conflict when there is only one key.
        """
        self._keys = self._read()
        if len(self._keys) < 2:
            raise Conflict("The log has one key; make a new one first (hub rotate-keys --log).")
        old = self._keys[0]
        self._retired(old.path).write_text(f"{old.vkey}\n", encoding="ascii")
        old.path.unlink()
        self._keys = self._read()
        return old.vkey

    def _read(self) -> list[_Key]:
        """The keys whose secrets are here, the oldest first."""
        paths = (self._path(number) for number in range(1, self._newest() + 1))
        return [self._load(path) for path in paths if path.exists()]

    def _load(self, path: Path) -> _Key:
        seed = keyfiles.read_private(path, SEED_BYTES)
        private = Ed25519PrivateKey.from_private_bytes(seed)
        public = private.public_key().public_bytes_raw()
        try:
            name = vkey(self.origin, public)
        except EvidenceError as problem:
            raise CryptoError(f"log origin is not usable as a key name: {problem}") from None
        return _Key(path, private, key_id(self.origin, public), name)

    def _changed(self) -> bool:
        newest = self._keys[-1].path
        gone = not all(os.access(key.path, os.F_OK) for key in self._keys)
        return gone or newest != self._path(self._newest())

    def _newest(self) -> int:
        """The number of the last key that was made, retired or not."""
        number = 1
        while any(
            os.access(path, os.F_OK)
            for path in (self._path(number + 1), self._retired(self._path(number + 1)))
        ):
            number += 1
        return number

    def _path(self, number: int) -> Path:
        if number == 1:
            return self._first
        return self._first.with_name(f"{self._first.stem}-{number}{self._first.suffix}")

    @staticmethod
    def _retired(path: Path) -> Path:
        return path.with_suffix(".pub")
