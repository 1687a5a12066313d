"""What leaves for an agency's own system: in which format, sealed or not, or not at all.

Sealed is the rule: where an agency registered a key, whatever leaves is signed and sealed to it.
Plain bodies under TLS leave only in a format whose systems cannot open a seal, on a transport that
protects what it carries, and only since the agency's administrator said that its agreement allows
it. What a format cannot say (a notice board takes no names) goes to the hub's inbox instead, so
that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from adapters.contract import (
    DocumentKind,
    FieldValue,
    Format,
    FormatAbout,
    ReferralDocument,
    Sealed,
    TransportAbout,
    UnknownAdapter,
)
from referral_hub.crypto.partner import MessageHead, seal_for_partner
from referral_hub.domain.codes import Transport
from referral_hub.services.hub import Hub
from referral_hub.store.cases import Row


class NotReady(Exception):
    """Nothing can leave for this agency as it is registered now. The text is a code."""


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """What is no document of a referral: ways of writing it by format, as (content type, bytes)."""

    task_id: str
    ways: Mapping[str, tuple[str, Callable[[], bytes]]]

    def __repr__(self) -> str:
        return "<Letter>"


def leaves(hub: Hub, standing: Row, kind: DocumentKind) -> bool:
    """Tell whether a document of this kind goes to the agency's own system and not to its inbox.

    `standing` is a row of `agency_standing` or of an endpoint. An agency whose format is not
    installed any more is not served in the inbox behind its back: its deliveries wait for a person.
    """
    if standing["transport"] == Transport.INBOX:
        return False
    try:
        return kind in hub.registry.format(standing["format"]).about.kinds
    except UnknownAdapter:
        return True


def written(
    hub: Hub,
    endpoint: Row,
    document: ReferralDocument | Letter,
    *,
    effect_id: str,
    first: bool,
) -> Sealed:
    """Write a document or a letter for an endpoint. Raises NotReady, FormatError.

    `first` says that it is a task's first: a system that knows what it has by the task may have
    that already, and never what follows (a correction, an acceptance).
    """
    format_, transport = _adapters(hub, endpoint)
    kind, body = _written(format_, endpoint, document, effect_id)
    if endpoint["encryption_jwk"] is not None:
        head = MessageHead(
            issuer=hub.settings.public_url,
            audience=str(endpoint["agency_id"]),
            message_id=effect_id,
            issued_at=hub.clock(),
            content_type=kind,
        )
        jwk = endpoint["encryption_jwk"]
        body = seal_for_partner(body, recipient_jwk=jwk, hub_signer=hub.hub_signer, head=head)
        kind = "application/jose"
    elif not _may_be_plain(endpoint["plain_since"], format_.about, transport):
        raise NotReady("endpoint_not_ready")
    about, ids = format_.about, {"effect": effect_id, "task": document.task_id}
    return Sealed(
        effect_id=effect_id,
        body=body,
        content_type=kind,
        headers=tuple((name, ids[what]) for name, what in about.headers),
        method=about.method,
        already=about.already if first or about.known_by == "effect" else frozenset(),
    )


def _written(
    format_: Format, endpoint: Row, document: ReferralDocument | Letter, effect_id: str
) -> tuple[str, bytes]:
    if isinstance(document, Letter):
        if endpoint["format"] not in document.ways:
            raise NotReady("not_writable")
        kind, write = document.ways[endpoint["format"]]
        return kind, write()
    arranged = replace(
        document,
        fields=_in_order(document.fields, endpoint["field_order"]),
        addressing=endpoint["addressing"],
        message_id=effect_id,
    )
    return format_.content_type, format_.write(arranged)


def _adapters(hub: Hub, endpoint: Row) -> tuple[Format, TransportAbout | None]:
    if not endpoint["enabled"] or not endpoint["url"]:
        raise NotReady("endpoint_not_ready")
    try:
        return (
            hub.registry.format(endpoint["format"]),
            hub.registry.transport(endpoint["transport"]).about,
        )
    except UnknownAdapter:
        raise NotReady("adapter_missing") from None


def _may_be_plain(
    since: datetime | None, format_: FormatAbout, transport: TransportAbout | None
) -> bool:
    return since is not None and format_.plain and transport is not None and transport.plain


def _in_order(fields: Mapping[str, FieldValue], order: Any) -> dict[str, FieldValue]:
    """The agency's own order first; the rest follows as it was."""
    names = [name for name in order if name in fields]
    return {name: fields[name] for name in dict.fromkeys([*names, *fields])}
