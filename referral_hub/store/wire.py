"""Values as PostgreSQL's binary format, chosen by the type of the column that they go into.

A value in text, or in a JSON row, is written here and parsed there; of what accepting a referral
costs the database, parsing was a quarter. The formats are those of PostgreSQL's `*recv` functions,
big-endian; instants and days count from the year 2000.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import types
from sqlalchemy.dialects.postgresql import JSONB

from referral_hub.store.tables import metadata

Encode = Callable[[Any], bytes]
TRUE, FALSE = b"\x01", b"\x00"

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST_DAY = _EPOCH.date().toordinal()
_MICROSECOND = timedelta(microseconds=1)
_INTERVAL = struct.Struct(">qii")
_SIZES: Mapping[type, int] = {types.SmallInteger: 2, types.Integer: 4, types.BigInteger: 8}
_ELEMENTS = {types.Uuid: ("uuid", 2950), types.Text: ("text", 25), types.LargeBinary: ("bytea", 17)}
_SCALARS = {
    types.Uuid: "uuid",
    types.Text: "text",
    types.LargeBinary: "bytea",
    types.SmallInteger: "smallint",
    types.Integer: "integer",
    types.BigInteger: "bigint",
    types.Boolean: "boolean",
    types.Date: "date",
    types.DateTime: "timestamptz",
    JSONB: "jsonb",
}


def identifier(value: UUID | str) -> bytes:
    """Return a UUID as 16 bytes."""
    return value.bytes if type(value) is UUID else UUID(str(value)).bytes


@lru_cache(maxsize=1024)
def instant(value: datetime) -> bytes:
    """Return an aware instant as microseconds since 2000."""
    return ((value - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True)


def interval(value: timedelta) -> bytes:
    """Return a length of time, all of it as microseconds."""
    return _INTERVAL.pack(value // _MICROSECOND, 0, 0)


def texts(values: Iterable[str]) -> bytes:
    """Return a `text[]`."""
    return _array(str.encode, 25, values)


def identifiers(values: Iterable[UUID]) -> bytes:
    """Return a `uuid[]`."""
    return _array(identifier, 2950, values)


def read_id(value: bytes | None) -> UUID:
    """Return a UUID column that is never null."""
    return UUID(bytes=value)


def read_text(value: bytes | None) -> str:
    """Return a text column that is never null. Raises ValueError."""
    if value is None:
        raise ValueError("a text is missing")
    return value.decode()


def plain(value: object) -> Any:
    """Return what JSON can hold for bytes and sets. Raises TypeError for anything else."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"cannot store a {type(value).__name__}")


@cache
def column(table: str, name: str) -> tuple[str, Encode]:
    """Return a column's SQL type and what encodes its values. Raises KeyError, ValueError."""
    found = metadata.tables[table].c[name].type
    if isinstance(found, types.ARRAY):
        inner, oid = _ELEMENTS[_kind(found.item_type)]
        encode = _ENCODERS[_kind(found.item_type)]
        return f"{inner}[]", lambda values: _array(encode, oid, values)
    kind = _kind(found)
    return _SCALARS[kind], _ENCODERS[kind]


def _kind(found: types.TypeEngine[Any]) -> type:
    for kind in type(found).__mro__:
        if kind in _SCALARS:
            return kind
    raise ValueError(f"no binary format for {found!r}")


def _array(encode: Encode, oid: int, values: Iterable[Any]) -> bytes:
    parts = [encode(value) for value in values]
    if not parts:
        return struct.pack(">iiI", 0, 0, oid)
    head = struct.pack(">iiIii", 1, 0, oid, len(parts), 1)
    return head + b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def _whole(size: int) -> Encode:
    return lambda value: value.to_bytes(size, "big", signed=True)


def _day(value: date) -> bytes:
    return (value.toordinal() - _FIRST_DAY).to_bytes(4, "big", signed=True)


_ENCODERS: Mapping[type, Encode] = {
    types.Uuid: identifier,
    types.Text: str.encode,
    types.LargeBinary: bytes,
    types.Boolean: lambda value: TRUE if value else FALSE,
    types.Date: _day,
    types.DateTime: instant,
    JSONB: lambda value: b"\x01" + orjson.dumps(value, plain, orjson.OPT_NON_STR_KEYS),
    **{kind: _whole(size) for kind, size in _SIZES.items()},
}
