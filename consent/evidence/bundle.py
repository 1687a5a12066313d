"""The evidence bundle: what the hub hands to an officer, as a ZIP or the directory unzipped.

    checkpoint                  the signed note (C2SP tlog-checkpoint) that everything is checked by
    entries/<index>.json        an entry's exact bytes
    proofs/<index>.tlog-proof   its c2sp.org/tlog-proof@v1, carrying this same checkpoint
    openings/<index>.json       optional: {"actor": {"salt": <64 hex>, "value": <text>}, ...}
    consistency                 optional: `old <size>` and base64 hashes, a line each, from the
                                officer's own last checkpoint to this one
    wrapped-keys                what was handed to recipients, a line of canonical JSON each
                                (`consent.evidence.wrapped`); may be left out where nothing was

An index is decimal without leading zeros. A bundle comes from whoever may wish to mislead the
officer, so reading it is bounded: no other file, no second file of one name, no name that leads
elsewhere, no links, no file longer than its kind allows whatever its header says, and caps on the
number of files, the archive's directory and the sum of all lengths. The limit: about 75,000
entries to a bundle; a whole log is checked by `replay`, from the database.
"""

import re
import struct
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from consent.evidence.canonical import canonical
from consent.evidence.checkpoint import MAX_NOTE_BYTES
from consent.evidence.entry import MAX_ENTRY_BYTES
from consent.evidence.errors import EvidenceError
from consent.evidence.proof import MAX_PROOF_BYTES, TlogProof

MAX_FILES = 150_004
MAX_DIRECTORY_BYTES = 16 * 2**20
MAX_TAIL_BYTES = 2**17
MAX_TOTAL_BYTES = 2**30
MAX_EXTRA_BYTES = 48
MAX_OPENINGS_BYTES = 2**20
MAX_CONSISTENCY_BYTES = 4_096
MAX_WRAPPED_BYTES = 32 * 2**20

FOLDERS = ("entries", "proofs", "openings")
_SUFFIX = {"entries": ".json", "proofs": ".tlog-proof", "openings": ".json"}
_LIMIT = {
    "checkpoint": MAX_NOTE_BYTES,
    "consistency": MAX_CONSISTENCY_BYTES,
    "wrapped-keys": MAX_WRAPPED_BYTES,
    "entries": MAX_ENTRY_BYTES,
    "proofs": MAX_PROOF_BYTES,
    "openings": MAX_OPENINGS_BYTES,
}
_NAME = re.compile(
    r"(?P<plain>checkpoint|consistency|wrapped-keys)"
    r"|(?P<folder>entries|proofs|openings)/(?P<index>0|[1-9][0-9]{0,18})(?P<suffix>\.[a-z-]+)",
    re.ASCII,
)
_UNSAFE = re.compile(r"(?:^|/)\.\.?(?:/|$)|^/|//|\\|:|[\x00-\x1f\x7f]")


class Failure(StrEnum):
    """Why a bundle was refused."""

    NOT_A_BUNDLE = "not-a-bundle"
    TOO_LARGE = "too-large"
    UNSAFE_NAME = "unsafe-name"
    UNEXPECTED_FILE = "unexpected-file"
    DUPLICATE_FILE = "duplicate-file"
    CHECKPOINT_MISSING = "checkpoint-missing"
    CHECKPOINT_MALFORMED = "checkpoint-malformed"
    CHECKPOINT_ORIGIN = "checkpoint-origin"
    CHECKPOINT_UNSIGNED = "checkpoint-unsigned"
    CHECKPOINT_FORGED = "checkpoint-forged"
    WITNESSES_MISSING = "witnesses-missing"
    STALE = "stale"
    CONSISTENCY_MISSING = "consistency-missing"
    CONSISTENCY_MALFORMED = "consistency-malformed"
    INCONSISTENT = "inconsistent"
    EMPTY = "empty"
    INCOMPLETE = "incomplete"
    ENTRY_MISSING = "entry-missing"
    ENTRY_MALFORMED = "entry-malformed"
    PROOF_MISSING = "proof-missing"
    PROOF_MALFORMED = "proof-malformed"
    PROOF_OF_OTHER_INDEX = "proof-of-other-index"
    PROOF_OF_OTHER_CHECKPOINT = "proof-of-other-checkpoint"
    NOT_INCLUDED = "not-included"
    OPENING_MALFORMED = "opening-malformed"
    OPENING_MISMATCH = "opening-mismatch"
    KEYS_MISSING = "keys-missing"
    KEYS_MALFORMED = "keys-malformed"
    KEY_WITHOUT_ENTRY = "key-without-entry"
    KEY_OF_OTHER_ENTRY = "key-of-other-entry"
    TABLE_MALFORMED = "table-malformed"
    LINE_OF_OTHER_ENTRY = "line-of-other-entry"
    CERTIFICATE_OF_OTHER_ENTRY = "certificate-of-other-entry"


