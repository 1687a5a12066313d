"""Needs and transfers for Komunitin, as its servers validate them (JSON:API, client-chosen ids).

A need is read by every member of an exchange group, so it says in the hub's own words what is to be
done and where about, and nothing of the person, whatever the permit allows: not which care or check
is needed (that tells of an illness or a child), and not the sender's note.

The id of the need is the task's own id: sending it again is the same need. Only an offer becomes a
need; what happens to it later is for the group's own people, whom the hub tells by reference.

Source: komunitin-api `social/openapi.yaml` and examples; komunitin `accounting` validators.
"""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any
from uuid import UUID

from adapters.contract import DocumentKind, FormatAbout, FormatError, Option, ReferralDocument
from adapters.formats import needs
from adapters.formats.units import scaled_hours

CONTENT_TYPE = "application/vnd.api+json"
LONGEST_CONTENT = 2_000
_UUID = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"


class KomunitinNeed:
    """`POST /{group}/needs`. `addressing` must hold `category` and `author`, UUIDs of theirs."""

    content_type = CONTENT_TYPE
    about = FormatAbout(
        "Need, as Komunitin takes it",
        kinds=frozenset({DocumentKind.OFFER}),
        options=(
            Option("category", "Category", _UUID, "The id of a category of the group", True),
            Option("author", "Author", _UUID, "The id of the member who posts needs", True),
        ),
        plain=True,
        already=frozenset({409}),
        known_by="task",
    )

    def write(self, document: ReferralDocument) -> bytes:
        """The need. Raises FormatError for what is not an offer, or cannot be addressed."""
        if document.kind is not DocumentKind.OFFER:
            raise FormatError("kind: only an offer is posted as a need")
        content = _content(document)
        if not content:
            raise FormatError("fields: there is no need to post")
        attributes: dict[str, Any] = {
            "content": content[:LONGEST_CONTENT],
            "images": [],
            "access": "group",
        }
        if document.respond_by is not None:
            moment = document.respond_by.astimezone(UTC).isoformat(timespec="milliseconds")
            attributes["expires"] = moment.replace("+00:00", "Z")
        return _written(
            "needs",
            _uuid("task", document.task_id),
            attributes,
            {
                "category": ("categories", _addressed(document, "category")),
                "author": ("members", _addressed(document, "author")),
            },
        )


def transfer(  # noqa: PLR0913 - the members of one request, each named by its caller
    *,
    transfer_id: str,
    minutes: int,
    scale: int,
    payer: str,
    payee: str,
    meta: str,
    committed: bool = False,
) -> bytes:
    """`POST /{code}/transfers`: time given, in hours of 10^-scale. Raises FormatError.

    `transfer_id`, `payer` and `payee` are UUIDs; `meta` says what for, and names nobody.
    """
    amount = scaled_hours(minutes, scale)
    if amount <= 0:
        raise FormatError("minutes: too short to be counted at this scale")
    state = "committed" if committed else "new"
    return _written(
        "transfers",
        _uuid("transfer_id", transfer_id),
        {"amount": amount, "meta": meta, "state": state},
        {
            "payer": ("accounts", _uuid("payer", payer)),
            "payee": ("accounts", _uuid("payee", payee)),
        },
    )


def _content(document: ReferralDocument) -> str:
    what, area = needs.in_words(document), needs.text(document, "contact.area")
    return "\n".join([what, *([f"Area: {area}"] if what and area else [])])


def _written(
    kind: str, identity: str, attributes: dict[str, Any], related: dict[str, tuple[str, str]]
) -> bytes:
    relationships = {
        name: {"data": {"type": its_kind, "id": its_id}}
        for name, (its_kind, its_id) in related.items()
    }
    document = {
        "data": {
            "type": kind,
            "id": identity,
            "attributes": attributes,
            "relationships": relationships,
        }
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _addressed(document: ReferralDocument, name: str) -> str:
    return _uuid(f"addressing.{name}", document.addressing.get(name, ""))


def _uuid(member: str, value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise FormatError(f"{member}: must be a UUID") from None
