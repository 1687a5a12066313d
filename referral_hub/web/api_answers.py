"""What the API answers, as marshmallow schemas: the same that OpenAPI shows.

Ids, codes, instants and the hub's own words; never anything that a referral says about a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields

from consent.model import DataClass
from referral_hub.domain.codes import NeedCode
from referral_hub.domain.transitions import TaskState
from referral_hub.services.submit_referral import SlotOutcome, Submitted

OUTCOMES = ("permit", "hold", "refuse")
HELD, PARTLY, ROUTED = "held", "partly_held", "routed"


def code(*codes: str, **options: Any) -> fields.String:
    """A member of a closed list."""
    return fields.String(metadata={"enum": list(codes)}, **options)


class DecisionAnswer(Schema):
    """What the consent gate said about one recipient; `fix` says how to put a refusal right."""

    recipient = fields.UUID(required=True)
    outcome = code(*OUTCOMES, required=True)
    rules = fields.List(fields.String(), required=True)
    classes = fields.List(code(*DataClass))
    until = fields.DateTime()
    reason = fields.String()
    missing = fields.String()
    fix = fields.String()


class PartAnswer(Schema):
    """Some of the needs, whose turn it is, and what was decided about each who was asked."""

    needs = fields.List(code(*NeedCode), required=True)
    state = code(*TaskState, required=True)
    recipient = fields.UUID(required=True)
    decisions = fields.List(fields.Nested(DecisionAnswer), required=True)


class LinksAnswer(Schema):
    """Where to ask next."""

    status = fields.Url(required=True)
    receipt = fields.Url(required=True)


class AcceptedAnswer(Schema):
    """A referral that the hub has taken on. Nothing of it is lost, also where it is held."""

    id = fields.UUID(required=True)
    reference = fields.String(required=True)
    received_at = fields.DateTime(required=True)
    state = code(ROUTED, PARTLY, HELD, required=True)
    parts = fields.List(fields.Nested(PartAnswer), required=True)
    links = fields.Nested(LinksAnswer, required=True)


class ProblemError(Schema):
    """One thing to put right; the pointer names a member of the body (RFC 6901)."""

    pointer = fields.String(required=True)
    detail = fields.String(required=True)


class Problem(Schema):
    """What went wrong (RFC 9457)."""

    type = fields.String(required=True)
    status = fields.Integer(required=True)
    title = fields.String(required=True)
    detail = fields.String()
    errors = fields.List(fields.Nested(ProblemError))


def accepted(submitted: Submitted, at: datetime, base: str) -> dict[str, Any]:
    """Return the answer to an accepted referral; `base` is the address of referrals."""
    held = [slot.state is TaskState.HELD for slot in submitted.slots]
    here = f"{base}/{submitted.referral_id}"
    return {
        "id": str(submitted.referral_id),
        "reference": submitted.reference,
        "received_at": instant(at),
        "state": HELD if all(held) else PARTLY if any(held) else ROUTED,
        "parts": [_part(slot) for slot in submitted.slots],
        "links": {"status": here, "receipt": f"{here}/receipt"},
    }


def _part(slot: SlotOutcome) -> dict[str, Any]:
    return {
        "needs": [need.value for need in slot.needs],
        "state": slot.state.value,
        "recipient": str(slot.agency_id),
        "decisions": [decision(agency_id, row) for agency_id, row in slot.considered],
    }


def decision(recipient: UUID, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a decision as the sender may see it."""
    told = ("outcome", "rules", "classes", "until", "reason", "missing", "fix")
    return {"recipient": str(recipient)} | {name: row[name] for name in told if row.get(name)}


def instant(at: datetime) -> str:
    """Return an instant in UTC, RFC 3339 with microseconds."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def instants(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Return those instants of a row that are set."""
    return {name: instant(row[name]) for name in names if row[name] is not None}
