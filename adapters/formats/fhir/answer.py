"""What a recipient says about a Task, by JSON Patch (RFC 6902) or in a response message.

Only what a recipient can decide may change: the status, with its reason, a note, and the outcome
that ends the task. A patch of anything else is refused as a whole; a `test` of the status is
honoured, so that two systems that answer at once cannot both win.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.formats.fhir import codes
from adapters.formats.fhir.outcome import FhirProblem, Issue, bad, unsupported
from adapters.formats.fhir.reading import Element, extension_true
from adapters.formats.fhir.reading import codes as codes_of

_PATHS = frozenset(
    {
        "/status",
        "/statusReason",
        "/note",
        "/note/-",
        "/output",
        "/output/-",
        "/extension",
        "/extension/-",
    }
)
MOST_OPERATIONS = 20
_TO = {
    "accepted": "accept",
    "rejected": "decline",
    "in-progress": "contact",
    "on-hold": "ask",
    "completed": "close",
}


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """`verb` is accept, decline, contact, ask or close; `expected` the status it was made for."""

    verb: str
    expected: str | None = None
    reason: str | None = None
    note: str | None = None
    outcome: str | None = None
    person_told: bool = False

    def __repr__(self) -> str:
        return f"<Answer {self.verb}>"


def answer_of_patch(operations: object) -> Answer:
    """Read a JSON Patch of a Task. Raises FhirProblem."""
    if not isinstance(operations, list) or not 0 < len(operations) <= MOST_OPERATIONS:
        raise bad("Send a JSON Patch: a list of operations.", code="structure")
    changed: dict[str, Any] = {}
    expected = None
    for place, one in enumerate(operations):
        where = f"[{place}]"
        if not isinstance(one, dict) or not {"op", "path"} <= one.keys():
            raise bad("Each operation has op and path.", where, code="structure")
        op, path = one["op"], one["path"]
        if not isinstance(path, str) or not isinstance(op, str):
            raise bad("op and path are texts.", where, code="structure")
        if path not in _PATHS or op not in {"add", "replace", "test"}:
            raise unsupported(
                "Only status, statusReason, note, output and extension can be changed.", where
            )
        if "value" not in one:
            raise bad("Give the value.", where, code="required")
        if op == "test":
            if path != "/status":
                raise unsupported("Only the status can be tested.", where)
            expected = one["value"]
            continue
        _set(changed, path, one["value"])
    return _answer(changed, expected)


def answer_of_task(task: Element) -> Answer:
    """Read the Task of a response message."""
    return _answer(dict(task), None)


def _set(changed: dict[str, Any], path: str, value: Any) -> None:
    name = path.removeprefix("/").removesuffix("/-")
    if path.endswith("/-"):
        changed.setdefault(name, []).append(value)
    else:
        changed[name] = value


def _answer(changed: dict[str, Any], expected: object) -> Answer:
    verb = _TO.get(changed["status"]) if isinstance(changed.get("status"), str) else None
    if verb is None:
        raise bad(f"Set the status to one of {', '.join(_TO)}.", "Task.status", code="required")
    if expected is not None and not isinstance(expected, str):
        raise bad("The tested status is a code.", "Task.status")
    try:
        reason = changed.get("statusReason") or {}
        notes = [one["text"] for one in _objects(changed.get("note")) if one.get("text")]
        return Answer(
            verb=verb,
            expected=expected,
            reason=next(codes_of(reason, codes.HUB_DECLINE), None),
            note="\n".join(notes) or _text(reason),
            outcome=_outcome(_objects(changed.get("output"))),
            person_told=extension_true(
                {"extension": _objects(changed.get("extension"))}, codes.PERSON_TOLD
            ),
        )
    except (AttributeError, KeyError, TypeError):
        raise FhirProblem(
            400, (Issue("structure", "A value is not of its element's type in FHIR R4.", "Task"),)
        ) from None


def _objects(value: object) -> Sequence[Element]:
    found: list[object] = value if isinstance(value, list) else [value] if value is not None else []
    objects = [one for one in found if isinstance(one, dict)]
    if len(objects) != len(found):
        raise TypeError
    return objects


def _text(concept: Element) -> str | None:
    text = concept.get("text")
    return text if isinstance(text, str) and text else None


def _outcome(outputs: Sequence[Element]) -> str | None:
    for one in outputs:
        for code in codes_of(one.get("valueCodeableConcept"), codes.HUB_OUTCOME):
            return code
    return None
