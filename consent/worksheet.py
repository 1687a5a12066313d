"""The sheet that a decision is worked out on, as an officer would on paper.

The rules take the sheet in turn. Each strikes out what it cannot accept: the agreements that are
out of date, the consents that do not name the recipient, the grants that have ended. A rule that
strikes out the last of something answers with a finding: a refusal, or that it must wait for a
person. A rule that has nothing in front of it says nothing, because an earlier rule has already
said why. What is left at the end are the grounds of a permit; nothing left is no permit.

The limit: a sheet lives for one decision and changes as it is worked; it never leaves `decide`.
"""

from dataclasses import dataclass, field
from datetime import datetime

from consent.codes import DataClass, HoldReason, RefusalReason, RuleId
from consent.ledger import Grant, Ledger
from consent.model import (
    Concern,
    ConsentEvent,
    DisclosureRequest,
    Facts,
    Ground,
    Override,
    PersonFlags,
    RecipientStanding,
    SharingAgreement,
)
from consent.policy import MinimumSet, Policy


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule refuses. `classes` and `evidence` complete the sentence that it is told in."""

    rule: RuleId
    reason: RefusalReason
    cites: tuple[str, ...] = ()
    classes: frozenset[DataClass] = frozenset()
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """A rule leaves it to a person."""

    rule: RuleId
    reason: HoldReason
    cites: tuple[str, ...] = ()


Finding = Refusal | Wait


@dataclass(slots=True)
class Sheet:
    """The question, the facts, and what is still standing."""

    request: DisclosureRequest
    facts: Facts
    at: datetime
    policy: Policy
    person: PersonFlags
    recipient: RecipientStanding
    ledger: Ledger
    minimum: MinimumSet
    wanted: frozenset[DataClass] = frozenset()
    agreements: list[SharingAgreement] = field(default_factory=list)
    consents: list[ConsentEvent] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    concerns: list[Concern] = field(default_factory=list)
    grounds: list[Ground] = field(default_factory=list)
    faults: dict[DataClass, Refusal] = field(default_factory=dict)
