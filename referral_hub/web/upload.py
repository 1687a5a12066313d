"""A file that is sent by a form, read from the connection piece by piece.

Flask's own form parsing puts a file that does not fit into memory on the disk, in clear. Here the
body is parsed while it arrives and each piece goes straight to whoever seals it. The form token
comes before the file in the page, so it is checked before a byte of the file is looked at, and
after the guard has admitted the sender.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import request
from flask_wtf.csrf import CSRFError, validate_csrf
from werkzeug.exceptions import BadRequest
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData
from wtforms.validators import ValidationError

from referral_hub.services.receive_file import LARGEST_FILE

TOKEN = "csrf_token"  # noqa: S105 - the name of a field
FILE = "file"
_ROOM = 64 * 1024
_PIECE = 64 * 1024
_BUFFER = 4 * _PIECE  # what the parser holds back for a moment, never a whole file
_LONGEST_TOKEN = 1024


def uploaded() -> Iterator[bytes]:
    """Return the pieces of the file in the current request's form.

    Raises BadRequest for anything but a form with its token and then one file, CSRFError for a
    token that is not this session's, RequestEntityTooLarge.
    """
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data" or not boundary.isascii() or not boundary:
        raise BadRequest("Send a file with the form on the page.")
    request.max_content_length = LARGEST_FILE + _ROOM
    events = _events(boundary.encode())
    _check_token(events)
    return _pieces(events)


_Event = Data | Epilogue | Field | File


def _events(boundary: bytes) -> Iterator[_Event]:
    decoder = MultipartDecoder(boundary, max_form_memory_size=_BUFFER, max_parts=8)
    try:
        while True:
            event = decoder.next_event()
            while not isinstance(event, NeedData):
                if isinstance(event, Data | Epilogue | Field | File):
                    yield event
                if isinstance(event, Epilogue):
                    return
                event = decoder.next_event()
            decoder.receive_data(request.stream.read(_PIECE) or None)
    except ValueError:
        raise BadRequest("The file did not arrive whole. Send it again.") from None


def _check_token(events: Iterator[_Event]) -> None:
    """Read the fields before the file; leaves `events` at the file's content."""
    token, name = bytearray(), None
    for event in events:
        match event:
            case File(name=one):
                if one != FILE:
                    raise BadRequest("The form has a file that this page does not have.")
                _validate(bytes(token))
                return
            case Field(name=one):
                if one != TOKEN:
                    raise BadRequest("The form has a field that this page does not have.")
                name = one
            case Data(data=data) if name == TOKEN:
                token += data
                if len(token) > _LONGEST_TOKEN:
                    raise BadRequest("The form token is not one of ours.")
            case _:
                break
    raise BadRequest("Choose the file that you exported.")


def _validate(token: bytes) -> None:
    try:
        validate_csrf(token.decode("ascii", "replace"))
    except ValidationError as problem:
        raise CSRFError(str(problem)) from None


def _pieces(events: Iterator[_Event]) -> Iterator[bytes]:
    for event in events:
        match event:
            case Data(data=data, more_data=more):
                if data:
                    yield data
                if not more:
                    return
            case _:
                raise BadRequest("Send one file at a time.")
    raise BadRequest("The file did not arrive whole. Send it again.")
