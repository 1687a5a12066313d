"""One entry of the log: what was decided or done, in codes, and never about whom in clear.

An entry is read by officers of several agencies and can never be taken back, so it may hold no
personal data. Who and what are meant is carried by commitments: salted hashes that only the holder
of the salt can open, and that nobody can open once the salt is deleted (an NHS number has 10^9
values, so a hash without a salt is no protection). Every text is a *code*: ASCII, without spaces,
`@` or a bare ten-digit number, so that a full name, an e-mail address or an NHS number fails here
instead of being logged for ever. The limit: a code chosen badly by the hub ("MaryJones") passes.

The encoding is RFC 8785 canonical JSON with every key present, at most 65,535 bytes (the length
prefix of C2SP tlog-tiles entry bundles); the leaf of the tree is SHA-256(0x00 || encoding).
"""

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from consent.evidence.canonical import MAX_SAFE_INTEGER, CanonicalError, parse_canonical
from consent.evidence.errors import EvidenceError

VERSION = 1
MAX_ENTRY_BYTES = 65_535
SALT_BYTES = 32
COMMITMENT_LABEL = "referral-hub/commitment/v1"
COMMITMENT_FIELDS = ("actor", "subject", "record", "facts", "inputs")
COMMITTED = frozenset(COMMITMENT_FIELDS)

Detail = str | int | Sequence[str]

_CODE_LINE = r"(?!\d{10}\n)[A-Za-z0-9][A-Za-z0-9._:+/=-]{0,255}"
_CODE, _KEY, _UUID, _HASH, _TIME = (
    re.compile(rf"(?:{line}\n)*", re.ASCII)
    for line in (
        _CODE_LINE,
        r"[a-z][a-z0-9_]{0,63}",
        r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        r"[0-9a-f]{64}",
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
    )
)
_ZERO = timedelta(0)


class EntryError(EvidenceError):
    """An entry holds what an entry may not hold, or bytes are not the encoding of one."""


