"""The message back as FHIR: a response message about the task that moved, the letter as a note.

The task's status is for programs, the note is the text under the standard's headings, which a
practice files as it is. Nobody is named: the reader finds the person by the reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from adapters.formats.fhir import codes
from adapters.formats.fhir.writing import (
    Envelope,
    Party,
    TaskView,
    response_message,
    service_request,
    task,
)
from adapters.formats.message_back import MessageBack, as_text

CONTENT_TYPE = codes.CONTENT_TYPE


def as_fhir(
    message: MessageBack,
    *,
    moved: TaskView,
    request: TaskView,
    envelope: Envelope,
    kept: Mapping[str, Any] | None = None,
) -> bytes:
    """The bundle as UTF-8 JSON."""
    focus = task(moved) | {"note": [{"text": as_text(message)}]}
    bundle = response_message(
        envelope,
        reason=codes.UPDATE,
        focus=focus,
        others=[service_request(request, kept=kept)],
    )
    return json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode()


def envelope_of(effect_id: str, at: datetime, *, hub: Party, endpoint: str, to: Party) -> Envelope:
    """The envelope of a message; its ids come from the effect id, so a repetition is the same."""
    return Envelope(
        bundle_id=str(uuid5(NAMESPACE_URL, f"{effect_id}/bundle")),
        header_id=str(uuid5(NAMESPACE_URL, f"{effect_id}/header")),
        at=at,
        endpoint=endpoint,
        sender=hub,
        receiver=to,
    )
