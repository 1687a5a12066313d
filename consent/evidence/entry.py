"""One entry of the log: what was decided or done, in codes, and never about whom in clear.

An entry is read by officers of several agencies and can never be taken back, so it may hold no
personal data. Who and what are meant is carried by commitments: salted hashes that only the holder
of the salt can open, and that nobody can open once the salt is deleted (an NHS number has 10^9
values, so a hash without a salt is no protection). Every text is a *code*: ASCII, without spaces,
`@` or a bare ten-digit number, so that a name, an address or an NHS number fails here instead of
being logged for ever. The limit: a code chosen badly by the hub ("MaryJones") still passes.

The encoding is RFC 8785 canonical JSON with every key present, at most 65,535 bytes (the length
prefix of C2SP tlog-tiles entry bundles). The leaf of the tree is SHA-256(0x00 || encoding).
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from consent.evidence.canonical import CanonicalError, canonical, parse_canonical
from consent.evidence.errors import EvidenceError

VERSION = 1
MAX_ENTRY_BYTES = 65_535
SALT_BYTES = 32
COMMITMENT_LABEL = "referral-hub/commitment/v1"
COMMITMENT_FIELDS = ("actor", "subject", "record", "facts")

Detail = str | int | tuple[str, ...] | list[str]

_CODE = re.compile(r"(?!\d{10}\Z)[A-Za-z0-9][A-Za-z0-9._:+/=-]{0,255}", re.ASCII)
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
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

    def __post_init__(self) -> None:
        _code("agencies.sender", self.sender)
        _optional("agencies.recipient", self.recipient)
        _optional("agencies.actor", self.actor)


@dataclass(frozen=True, slots=True)
class LawfulBasis:
    """Codes of UK GDPR Article 6 and 9, and of the basis under the duty of confidentiality."""

    article6: str | None = None
    article9: str | None = None
    confidentiality: str | None = None

    def __post_init__(self) -> None:
        _optional("basis.article6", self.article6)
        _optional("basis.article9", self.article9)
        _optional("basis.confidentiality", self.confidentiality)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A log entry; EntryError names the first field that may not be logged.

    `id` is a lower-case UUID. `at` is aware and in UTC; microseconds are kept. Hashes and
    commitments are 64 lower-case hex digits; commitments are keyed by COMMITMENT_FIELDS. `details`
    maps codes to a code, an integer within 2^53 or several codes (kept as a tuple).
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
        if self.version != VERSION or type(self.version) is not int:
            raise EntryError(f"version: this code writes and reads version {VERSION} only")
        _matches("id", _UUID, self.id)
        if type(self.type) is not EntryType:
            raise EntryError("type: must be an EntryType")
        if self.at.utcoffset() != _ZERO:
            raise EntryError("at: must be an aware time in UTC")
        _optional("purpose", self.purpose)
        _optional("outcome", self.outcome)
        for name in ("classes", "fields", "rules"):
            object.__setattr__(self, name, _codes(name, getattr(self, name)))
        for name in ("policy_hash", "ciphertext_hash"):
            if getattr(self, name) is not None:
                _matches(name, _HASH, getattr(self, name))
        for name, value in self.commitments.items():
            if name not in COMMITMENT_FIELDS:
                raise EntryError("commitments: a field is none of " + " ".join(COMMITMENT_FIELDS))
            _matches(f"commitments.{name}", _HASH, value)
        object.__setattr__(self, "commitments", MappingProxyType(dict(self.commitments)))
        details = {_key(name): _detail(name, value) for name, value in self.details.items()}
        object.__setattr__(self, "details", MappingProxyType(details))


def encode(entry: Entry) -> bytes:
    """Return the entry's canonical bytes, the ones that are hashed; EntryError when too long."""
    basis, agencies = entry.basis, entry.agencies
    data = canonical(
        {
            "agencies": {
                "actor": agencies.actor,
                "recipient": agencies.recipient,
                "sender": agencies.sender,
            },
            "at": _rfc3339(entry.at),
            "basis": None
            if basis is None
            else {
                "article6": basis.article6,
                "article9": basis.article9,
                "confidentiality": basis.confidentiality,
            },
            "ciphertext_hash": entry.ciphertext_hash,
            "classes": list(entry.classes),
            "commitments": dict(entry.commitments),
            "details": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in entry.details.items()
            },
            "fields": list(entry.fields),
            "id": entry.id,
            "outcome": entry.outcome,
            "policy_hash": entry.policy_hash,
            "purpose": entry.purpose,
            "rules": list(entry.rules),
            "type": entry.type.value,
            "version": entry.version,
        }
    )
    if len(data) > MAX_ENTRY_BYTES:
        raise EntryError(f"entry: {len(data)} bytes; the format holds {MAX_ENTRY_BYTES}")
    return data


