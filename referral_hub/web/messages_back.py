"""The message back on a page: to read, and to copy into the sender's own record."""

from __future__ import annotations

from uuid import UUID

from flask import render_template, url_for

from adapters.formats.message_back import as_sections, as_text
from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.services.message_back import read_message_back


def show(hub: Hub, actor: Actor, referral_id: UUID) -> str:
    """What became of a referral, under the standard's headings; it names nobody."""
    message = read_message_back(hub, actor, referral_id)
    return render_template(
        "referrals/message_back.html",
        reference=message.reference,
        sections=[(heading, entries) for heading, entries in as_sections(message) if entries],
        text=as_text(message),
        back=url_for("referrals.show", referral_id=referral_id),
    )