class EntryType(StrEnum):
    """What happened. `task` is a life-cycle transition of a referral's task."""

    DECISION = "decision"
    RELEASE = "release"
    VIEW = "view"
    OVERRIDE = "override"
    CONSENT = "consent"
    WITHDRAWAL = "withdrawal"
    ERASURE = "erasure"
    ACCESS = "access"
    KEY = "key"
    POLICY = "policy"
    ADMIN = "admin"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class Agencies:
    """Agency ids: who sent or did it, to whom, and the acting person's agency where another."""

    sender: str
    recipient: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class LawfulBasis:
    """Codes of UK GDPR Article 6 and 9, and of the basis under the duty of confidentiality."""

    article6: str | None = None
    article9: str | None = None
    confidentiality: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A log entry; EntryError names the first field that holds what may not be logged.

    `id` is a lower-case UUID. `at` is aware and in UTC; microseconds are kept. Hashes and
    commitments are 64 lower-case hex digits; commitments are keyed by COMMITMENT_FIELDS. `details`
    maps lower-case codes to a code, an integer within 2^53 or several codes (kept as a tuple).
    """

    id: str
    type: EntryType
    at: datetime
    agencies: Agencies
    purpose: str | None = None
    classes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    basis: LawfulBasis | None = None
    outcome: str | None = None
    rules: tuple[str, ...] = ()
    policy_hash: str | None = None
    commitments: Mapping[str, str] = field(default_factory=dict)
    ciphertext_hash: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)
    version: int = VERSION

    def __post_init__(self) -> None:
        if type(self.version) is not int or self.version != VERSION:
            raise EntryError(f"version: this code writes and reads version {VERSION} only")
        if type(self.type) is not EntryType:
            raise EntryError("type: must be an EntryType")
        if self.at.utcoffset() != _ZERO:
            raise EntryError("at: must be an aware time in UTC")
        commitments, details = dict(self.commitments), dict(self.details)
        if not commitments.keys() <= COMMITTED:
            raise EntryError("commitments: only of " + " ".join(COMMITMENT_FIELDS))
        for name in ("classes", "fields", "rules"):
            object.__setattr__(self, name, _sequence(name, getattr(self, name)))
        other = (self.policy_hash, self.ciphertext_hash)
        hashes = (*commitments.values(), *[found for found in other if found is not None])
        _require("id", _UUID, (self.id,))
        _require("commitments, policy_hash, ciphertext_hash", _HASH, hashes)
        _require_codes(self, _flatten(details))
        object.__setattr__(self, "commitments", MappingProxyType(commitments))
        object.__setattr__(self, "details", MappingProxyType(details))


def encode(entry: Entry) -> bytes:
    """Return the entry's canonical bytes, the ones that are hashed; EntryError when too long.

    Written key by key in sorted order, several times faster than a general encoder. It may be: no
    text that an `Entry` accepts holds a character that JSON escapes.
    """
    agencies, basis = entry.agencies, entry.basis
    text = "".join(
        (
            '{"agencies":{"actor":',
            _text(agencies.actor),
            ',"recipient":',
            _text(agencies.recipient),
            ',"sender":',
            _text(agencies.sender),
            '},"at":"',
            entry.at.isoformat(timespec="microseconds")[:26],
            'Z","basis":',
            "null" if basis is None else _basis(basis),
            ',"ciphertext_hash":',
            _text(entry.ciphertext_hash),
            ',"classes":',
            _array(entry.classes),
            ',"commitments":',
            _object(entry.commitments),
            ',"details":',
            _object(entry.details),
            ',"fields":',
            _array(entry.fields),
            ',"id":',
            _text(entry.id),
            ',"outcome":',
            _text(entry.outcome),
            ',"policy_hash":',
            _text(entry.policy_hash),
            ',"purpose":',
            _text(entry.purpose),
            ',"rules":',
            _array(entry.rules),
            ',"type":',
            _text(entry.type),
            f',"version":{entry.version}}}',
        )
    )
    if len(text) > MAX_ENTRY_BYTES:
        raise EntryError(f"entry: {len(text)} bytes; the format holds {MAX_ENTRY_BYTES}")
    return text.encode("ascii")


def decode(data: bytes) -> Entry:
    """Return the entry whose encoding is exactly `data`; EntryError for any other bytes.

    Unknown, missing or repeated keys, another order, white space, numbers that are not integers:
    all are refused, so that decode and encode are inverse and one entry has one leaf hash.
    """
    if len(data) > MAX_ENTRY_BYTES:
        raise EntryError(f"entry: longer than {MAX_ENTRY_BYTES} bytes")
    try:
        found = _parsed("entry", parse_canonical(data), Entry)
        return Entry(
            **{
                **found,
                "type": EntryType(found["type"]),
                "at": _parsed_time(found["at"]),
                "agencies": Agencies(**_parsed("agencies", found["agencies"], Agencies)),
                "basis": None
                if found["basis"] is None
                else LawfulBasis(**_parsed("basis", found["basis"], LawfulBasis)),
                "commitments": _parsed("commitments", found["commitments"], None),
                "details": _parsed("details", found["details"], None),
            }
        )
    except CanonicalError as error:
        raise EntryError(f"entry: {error}") from None
    except EntryError:
        raise
    except ValueError:
        raise EntryError("type or at: no such type, or no such time") from None


def commit(label: str, field: str, *, salt: bytes, value: bytes) -> str:
    """Return the commitment to `value`, 64 hex digits.

    SHA-256( len(label) || label || len(field) || field || salt || value ), where a length is two
    bytes big-endian and `salt` is 32 random bytes, fresh for each entry and field. The lengths
    leave one way to read the input, so no (label, field, value) can be passed off as another.
    """
    if len(salt) != SALT_BYTES:
        raise EntryError(f"salt: must be {SALT_BYTES} bytes")
    return sha256(_framed(label, field) + salt + value).hexdigest()


def opens(commitment: str, label: str, *, field: str, salt: bytes, value: bytes) -> bool:
    """Say whether `salt` and `value` are what `commitment` was made from, in constant time."""
    return hmac.compare_digest(commitment, commit(label, field, salt=salt, value=value))


@lru_cache(maxsize=64)
def _framed(label: str, field: str) -> bytes:
    parts = label.encode("utf-8"), field.encode("utf-8")
    return b"".join([len(part).to_bytes(2, "big") + part for part in parts])


def _text(value: str | None) -> str:
    return "null" if value is None else '"' + value + '"'


def _array(values: Iterable[str]) -> str:
    return '["' + '","'.join(values) + '"]' if values else "[]"


def _object(values: Mapping[str, Detail]) -> str:
    return "{" + ",".join([f'"{name}":{_value(values[name])}' for name in sorted(values)]) + "}"


def _value(value: Detail) -> str:
    if isinstance(value, str):
        return '"' + value + '"'
    return str(value) if isinstance(value, int) else _array(value)


def _basis(basis: LawfulBasis) -> str:
    return (
        f'{{"article6":{_text(basis.article6)},"article9":{_text(basis.article9)},'
        f'"confidentiality":{_text(basis.confidentiality)}}}'
    )


def _sequence(name: str, values: object) -> tuple[Any, ...]:
    if not isinstance(values, tuple | list):
        raise EntryError(f"{name}: must be a tuple of codes")
    return tuple(values)


def _flatten(details: dict[str, Detail]) -> list[object]:
    """Return every code in `details`, whose sequences become tuples; refuse other kinds."""
    _require("details", _KEY, tuple(details))
    codes: list[object] = []
    for name, value in details.items():
        if type(value) is int:
            if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
                raise EntryError(f"details.{name}: beyond 2^53 - 1")
        elif isinstance(value, str):
            codes.append(value)
        else:
            details[name] = several = _sequence(f"details.{name}", value)
            codes += several
    return codes


def _require_codes(entry: Entry, details: Sequence[object]) -> None:
    """Refuse a text that is no code; one match over all of them, and by name only on failure."""
    agencies, basis = entry.agencies, entry.basis or LawfulBasis()
    among = (agencies.recipient, agencies.actor)
    law = (basis.article6, basis.article9, basis.confidentiality)
    what = (entry.purpose, entry.outcome)
    given = [code for code in (*among, *law, *what) if code is not None]
    codes = (agencies.sender, *given, *entry.classes, *entry.fields, *entry.rules, *details)
    if _all_match(_CODE, codes):
        return
    for name in ("classes", "fields", "rules"):
        _require(name, _CODE, getattr(entry, name))
    _require("agencies", _CODE, (agencies.sender, *[code for code in among if code is not None]))
    _require("basis", _CODE, [code for code in law if code is not None])
    _require("purpose or outcome", _CODE, [code for code in what if code is not None])
    raise EntryError("details: a value must be a code, an integer or several codes")


def _require(name: str, pattern: re.Pattern[str], values: Sequence[Any]) -> None:
    if not _all_match(pattern, values):
        raise EntryError(f"{name}: not in the form that the log allows there")


def _all_match(pattern: re.Pattern[str], values: Sequence[Any]) -> bool:
    try:
        lines = "\n".join((*values, ""))
    except TypeError:
        return False
    return pattern.fullmatch(lines) is not None and lines.count("\n") == len(values)


def _parsed(name: str, value: object, shape: type | None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EntryError(f"{name}: must be an object")
    keys = value.keys() if shape is None else shape.__dataclass_fields__.keys()  # type: ignore[attr-defined]  # dataclass
    if value.keys() != keys:
        raise EntryError(f"{name}: must have exactly the keys " + " ".join(sorted(keys)))
    return value


def _parsed_time(text: object) -> datetime:
    _require("at", _TIME, (text,))
    return datetime.fromisoformat(str(text))
