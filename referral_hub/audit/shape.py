"""Whether an entry's bytes are an entry, and say what its index columns say.

Both questions are asked of every entry of the log, and decoding with `consent.evidence.entry` takes
twenty times as long as hashing. So the exact form that `encode` writes stands here once more as one
regular expression, which also yields the values to compare. It decides nothing alone: whatever it
does not match is decoded in full, and only that refuses. A property test holds it to what `decode`
accepts. No possessive quantifier stands in it: Python 3.11.2, which Debian 12 has, matches some of
them wrongly.

The limit: `actor_user_id`, `subject_id` and `referral_id` are not in the entry but committed to, so
only their presence is compared here; `audit.commitments` compares the values, with the keys.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from consent.evidence.entry import (
    COMMITMENT_FIELDS,
    MAX_ENTRY_BYTES,
    Entry,
    EntryError,
    EntryType,
    decode,
)

_CODE = r'"(?!\d{10}")[A-Za-z0-9][A-Za-z0-9._:+/=-]{0,255}"'
_KEY = r'"[a-z][a-z0-9_]{0,63}"'
_HASH = r'"[0-9a-f]{64}"'
_CODES = rf"\[(?:{_CODE}(?:,{_CODE})*)?\]"
_INTEGER = r"(?:0|-?[1-9][0-9]{0,14})"
_DETAIL = rf"{_KEY}:(?:{_CODE}|{_INTEGER}|{_CODES})"
_BASIS_NAMES = ("article6", "article9", "confidentiality")
_TYPES = frozenset(code.value for code in EntryType)
_DETAIL_NAME = re.compile(r'"([a-z][a-z0-9_]{0,63})":')


def _optional(pattern: str) -> str:
    return f"(?:null|{pattern})"


def _caught(pattern: str) -> str:
    """The pattern of a code or null, its text caught without the quotes."""
    return f'(?:null|"({pattern[1:-1]})")'


_BASIS = r"\{" + ",".join(f'"{name}":{_optional(_CODE)}' for name in _BASIS_NAMES) + r"\}"
_COMMITMENTS = "".join(
    rf'("{name}":{_HASH}(?:,(?=")|(?=\}})))?' for name in sorted(COMMITMENT_FIELDS)
)
_COMMITTED = re.compile(r'"commitments":\{([^}]*)\},"details":\{')
_COMMITMENT = re.compile(r'"([a-z]+)":"([0-9a-f]{64})"')
_ENTRY = re.compile(
    rf'\{{"agencies":\{{"actor":{_caught(_CODE)},"recipient":{_caught(_CODE)},'
    rf'"sender":{_caught(_CODE).removeprefix("(?:null|").removesuffix(")")}\}},'
    rf'"at":"([^"]{{27}})","basis":{_optional(_BASIS)},"ciphertext_hash":{_optional(_HASH)},'
    rf'"classes":{_CODES},"commitments":\{{{_COMMITMENTS}\}},'
    rf'"details":\{{((?:{_DETAIL}(?:,{_DETAIL})*)?)\}},"fields":{_CODES},"id":"([^"]{{36}})",'
    rf'"outcome":{_caught(_CODE)},"policy_hash":{_optional(_HASH)},"purpose":{_optional(_CODE)},'
    rf'"rules":{_CODES},"type":"([a-z]+)","version":1\}}',
    re.ASCII,
)


class Indexed(NamedTuple):
    """The index columns as text: ids lower-case, `at` as RFC 3339 with microseconds and Z.

    `user`, `subject` and `referral` say whether those columns are set.
    """

    actor: str | None
    recipient: str | None
    sender: str | None
    at: str
    id: str
    outcome: str | None
    type: str
    user: bool
    subject: bool
    referral: bool


def disagreement(entry: bytes, columns: Indexed) -> str | None:
    """Say in what `entry` is not the entry of these columns; None when it is.

    `EntryError` when it is no entry at all. Never repeats a value.
    """
    if _plainly_agrees(entry, columns):
        return None
    decoded = decode(entry)
    found = _columns_of(decoded)
    names = [name for name in Indexed._fields if getattr(found, name) != getattr(columns, name)]
    return ", ".join(names) or None


def commitments(entry: bytes) -> dict[str, str]:
    """Return an entry's commitments by field, without decoding the rest of it.

    For an entry that `disagreement` has found to be one: no code in it can hold a quotation mark,
    so nothing else in it can look like this. EntryError where there are none to be found.
    """
    found = _COMMITTED.search(entry.decode("ascii", "replace"))
    if found is None:
        raise EntryError("commitments: not found")
    return dict(_COMMITMENT.findall(found[1]))


def _plainly_agrees(entry: bytes, columns: Indexed) -> bool:
    """Whether the entry has the written form and the columns' values; False decides nothing."""
    try:
        found = _ENTRY.fullmatch(entry.decode("ascii"))
    except UnicodeDecodeError:
        return False
    if found is None or len(entry) > MAX_ENTRY_BYTES:
        return False
    actor, recipient, sender, at, user, *committed, details = found.groups()[:10]
    _facts, _inputs, referral, subject = committed
    rest = found.groups()[10:]
    return (
        (actor, recipient, sender, at, *rest) == columns[:7]
        and (user is not None, subject is not None, referral is not None) == columns[7:]
        and columns.type in _TYPES
        and _sorted_once(details)
    )


def _sorted_once(details: str) -> bool:
    names = _DETAIL_NAME.findall(details)
    return len(names) < 2 or names == sorted(set(names))


def _columns_of(entry: Entry) -> Indexed:
    return Indexed(
        actor=entry.agencies.actor,
        recipient=entry.agencies.recipient,
        sender=entry.agencies.sender,
        at=entry.at.isoformat(timespec="microseconds")[:26] + "Z",
        id=entry.id,
        outcome=entry.outcome,
        type=entry.type.value,
        user="actor" in entry.commitments,
        subject="subject" in entry.commitments,
        referral="record" in entry.commitments,
    )
