"""The keys that were wrapped for recipients, beside the entries that allowed it.

A log cannot show what was never written to it; what was handed out can. A bundle therefore lists
what its agency handed to recipients, or was handed, and each must be by a `release` entry of its
own: numbered, permitted, of the same recipient, task, stage and delivery, and naming its fields. So
a key that was wrapped without an entry, or two by one entry, shows on the officer's machine.

A line is canonical JSON. `entry` is the index of its entry, or null while the hub has none for it;
`sha256` is that of the wrapped keys, or null where they went sealed to a system of the recipient's
own or were erased. The limits: the list is the hub's, so what it keeps from the list shows only by
the recipient's own receipts; and a release entry without a line is a disclosure that was logged and
then did not happen, which is counted and is no fault.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from consent.evidence.bundle import Bundle, BundleError, Failure
from consent.evidence.canonical import parse_canonical
from consent.evidence.entry import Entry, EntryType
from consent.evidence.errors import EvidenceError

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_WORDS = ("recipient", "task", "stage", "effect")
_KEYS = {"entry", "fields", "sha256", *_WORDS}


@dataclass(frozen=True, slots=True)
class Kept:
    """How many keys stand beside their entry, and how many release entries handed nothing out."""

    keys: int
    unused: int

    def line(self) -> str:
        """Return it in words."""
        unused = f"; {self.unused} release entries handed nothing out" if self.unused else ""
        return f"keys        {self.keys} handed out, each by a release entry of its own{unused}"


def is_release(entry: Entry) -> bool:
    """Tell whether an entry allows something to be handed out."""
    return entry.type is EntryType.RELEASE and entry.outcome == "permit"


def check_wrapped(bundle: Bundle, releases: Mapping[int, Entry]) -> Kept:
    """Compare the bundle's list with its permitted release entries by index.

    Raises BundleError: the list is missing beside release entries, cannot be read, or names a key
    that no entry, an entry of something else, or an entry of another key stands for.
    """
    if "wrapped-keys" not in bundle.plain:
        if releases:
            raise BundleError(Failure.KEYS_MISSING, "nothing says which keys were wrapped")
        return Kept(0, 0)
    used: set[int] = set()
    for line in _lines(bundle.read("wrapped-keys")):
        index = line["entry"]
        entry = releases.get(index)
        if entry is None:
            message = "a key was wrapped for a recipient without a release entry"
            raise BundleError(Failure.KEY_WITHOUT_ENTRY, message, index=index)
        if index in used or not _covers(entry, line):
            message = "a key was wrapped for a recipient that this entry is not about"
            raise BundleError(Failure.KEY_OF_OTHER_ENTRY, message, index=index)
        used.add(index)
    return Kept(len(used), len(releases) - len(used))


def _covers(entry: Entry, line: Mapping[str, Any]) -> bool:
    fields, details = line["fields"], entry.details
    return (
        bool(fields)
        and entry.agencies.recipient == line["recipient"]
        and set(fields) <= set(entry.fields)
        and all(details.get(name) == line[name] for name in ("task", "stage", "effect"))
    )


def _lines(data: bytes) -> Iterator[dict[str, Any]]:
    *lines, end = data.split(b"\n")
    if end or not lines:
        _malformed("must be lines, each with its end")
    for line in lines:
        try:
            found = parse_canonical(line)
        except EvidenceError as error:
            _malformed(str(error))
        if not isinstance(found, dict) or found.keys() != _KEYS or not _well_formed(found):
            _malformed("a line does not have what each must have")
        yield found


def _well_formed(found: Mapping[str, Any]) -> bool:
    index, fields, digest = found["entry"], found["fields"], found["sha256"]
    return (
        (index is None or (type(index) is int and index >= 0))
        and isinstance(fields, list)
        and all(isinstance(one, str) for one in (*fields, *(found[name] for name in _WORDS)))
        and (digest is None or (isinstance(digest, str) and bool(_HASH.fullmatch(digest))))
    )


def _malformed(why: str) -> NoReturn:
    raise BundleError(Failure.KEYS_MALFORMED, f"wrapped-keys: {why}") from None
