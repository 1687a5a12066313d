"""The only types that formats, transports and the hub share.

A format turns a `ReferralDocument` into bytes and back and has no network; a transport carries
`Sealed` bytes to an `Endpoint` and cannot read them. Because those two never meet, a partner's
new format cannot leak and a new wire cannot read.

A delivery ends in one of four ways. `UNKNOWN` means that the request went out and no answer that
can be believed came back: the recipient may have acted. Send again under the same effect id, by
which it recognises a repetition.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeAlias

FieldValue: TypeAlias = "bool | int | float | str | list[FieldValue] | dict[str, FieldValue] | None"

_FIELD_ID = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}", re.ASCII)


class AdapterError(Exception):
    """Base of what can go wrong in an adapter. `str(error)` holds no personal data."""


class FormatError(AdapterError):
    """A document cannot be written in this format, or bytes are not one. Names the member."""


class AddressRefused(AdapterError):
    """The hub does not send to this address. Says why, in words for whoever typed it in."""


class UnknownAdapter(AdapterError):
    """No format or transport of that name is installed."""


class DocumentKind(StrEnum):
    """What the recipient is told. All but the first two carry references alone."""

    OFFER = "offer"
    ACCEPTANCE = "acceptance"
    WITHDRAWAL = "withdrawal"
    REFUSAL = "refusal"
    RENEWAL = "renewal"
    EXPIRING = "expiring"
    EXPIRY = "expiry"
    CORRECTION = "correction"
    RESTRICTION = "restriction"
    OBJECTION = "objection"

    @property
    def discloses(self) -> bool:
        """Whether a document of this kind has fields."""
        return self in {DocumentKind.OFFER, DocumentKind.ACCEPTANCE}


@dataclass(frozen=True, slots=True)
class Sender:
    """The agency on whose behalf the hub writes."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, repr=False)
class ReferralDocument:
    """The smallest document that a permit allows, before it is written in anybody's format.

    `fields` maps field ids of the catalogue ("identity.first_name") to JSON values, and is empty
    for what carries references alone. `purpose` and `obligations` are the permit's
    codes; `log_entry` is the id of the disclosure's entry in the evidence log, a new one at every
    attempt; `message_id` stays the same over attempts. Times are aware.
    `addressing` is what the recipient's own system needs to file it (a category, a member), from
    the registered endpoint: never about a person.
    """

    kind: DocumentKind
    task_id: str
    reference: str
    sender: Sender
    recipient_id: str
    issued_at: datetime
    log_entry: str
    priority: str = "routine"
    purpose: str = "support"
    obligations: tuple[str, ...] = ()
    respond_by: datetime | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    addressing: Mapping[str, str] = field(default_factory=dict)
    message_id: str = ""

    def __post_init__(self) -> None:
        if self.kind.discloses != bool(self.fields):
            raise FormatError("fields: an offer or acceptance has at least one, nothing else any")
        for name in self.fields:
            if _FIELD_ID.fullmatch(name) is None:
                raise FormatError("fields: names must be field ids, class.field")
        for name, moment in (("issued_at", self.issued_at), ("respond_by", self.respond_by)):
            if moment is not None and moment.utcoffset() is None:
                raise FormatError(f"{name}: must have a time zone")

    def __repr__(self) -> str:
        return f"<ReferralDocument {self.kind.value} of task {self.task_id}>"


@dataclass(frozen=True, slots=True)
class Option:
    """One thing of `addressing` that a format must be told by each agency, in words for people.

    `pattern` matches a whole value.
    """

    name: str
    label: str
    pattern: str
    hint: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class FormatAbout:
    """What a format can say and what it asks for.

    `kinds` are what it can write; anything else waits in the hub's inbox instead. `plain`: systems
    that take it cannot open a seal, so an agency may agree to have it under TLS alone. `method` and
    `headers` are how its systems are asked: a header's name, and "effect" or "task", whose id is
    its value. `already` are the answers by which they say that they have it, and `known_by` the id,
    "effect" or "task", that they go by: where it is the task's, only an offer can be a repetition.
    """

    title: str
    kinds: frozenset[DocumentKind] = frozenset(DocumentKind)
    options: tuple[Option, ...] = ()
    plain: bool = False
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()
    already: frozenset[int] = frozenset()
    known_by: str = "effect"


@dataclass(frozen=True, slots=True)
class TransportAbout:
    """How an administrator is asked for an address on this transport.

    `plain` says whether anything unsealed may ever go this way.
    """

    title: str
    address_label: str
    address_hint: str = ""
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an agency's documents go. `agency_id` is for logs and counters.

    `pinned` are the network addresses that were looked at when it was registered; where there are
    any, nothing goes to another.
    """

    agency_id: str
    url: str
    pinned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """Bytes that only their recipient can open, that hold nothing about anybody, or that the
    recipient agreed to have under TLS alone; and the id by which it knows a repetition.

    `headers` sign the body or name the message, where the wire asks for it. An answer of `already`
    says that the recipient has it.
    """

    effect_id: str
    body: bytes
    content_type: str = "application/jose"
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "POST"
    already: frozenset[int] = frozenset()

    def __repr__(self) -> str:
        return f"<Sealed {self.effect_id}, {len(self.body)} bytes>"


class Delivery(StrEnum):
    """How one attempt ended."""

    DELIVERED = "delivered"
    TRY_AGAIN = "try_again"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The end of one attempt, with a code to store ("http_503", "timeout").

    `retry_after` is what the recipient asked for; `receipt` is its own id for what it received.
    """

    delivery: Delivery
    code: str
    retry_after: timedelta | None = None
    receipt: str | None = None


class Format(Protocol):
    """Pure: a document becomes bytes. Raises FormatError.

    A format that can be read back as well has `read`; the hub asks for none of it, because what
    comes in has doors of its own.
    """

    content_type: str

    @property
    def about(self) -> FormatAbout:
        """What it can say and what it asks for."""

    def write(self, document: ReferralDocument) -> bytes:
        """The document in this format."""


class Transport(Protocol):
    """One attempt at carrying sealed bytes. Never raises for what a recipient does."""

    @property
    def about(self) -> TransportAbout | None:
        """How an administrator is asked for an address; None where none can choose it."""

    def check(self, address: str, *, here: bool = False) -> tuple[str, ...]:
        """Look at an address that somebody typed in; returns what to pin it to, if anything.

        `here` allows this machine, for development. Raises AddressRefused.
        """

    def send(self, endpoint: Endpoint, sealed: Sealed) -> DeliveryOutcome:
        """Try once, within a bounded time."""

    def close(self) -> None:
        """Give up kept connections."""
