"""Hub JSON, the hub's own format: one object, every member always present, its schema named.

    {
      "schema": "referral-hub/referral/1",
      "kind": "offer",
      "task": "0190…",
      "reference": "RH-4KT2",
      "sender": {"id": "0190…", "name": "High Street Surgery"},
      "recipient": "0190…",
      "issued_at": "2026-03-01T09:30:00.000000Z",
      "respond_by": "2026-03-15T09:30:00.000000Z",
      "priority": "routine",
      "purpose": "support",
      "obligations": ["…"],
      "log_entry": "0190…",
      "fields": {"identity.first_name": "Ann", "need.needs": ["lifts"]}
    }

`kind` is offer or acceptance, or one of the kinds of `DocumentKind` that tell what became of them
and have no fields; `task` is what to answer about and `reference` what people say on the telephone;
`respond_by` may be null; `log_entry` is the disclosure's entry in the log.

Reading is strict: UTF-8, no duplicate or unknown members, no NaN, at most 64 KiB. A new member
means a new schema number; a reader refuses a number that it does not know instead of guessing.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from adapters.contract import DocumentKind, FormatAbout, FormatError, ReferralDocument, Sender

SCHEMA = "referral-hub/referral/1"
LARGEST = 65_536
_MEMBERS = {
    "schema",
    "kind",
    "task",
    "reference",
    "sender",
    "recipient",
    "issued_at",
    "respond_by",
    "priority",
    "purpose",
    "obligations",
    "log_entry",
    "fields",
}


class HubJson:
    """Writes and reads documents as Hub JSON."""

    content_type = "application/vnd.referral-hub.referral+json"
    about = FormatAbout("Hub JSON")

    def write(self, document: ReferralDocument) -> bytes:
        """The document as UTF-8 JSON. Raises FormatError when it is too large or not JSON."""
        members = {
            "schema": SCHEMA,
            "kind": document.kind.value,
            "task": document.task_id,
            "reference": document.reference,
            "sender": {"id": document.sender.id, "name": document.sender.name},
            "recipient": document.recipient_id,
            "issued_at": _written_time(document.issued_at),
            "respond_by": _written_time(document.respond_by) if document.respond_by else None,
            "priority": document.priority,
            "purpose": document.purpose,
            "obligations": list(document.obligations),
            "log_entry": document.log_entry,
            "fields": dict(document.fields),
        }
        try:
            data = json.dumps(
                members, ensure_ascii=False, allow_nan=False, separators=(",", ":")
            ).encode()
        except (TypeError, ValueError, RecursionError):
            raise FormatError("fields: only JSON values can be written") from None
        if len(data) > LARGEST:
            raise FormatError(f"document: larger than {LARGEST} bytes")
        return data

    def read(self, data: bytes) -> ReferralDocument:
        """The document in untrusted bytes. Raises FormatError, naming the member."""
        members = _object(data)
        if members.get("schema") != SCHEMA:
            raise FormatError(f"schema: only {SCHEMA} is read here")
        if set(members) != _MEMBERS:
            odd = sorted(_MEMBERS.symmetric_difference(members) & _MEMBERS) or ["unknown member"]
            raise FormatError(f"{odd[0]}: members must be exactly those of {SCHEMA}")
        sender, fields = members["sender"], members["fields"]
        if not isinstance(sender, dict) or set(sender) != {"id", "name"}:
            raise FormatError("sender: must be an object of id and name")
        if not isinstance(fields, dict):
            raise FormatError("fields: must be an object")
        respond_by = members["respond_by"]
        return ReferralDocument(
            kind=_kind(members["kind"]),
            task_id=_text("task", members["task"]),
            reference=_text("reference", members["reference"]),
            sender=Sender(_text("sender", sender["id"]), _text("sender", sender["name"])),
            recipient_id=_text("recipient", members["recipient"]),
            issued_at=_read_time("issued_at", members["issued_at"]),
            respond_by=None if respond_by is None else _read_time("respond_by", respond_by),
            priority=_text("priority", members["priority"]),
            purpose=_text("purpose", members["purpose"]),
            obligations=_texts("obligations", members["obligations"]),
            log_entry=_text("log_entry", members["log_entry"]),
            fields=fields,
        )


def _object(data: bytes) -> dict[str, object]:
    if len(data) > LARGEST:
        raise FormatError(f"document: larger than {LARGEST} bytes")
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refused_constant
        )
    except (ValueError, RecursionError):
        raise FormatError("document: not JSON with unique members") from None
    if not isinstance(value, dict):
        raise FormatError("document: must be a JSON object")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate member")
    return found


def _refused_constant(_: str) -> object:
    raise ValueError("NaN and infinities are not JSON")


def _text(member: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise FormatError(f"{member}: must be text")
    return value


def _texts(member: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise FormatError(f"{member}: must be a list of texts")
    return tuple(_text(member, item) for item in value)


def _kind(value: object) -> DocumentKind:
    try:
        return DocumentKind(_text("kind", value))
    except ValueError:
        raise FormatError(f"kind: must be one of {', '.join(DocumentKind)}") from None


def _written_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _read_time(member: str, value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(member, value))
    except ValueError:
        raise FormatError(f"{member}: must be an RFC 3339 time") from None
    if moment.utcoffset() is None:
        raise FormatError(f"{member}: must have a time zone")
    return moment
