"""Signed checkpoints: C2SP signed-note, tlog-checkpoint and Ed25519 cosignature/v1, to the byte.

The verifier is what an attacker would like to confuse, so everything here has one spelling: strict
base64 with canonical padding, decimal sizes without leading zeros, UTF-8 without control
characters, names without spaces or `+`. Signatures of unknown keys are ignored (that is how keys
roll over and witnesses are added); a known key whose signature fails condemns the whole note.
Nothing here can sign. The limits: Ed25519 only (types 0x01 and 0x04, not the ML-DSA of 0x06), and
a note holds at most MAX_NOTE_BYTES and MAX_SIGNATURES (the text asks for at least 16).
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.evidence.errors import EvidenceError
from consent.evidence.merkle import EMPTY_ROOT, HASH_BYTES

MAX_NOTE_BYTES = 524_288
MAX_SIGNATURES = 64
MAX_SIZE = 2**63 - 1
ED25519_BYTES = 32

_SIGNATURE_MARK = "— "
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class CheckpointError(EvidenceError):
    """A note, a checkpoint or a verifier key is not in its published form."""


class UntrustedNote(EvidenceError):
    """No key that we know has signed the note."""


class ForgedNote(EvidenceError):
    """A signature in the name of a key that we know does not verify."""


class SignatureType(IntEnum):
    """Signature type bytes of C2SP signed-note that this package verifies."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's origin, its number of leaves and its 32-byte root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_name("origin", self.origin)
        if not 0 <= self.size <= MAX_SIZE:
            raise CheckpointError("tree size: must be between 0 and 2^63 - 1")
        if len(self.root) != HASH_BYTES:
            raise CheckpointError(f"root: must be {HASH_BYTES} bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise CheckpointError("root: an empty tree has the root SHA-256 of nothing")
        for line in self.extensions:
            if not line or "\n" in line or _CONTROL.search(line):
                raise CheckpointError("extension lines must be lines, and not empty")

    def body(self) -> bytes:
        """Return the note text that a log signs, with its final newline."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode("ascii"))
        return "".join(f"{line}\n" for line in (*lines, *self.extensions)).encode("utf-8")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who says so, which key (4 bytes), and the signature's own bytes."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was read: its text is not to be believed before `verify_note`."""

    unverified_text: bytes
    signatures: tuple[NoteSignature, ...]


@dataclass(frozen=True, slots=True)
class Signer:
    """A known key that did sign; `time` is a cosignature's POSIX time in seconds, else None."""

    verifier: "Verifier"
    time: int | None


@dataclass(frozen=True, slots=True)
class VerifiedNote:
    """A note's text and the known keys that signed it, at least one, in the note's order."""

    text: bytes
    signers: tuple[Signer, ...]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key that we decided to know, under a name, for one type of signature."""

    name: str
    public_key: bytes
    kind: SignatureType = SignatureType.ED25519

    def __post_init__(self) -> None:
        require_name("key name", self.name)
        if len(self.public_key) != ED25519_BYTES:
            raise CheckpointError(f"public key: must be {ED25519_BYTES} bytes")

    @property
    def key_id(self) -> bytes:
        """The 4-byte id that the key's signature lines carry."""
        return key_id(self.name, self.public_key, kind=self.kind)

    @classmethod
    def from_vkey(cls, text: str) -> "Verifier":
        """Read `name+hex(key id)+base64(type || public key)`; CheckpointError if it is not one."""
        name, plus, rest = text.partition("+")
        written_id, plus_too, material = rest.partition("+")
        if not plus or not plus_too or _KEY_ID.fullmatch(written_id) is None:
            raise CheckpointError("vkey: must be <name>+<8 hex digits>+<base64>")
        key = strict_base64("vkey", material)
        try:
            kind = SignatureType(key[0])
        except (IndexError, ValueError):
            raise CheckpointError("vkey: only Ed25519 keys (types 1 and 4) are read here") from None
        verifier = cls(name, key[1:], kind)
        if verifier.key_id.hex() != written_id:
            raise CheckpointError("vkey: the key id does not belong to this name and key")
        return verifier

    def vkey(self) -> str:
        """Return the key as text, the inverse of `from_vkey`."""
        return vkey(self.name, self.public_key, kind=self.kind)

    def verify(self, text: bytes, signature: bytes) -> int | None:
        """Return a cosignature's time, else None; ForgedNote if `signature` is not this key's."""
        time, message = None, text
        if self.kind is SignatureType.COSIGNATURE_V1:
            time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = cosigned_message(text, time=time)
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise ForgedNote(f"a signature in the name of {self.name} does not verify") from None
        if time is not None and time > MAX_SIZE:
            raise ForgedNote(f"a cosignature of {self.name} is dated beyond 2^63 - 1")
        return time


def key_id(name: str, public_key: bytes, *, kind: SignatureType = SignatureType.ED25519) -> bytes:
    """Return SHA-256(name || 0x0A || kind || public key)[:4]."""
    return sha256(name.encode("utf-8") + b"\n" + bytes((kind,)) + public_key).digest()[:4]


def vkey(name: str, public_key: bytes, *, kind: SignatureType = SignatureType.ED25519) -> str:
    """Return the C2SP verifier key of a raw 32-byte Ed25519 public key."""
    Verifier(name, public_key)
    material = b64encode(bytes((kind,)) + public_key).decode("ascii")
    return f"{name}+{key_id(name, public_key, kind=kind).hex()}+{material}"


def cosigned_message(text: bytes, *, time: int) -> bytes:
    """Return what a witness signs over a checkpoint's text at `time` (POSIX seconds)."""
    return b"cosignature/v1\ntime %d\n" % time + text


def signature_line(name: str, key_id: bytes, signature: bytes) -> bytes:
    """Return one signature line, newline included. For a cosignature, signature = time(8) || 64."""
    require_name("key name", name)
    if len(key_id) != 4 or not signature:
        raise CheckpointError("signature line: a key id of 4 bytes and a signature are needed")
    return f"{_SIGNATURE_MARK}{name} {b64encode(key_id + signature).decode()}\n".encode()


def parse_note(data: bytes) -> Note:
    """Split a signed note into its text and its signature lines; CheckpointError otherwise."""
    if len(data) > MAX_NOTE_BYTES:
        raise CheckpointError(f"note: longer than {MAX_NOTE_BYTES} bytes")
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        raise CheckpointError("note: not UTF-8") from None
    if _CONTROL.search(note):
        raise CheckpointError("note: holds a control character other than a newline")
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not text or not tail.endswith("\n"):
        raise CheckpointError("note: must be a text, a blank line and signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise CheckpointError(f"note: more than {MAX_SIGNATURES} signatures")
    return Note(f"{text}\n".encode(), tuple(_parse_signature(line) for line in lines))


def verify_note(data: bytes, verifiers: Sequence[Verifier]) -> VerifiedNote:
    """Return the text of a note that at least one of `verifiers` signed.

    Signatures of unknown keys are ignored. ForgedNote if any signature with a known name and key
    id fails, UntrustedNote if none is known, CheckpointError if it is no signed note.
    """
    note = parse_note(data)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    signers: dict[tuple[str, bytes], Signer] = {}
    for line in note.signatures:
        verifier = known.get((line.name, line.key_id))
        if verifier is not None:
            time = verifier.verify(note.unverified_text, line.signature)
            signers.setdefault((line.name, line.key_id), Signer(verifier, time))
    if not signers:
        raise UntrustedNote("note: not signed by any key that was given")
    return VerifiedNote(note.unverified_text, tuple(signers.values()))


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Return the tree head in a note's text; CheckpointError if it is not one, byte for byte."""
    try:
        lines = text.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise CheckpointError("checkpoint: not UTF-8") from None
    if len(lines) < 4 or lines[-1]:
        raise CheckpointError("checkpoint: must be origin, size and root, a line each")
    origin, size, root, *extensions = lines[:-1]
    if _SIZE.fullmatch(size) is None:
        raise CheckpointError("tree size: must be decimal, without leading zeros")
    return Checkpoint(origin, int(size), strict_base64("root", root), tuple(extensions))


def require_name(field: str, name: str) -> None:
    """Refuse an origin or key name that could be read as two (C2SP signed-note, Format)."""
    if not name or "+" in name or any(char.isspace() or char < " " for char in name):
        raise CheckpointError(f"{field}: must be one word without spaces, + or control characters")


def strict_base64(field: str, text: str) -> bytes:
    """Decode standard base64 in its one canonical spelling; CheckpointError otherwise."""
    try:
        found = b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise CheckpointError(f"{field}: not base64") from None
    if b64encode(found).decode("ascii") != text:
        raise CheckpointError(f"{field}: not base64 in its canonical form")
    return found


def _parse_signature(line: str) -> NoteSignature:
    mark, name, space = line[:2], *line[2:].partition(" ")[:2]
    if mark != _SIGNATURE_MARK or not space:
        raise CheckpointError("signature line: must be — <name> <base64>")
    require_name("key name", name)
    blob = strict_base64("signature line", line[2 + len(name) + 1 :])
    if len(blob) < 5:
        raise CheckpointError("signature line: too short for a key id and a signature")
    return NoteSignature(name, blob[:4], blob[4:])