class BundleError(EvidenceError):
    """A bundle does not verify. `kind` says why, `index` which entry is the first bad one."""

    def __init__(self, kind: Failure, message: str, *, index: int | None = None) -> None:
        super().__init__(message if index is None else f"entry {index}: {message}")
        self.kind = kind
        self.index = index


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """What opens one commitment: its 32-byte salt and the value, UTF-8. Personal data."""

    salt: bytes
    value: bytes

    def __repr__(self) -> str:
        return "Opening(redacted)"


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """One entry to hand over: exact bytes, inclusion hashes at the bundle's checkpoint, openings
    by commitment field."""

    index: int
    entry: bytes
    proof: Sequence[bytes]
    openings: Mapping[str, Opening] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WrappedKeys:
    """What was handed to one recipient: `index` is that of its release entry, None where there is
    none; `fields` are "class.field"; `sha256` is of the wrapped keys, None where there are none.
    """

    index: int | None
    recipient: str
    task: str
    stage: str
    effect: str
    fields: Sequence[str]
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Bundle:
    """An open bundle: the indexes that each folder names, the other files, a bounded reader."""

    indexes: Mapping[str, AbstractSet[int]]
    plain: AbstractSet[str]
    _read: Callable[[str, int], bytes]

    def all_indexes(self) -> Sequence[int]:
        """Return every index that any folder names, ascending."""
        return sorted(frozenset[int]().union(*self.indexes.values()))

    def read(self, kind: str, index: int | None = None) -> bytes:
        """Return a file's bytes: of `checkpoint` or `consistency`, or of a folder's index."""
        name = kind if index is None else f"{kind}/{index}{_SUFFIX[kind]}"
        data = self._read(name, _LIMIT[kind] + 1)
        if len(data) > _LIMIT[kind]:
            raise BundleError(Failure.TOO_LARGE, f"{kind}: longer than allowed", index=index)
        return data


def write_bundle(
    target: Path | BinaryIO,
    *,
    checkpoint: bytes,
    entries: Iterable[BundleEntry],
    consistency: tuple[int, Sequence[bytes]] | None = None,
    wrapped: Sequence[WrappedKeys] = (),
) -> None:
    """Write a bundle as a ZIP, entry by entry; equal input gives equal bytes (dates are 1980's).

    `consistency` is the officer's last size and the proof's hashes. Nothing is checked here: what
    the hub hands out is checked by the reader, `verify`.
    """
    with zipfile.ZipFile(target, "w") as archive:

        def put(name: str, data: bytes) -> None:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)

        put("checkpoint", checkpoint)
        if consistency is not None:
            put("consistency", consistency_bytes(*consistency))
        if wrapped:
            put("wrapped-keys", wrapped_bytes(wrapped))
        for item in entries:
            proof = TlogProof(item.index, tuple(item.proof), checkpoint)
            put(f"entries/{item.index}.json", item.entry)
            put(f"proofs/{item.index}.tlog-proof", proof.build())
            if item.openings:
                put(f"openings/{item.index}.json", openings_bytes(item.openings))


def openings_bytes(openings: Mapping[str, Opening]) -> bytes:
    """Return an openings file; EvidenceError for a value that is not UTF-8."""
    try:
        return canonical(
            {
                name: {"salt": opening.salt.hex(), "value": opening.value.decode("utf-8")}
                for name, opening in openings.items()
            }
        )
    except UnicodeDecodeError:
        raise EvidenceError("openings: a value is not UTF-8") from None