_KEYS = frozenset(Entry.__dataclass_fields__)
_AGENCY_KEYS = frozenset(("actor", "recipient", "sender"))
_BASIS_KEYS = frozenset(("article6", "article9", "confidentiality"))


def decode(data: bytes) -> Entry:
    """Return the entry whose encoding is exactly `data`; EntryError for any other bytes.

    Unknown, missing or repeated keys, another order, white space, numbers that are not integers:
    all are refused, so that decode and encode are inverse and one entry has one leaf hash.
    """
    if len(data) > MAX_ENTRY_BYTES:
        raise EntryError(f"entry: longer than {MAX_ENTRY_BYTES} bytes")
    try:
        found = _object("entry", parse_canonical(data), _KEYS)
    except CanonicalError as error:
        raise EntryError(f"entry: {error}") from None
    agencies = _object("agencies", found["agencies"], _AGENCY_KEYS)
    basis = found["basis"]
    try:
        kind = EntryType(found["type"])
    except ValueError:
        raise EntryError("type: unknown") from None
    return Entry(
        **{
            **found,
            "type": kind,
            "at": _parse_time(found["at"]),
            "agencies": Agencies(**agencies),
            "basis": None if basis is None else LawfulBasis(**_object("basis", basis, _BASIS_KEYS)),
            "commitments": _object("commitments", found["commitments"], None),
            "details": _object("details", found["details"], None),
        }
    )


def commit(label: str, field: str, *, salt: bytes, value: bytes) -> str:
    """Return the commitment to `value`, 64 hex digits.

    SHA-256( len(label) || label || len(field) || field || salt || value ), where a length is two
    bytes big-endian and `salt` is 32 random bytes, fresh for each entry and field. The lengths
    leave one way to read the input, so no (label, field, value) can be passed off as another.
    """
    if len(salt) != SALT_BYTES:
        raise EntryError(f"salt: must be {SALT_BYTES} bytes")
    labelled, named = label.encode("utf-8"), field.encode("utf-8")
    framed = b"%b%b%b%b%b%b" % (
        len(labelled).to_bytes(2, "big"),
        labelled,
        len(named).to_bytes(2, "big"),
        named,
        salt,
        value,
    )
    return sha256(framed).hexdigest()


def opens(commitment: str, label: str, *, field: str, salt: bytes, value: bytes) -> bool:
    """Say whether `salt` and `value` are what `commitment` was made from, in constant time."""
    return hmac.compare_digest(commitment, commit(label, field, salt=salt, value=value))


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")[:26] + "Z"


def _parse_time(text: object) -> datetime:
    if not isinstance(text, str) or _TIME.fullmatch(text) is None:
        raise EntryError("at: must be RFC 3339 in UTC with microseconds and a Z")
    try:
        return datetime.fromisoformat(text[:26]).replace(tzinfo=UTC)
    except ValueError:
        raise EntryError("at: no such time") from None


def _object(name: str, value: object, keys: frozenset[str] | None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EntryError(f"{name}: must be an object")
    if keys is not None and value.keys() != keys:
        raise EntryError(f"{name}: must have exactly the keys " + " ".join(sorted(keys)))
    return value


def _matches(name: str, pattern: re.Pattern[str], value: object) -> None:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise EntryError(f"{name}: not in the form that the log allows there")


def _code(name: str, value: object) -> None:
    if type(value) is not str or _CODE.fullmatch(value) is None:
        raise EntryError(f"{name}: must be a code, without spaces or personal data")


def _optional(name: str, value: object) -> None:
    if value is not None:
        _code(name, value)


def _codes(name: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, tuple | list):
        raise EntryError(f"{name}: must be a sequence of codes")
    for value in values:
        _code(name, value)
    return tuple(values)


def _key(name: object) -> str:
    if not isinstance(name, str) or _KEY.fullmatch(name) is None:
        raise EntryError("details: a key must be a lower-case code")
    return name


def _detail(name: str, value: Detail) -> str | int | tuple[str, ...]:
    if type(value) is int:
        return value
    if isinstance(value, tuple | list):
        return _codes(f"details.{name}", value)
    _code(f"details.{name}", value)
    return str(value)
