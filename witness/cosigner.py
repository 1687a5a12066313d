"""The witness's key: Ed25519 in one file, and it signs cosignatures of checkpoints only.

The file is made on first use, whole or not at all, and read by its owner alone. A key that others
could have read is refused rather than used, because a witness that somebody else can speak for
witnesses nothing.
"""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.evidence.checkpoint import (
    SignatureType,
    Verifier,
    cosigned_message,
    signature_line,
)

SEED_BYTES = 32
_OTHERS = 0o077


class KeyFileError(Exception):
    """The key file cannot be trusted or read; the message says what to do."""


class Cosigner:
    """Signs C2SP cosignature/v1 under `name`, a schema-less URL of the agency's choosing.

    Raises KeyFileError, and CheckpointError for a name that cannot be a key name.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(_seed(path))
        public = self._key.public_key().public_bytes_raw()
        self.verifier = Verifier(name, public, SignatureType.COSIGNATURE_V1)

    def __repr__(self) -> str:
        return f"<Cosigner {self.verifier.name}>"

    def cosign(self, text: bytes, *, time: int) -> bytes:
        """Return the signature line over a checkpoint's text, as of `time` (POSIX seconds)."""
        signature = self._key.sign(cosigned_message(text, time=time))
        blob = time.to_bytes(8, "big") + signature
        return signature_line(self.verifier.name, self.verifier.key_id, blob)


def _seed(path: Path) -> bytes:
    if not path.exists():
        _create(path)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(file.fileno())
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & _OTHERS:
            raise KeyFileError(f"{path} is open to other users: replace the key, with mode 0600")
        seed = file.read(SEED_BYTES + 1)
    if len(seed) != SEED_BYTES:
        raise KeyFileError(f"{path} does not hold a key of {SEED_BYTES} bytes: restore it")
    return seed


def _create(path: Path) -> None:
    """Write a fresh key by a link, which replaces nothing: of several starts one key remains."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(SEED_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            return
    finally:
        fresh.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)
