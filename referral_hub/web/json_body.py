"""A JSON body becomes typed values, or a message with a JSON pointer for each field.

Readers of JSON disagree about duplicate names, `NaN`, numbers beyond range and other encodings
than UTF-8 (RFC 8259 section 8.1), and disagreement is how one body means two things; all of
these are refused. Depth needs no limit of its own: schemas nest three deep, the body is small,
and the parser's own limit ends a bomb. Messages repeat no value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from itertools import islice
from typing import Any
from urllib.parse import quote

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from referral_hub.errors import InvalidInput

LARGEST_BODY = 16 * 1024
WHOLE = ""
_LONGEST_NAME = 64
_MOST_TOLD = 50


class InvalidDocument(InvalidInput):
    """Members that cannot be accepted; `fields` maps JSON pointers (RFC 6901) to messages."""


def read_document(schema: Schema, body: bytes) -> Any:
    """Check a whole document with parts against `schema`. Raises InvalidDocument."""
    try:
        return schema.load(_object(body))
    except ValidationError as problem:
        raise InvalidDocument(dict(islice(_pointed(problem.messages, ""), _MOST_TOLD))) from None


def require_json() -> None:
    """Refuse a body that does not say that it is JSON. Raises UnsupportedMediaType."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType


def read_json(schema: Schema) -> dict[str, Any]:
    """Check the current request's body against `schema`.

    Raises UnsupportedMediaType, RequestEntityTooLarge, and InvalidInput with field names.
    """
    require_json()
    document = _object(read_body())
    try:
        values: dict[str, Any] = schema.load(document)
    except ValidationError as problem:
        raise InvalidInput(
            {name: tuple(_texts(found)) for name, found in problem.messages_dict.items()}
        ) from None
    return values


def read_body(largest: int = LARGEST_BODY) -> bytes:
    """Return the request's bytes. Raises RequestEntityTooLarge over `largest`, 16 KiB."""
    request.max_content_length = largest
    return request.get_data(cache=True)


def parse(body: bytes) -> object:
    """Return what strict JSON in UTF-8 says. Raises InvalidInput for anything else."""
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_constant,
            parse_float=_in_range,
        )
    except (ValueError, RecursionError):
        raise InvalidInput(
            {WHOLE: ("Send JSON in UTF-8, with no name twice and no NaN or Infinity.",)}
        ) from None


def pointer(name: str) -> str:
    """Return the JSON pointer of a member, as a URI fragment; `WHOLE` is the document."""
    if name == WHOLE:
        return "#"
    return fragment(escaped(name))


def fragment(at: str) -> str:
    """Return a JSON pointer as a URI fragment."""
    return "#" + quote(at, safe="/~", errors="replace")


def _object(body: bytes) -> dict[str, Any]:
    document = parse(body)
    if not isinstance(document, dict):
        raise InvalidInput({WHOLE: ("Send one JSON object.",)})
    return document


def _pointed(found: object, at: str) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Messages of nested members, each under its pointer; `_schema` is the object itself."""
    if not isinstance(found, dict):
        yield at, tuple(_texts(found))
        return
    for name, inner in found.items():
        yield from _pointed(inner, at if name == "_schema" else at + escaped(str(name)))


def escaped(name: str) -> str:
    """Return one step of a JSON pointer (RFC 6901); an over-long name is cut."""
    return "/" + name[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1")


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate name")
    return found


def _no_constant(_text: str) -> object:
    raise ValueError("not JSON")


def _in_range(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("number out of range")
    return number


def _texts(found: object) -> Iterable[str]:
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list):
        return [text for one in found for text in _texts(one)]
    return [str(found)]
