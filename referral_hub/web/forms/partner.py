"""What a partner system sends about a task: small JSON objects whose every member is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validates_schema

from referral_hub.domain.codes import ClosingOutcome, DeclineReason
from referral_hub.web.forms.fields import Code, Paragraph
from referral_hub.web.forms.tasks import LONGEST_NOTE


class Flag(fields.Field[bool]):
    """`true` or `false`, and nothing that merely looks like it."""

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Send true or false.")
        return value


class Note(Paragraph):
    """Text for the sender's eyes; it is sealed when it is stored."""

    def __init__(self, **options: Any) -> None:
        super().__init__("This", longest=LONGEST_NOTE, **options)

    def _deserialize(self, value: Any, *context: Any, **options: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Send text.")
        return super()._deserialize(value, *context, **options)


class PartnerBody(Schema):
    """An object with no member that is not listed."""

    error_messages = {  # noqa: RUF012 - marshmallow declares it for instances
        "unknown": "This endpoint takes no such member."
    }

    class Meta:
        """Marshmallow's options."""

        unknown = RAISE


class AcceptBody(PartnerBody):
    """`{}` or `{"note": …}`."""

    note = Note(load_default=None)


class DeclineBody(PartnerBody):
    """`{"reason": code, "note"?: …}`; the reason `other` needs a note."""

    reason = Code(DeclineReason, f"Send one of {', '.join(DeclineReason)}.", required=True)
    note = Note(load_default=None)

    @validates_schema
    def _other_is_explained(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data["reason"] is DeclineReason.OTHER and not data["note"]:
            raise ValidationError("Say in a few words why.", field_name="note")


class ContactBody(PartnerBody):
    """`{}`."""


class AcknowledgeBody(PartnerBody):
    """`{}`."""


class CloseBody(PartnerBody):
    """`{"outcome": code, "person_told": bool, "next_step": …}`."""

    outcome = Code(ClosingOutcome, f"Send one of {', '.join(ClosingOutcome)}.", required=True)
    person_told = Flag(required=True, error_messages={"required": "Send true or false."})
    next_step = Note(
        required=True,
        error_messages={"required": "Say what happens next, or that nothing more is needed."},
    )

    @validates_schema
    def _says_something(self, data: Mapping[str, Any], **_options: Any) -> None:
        if not data["next_step"]:
            raise ValidationError(
                "Say what happens next, or that nothing more is needed.", field_name="next_step"
            )
