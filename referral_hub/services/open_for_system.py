"""A recipient's own system opens a referral in its agency's inbox: decided and logged as a look.

For councils whose case system fetches rather than listens. What it gets is the hub's own document,
sealed to the agency's registered key; plain under TLS alone where there is none, the agency's
administrator said that its agreement allows that, and the client may have it. The entry says which.
"""

from __future__ import annotations

from uuid import UUID

from adapters.contract import DocumentKind, ReferralDocument, Sender
from consent.model import Stage
from referral_hub.crypto.partner import MessageHead, seal_for_partner
from referral_hub.domain.channels import protected
from referral_hub.errors import Conflict, Forbidden
from referral_hub.services.api_access import Caller
from referral_hub.services.hub import Hub
from referral_hub.services.release import Withheld, open_task
from referral_hub.services.task_inbox import read_task
from referral_hub.store import reach

FORMAT = "hub_json"
SEALED = "application/jose"
_KINDS = {Stage.OFFER: DocumentKind.OFFER, Stage.ACCEPTED: DocumentKind.ACCEPTANCE}
_NO_KEY = (
    "Your agency has registered no key to seal this to, and has not agreed that TLS alone protects"
    " it, or this client may not have such. Register a key on the page “How referrals reach you”."
)
_NOTHING = "Nothing of this referral may be shown to your agency now."


def open_for_system(hub: Hub, caller: Caller, task_id: UUID) -> tuple[str, bytes]:
    """Return (media type, bytes) of what the caller's agency may be told of a task now.

    Raises NotFound, Forbidden (withheld, in words), Conflict (no key; it is with the agency's own
    system, or has moved on), LogUnavailable.
    """
    task = read_task(hub, caller.actor, task_id).task
    with hub.database.acting_for(caller.actor.agency_id) as connection:
        own = reach.own(connection)
    jwk = own.encryption_jwk if own else None
    agreed = own is not None and own.plain_since is not None
    if jwk is None and not (caller.plain_json and agreed):
        raise Conflict(_NO_KEY)
    try:
        leaving = protected(sealed=jwk is not None)
        opened = open_task(hub, caller.actor, task_id, leaving=leaving)
    except Withheld as withheld:
        raise Forbidden(str(withheld)) from None
    if not opened.fields:
        raise Forbidden(_NOTHING)
    at, format_ = hub.clock(), hub.registry.format(FORMAT)
    written = format_.write(
        ReferralDocument(
            kind=_KINDS[opened.stage],
            task_id=str(task.id),
            reference=task.reference,
            sender=Sender(str(task.origin_agency_id), task.origin_name),
            recipient_id=str(task.recipient_agency_id),
            issued_at=at,
            respond_by=task.due_at,
            priority=task.priority,
            purpose=task.purpose,
            log_entry=str(opened.entry_id),
            fields=opened.fields,
            obligations=opened.obligations,
        )
    )
    if jwk is None:
        return format_.content_type, written
    head = MessageHead(
        issuer=hub.settings.public_url,
        audience=str(caller.actor.agency_id),
        message_id=str(opened.entry_id),
        issued_at=at,
        content_type=format_.content_type,
    )
    return SEALED, seal_for_partner(
        written, recipient_jwk=jwk, hub_signer=hub.hub_signer, head=head
    )
