"""Ways to tamper with a bundle, each a change of its files by name."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from consent.evidence.bundle import consistency_bytes
from consent.evidence.canonical import canonical
from consent.evidence.entry import encode
from consent.evidence.proof import TlogProof
from tests.consent.evidence.sample_log import Key, SampleLog, make_entry, salt, value

LOG = SampleLog(40)
CHOSEN = (3, 7, 8, 39)
SEEN = 20
VKEY = LOG.key.vkey
OTHER = encode(make_entry(7, outcome="refuse"))
Files = dict[str, bytes]
Change = Callable[[Files], object]


def files_of(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tampered(path: Path, original: Files, change: Change) -> Path:
    files = dict(original)
    change(files)
    return pack(path / "bundle.zip", files)


def put(name: str, data: bytes) -> Change:
    return lambda files: files.__setitem__(name, data)


def drop(*names: str) -> Change:
    return lambda files: [files.pop(name) for name in names]


def swap(first: str, second: str) -> Change:
    def change(files: Files) -> None:
        files[first], files[second] = files[second], files[first]

    return change


def copy(source: str, target: str) -> Change:
    return lambda files: files.__setitem__(target, files[source])


def both(*changes: Change) -> Change:
    return lambda files: [change(files) for change in changes]


def edit(name: str, old: bytes, new: bytes, *, times: int = 1) -> Change:
    def change(files: Files) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, times)

    return change


def in_proofs(change: Callable[[bytes], bytes]) -> Change:
    def all_of(files: Files) -> None:
        for name in files:
            if name.startswith("proofs/"):
                files[name] = change(files[name])

    return all_of


def everywhere(note: bytes) -> Change:
    """Replace the checkpoint, in the proofs too, as a careful forger would."""
    return both(
        put("checkpoint", note), in_proofs(lambda data: data.partition(b"\n\n")[0] + b"\n\n" + note)
    )


def told_anew() -> SampleLog:
    log = SampleLog(0)
    log.extend([*LOG.entries[:7], OTHER, *LOG.entries[8:]])
    return log


def as_bundle(log: SampleLog, previous: int | None = SEEN) -> Change:
    """Replace everything by an honest-looking bundle of another log under the same key."""

    def change(files: Files) -> None:
        size = len(log.entries)
        files.clear()
        files["checkpoint"] = log.note()
        for index in (at for at in CHOSEN if at < size):
            item = log.item(index)
            proof = TlogProof(index, tuple(item.proof), log.note())
            files[f"entries/{index}.json"] = item.entry
            files[f"proofs/{index}.tlog-proof"] = proof.build()
        if previous is not None and previous < size:
            files["consistency"] = consistency_bytes(
                previous, log.tiles.consistency_proof(previous, size)
            )

    return change


def opening(**fields: dict[str, Any]) -> bytes:
    return canonical(fields)


RIGHT = {"salt": salt(7, "subject").hex(), "value": value(7, "subject").decode()}
LATER = SampleLog(41)
IMPOSTOR = Key("impostor")
FOREIGN = Key("log", "other.example/log")
BODY = LOG.checkpoint().body()


def nothing(_files: Files) -> None:
    """Leave a bundle as it is."""


def bundle_files(folder: Path) -> Files:
    """The files of the bundle that everything is tried on."""
    return files_of(LOG.bundle(folder / "original.zip", CHOSEN, previous=SEEN))