def consistency_bytes(size: int, hashes: Sequence[bytes]) -> bytes:
    """Return a consistency file: from `size`, in the manner of C2SP tlog-witness."""
    lines = [f"old {size}", *(b64encode(found).decode("ascii") for found in hashes)]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def wrapped_bytes(wrapped: Iterable[WrappedKeys]) -> bytes:
    """Return a list of wrapped keys, a line each."""
    lines = (
        canonical(
            {
                "entry": one.index,
                "recipient": one.recipient,
                "task": one.task,
                "stage": one.stage,
                "effect": one.effect,
                "fields": sorted(one.fields),
                "sha256": one.sha256,
            }
        )
        for one in wrapped
    )
    return b"".join(line + b"\n" for line in lines)


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Open a ZIP or a directory as a bundle; BundleError for what the format does not allow."""
    if path.is_dir():
        yield _bundle(_walk(path), lambda name, limit: _read_file(path / name, limit))
        return
    with path.open("rb") as file:
        with _refusing_bad_zip():
            archive = zipfile.ZipFile(_Capped(file))
            names = _zip_names(archive.infolist())
            bundle = _bundle(names, lambda name, limit: _read_member(archive, name, limit))
        yield bundle


class _Capped:
    """A file of which nothing larger than a permitted archive directory is read at once.

    `zipfile` loads the whole directory, as long as the archive says it is, before we see a name;
    read without a length it is only for the archive's end, which is at most 64 KiB.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.close = file.seek, file.tell, file.close
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        most, asked = MAX_DIRECTORY_BYTES, min(size, MAX_DIRECTORY_BYTES + 1)
        if size < 0:
            most, asked = MAX_TAIL_BYTES, MAX_TAIL_BYTES + 1
        data = self._file.read(asked)
        if len(data) > most:
            raise BundleError(Failure.TOO_LARGE, "the archive's directory is too long")
        return data


@contextmanager
def _refusing_bad_zip() -> Iterator[None]:
    try:
        yield
    except EvidenceError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        RuntimeError,
        ValueError,
        OverflowError,
    ):
        raise BundleError(Failure.NOT_A_BUNDLE, "not a whole, plain ZIP archive") from None


def _read_member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with _refusing_bad_zip(), archive.open(name) as member:
        return member.read(limit)


def _zip_names(infos: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    total = 0
    for info in infos:
        total += info.file_size
        if total > MAX_TOTAL_BYTES:
            raise BundleError(Failure.TOO_LARGE, "the files are too long in sum")
        if info.orig_filename != info.filename or _UNSAFE.search(info.orig_filename):
            raise BundleError(Failure.UNSAFE_NAME, "a file's name leads out of the bundle")
        if info.is_dir() and info.filename[:-1] in FOLDERS and not info.file_size:
            continue
        if info.external_attr >> 16 & 0o170000 not in {0, 0o100000}:
            raise BundleError(Failure.UNSAFE_NAME, "a link, a folder or a device among the files")
        packed_plainly = info.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
        # what claims to be a comment or an extra field can hide the files that follow it
        hides = info.comment or len(info.extra) > MAX_EXTRA_BYTES
        if info.flag_bits & 1 or not packed_plainly or hides:
            raise BundleError(Failure.NOT_A_BUNDLE, "a file is packed in a way we do not read")
        yield info.filename


def _walk(root: Path) -> Iterator[str]:
    for path in root.iterdir():
        if path.is_dir() and not path.is_symlink() and path.name in FOLDERS:
            for inner in path.iterdir():
                yield f"{path.name}/{_plain_name(inner)}"
        else:
            yield _plain_name(path)


def _plain_name(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        raise BundleError(Failure.UNSAFE_NAME, "a link, a folder or a device, where a file belongs")
    return path.name


def _read_file(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit)


def _bundle(names: Iterable[str], read: Callable[[str, int], bytes]) -> Bundle:
    indexes: dict[str, set[int]] = {folder: set() for folder in FOLDERS}
    plain: set[str] = set()
    seen: set[str] = set()
    for name in names:
        if len(seen) == MAX_FILES:
            raise BundleError(Failure.TOO_LARGE, f"more than {MAX_FILES} files")
        if name in seen:
            raise BundleError(Failure.DUPLICATE_FILE, "two files have one name")
        seen.add(name)
        found = _NAME.fullmatch(name)
        if found is None or found["suffix"] != _SUFFIX.get(found["folder"]):
            raise BundleError(Failure.UNEXPECTED_FILE, "a file that the format does not know")
        if found["plain"]:
            plain.add(name)
        else:
            indexes[found["folder"]].add(int(found["index"]))
    return Bundle(indexes, plain, read)
