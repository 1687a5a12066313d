"""What an entry says of a decision, and whether the same inputs still lead to it.

`said` is the one place where an outcome of `consent.decide` becomes the codes of an entry; the
services write with it and the check reads with it. A decision is recomputed from what its entry
committed to (`consent.inputs`) under the policy that the entry names, and compared with every code
of the entry. So neither a hub that logged another outcome than its rules gave, nor tables that were
changed under an old name, nor a fact that was exchanged afterwards stays unseen.

The limits: that the facts were true when they were recorded is not decided here; and rules whose
source is not the installed one are not run: such a decision counts as `OTHER_RULES` where it
differs, and is made again exactly by the release that has those rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from consent.evidence.entry import Entry, EntryType, LawfulBasis
from consent.inputs import Inputs, decide_on
from consent.model import Hold, Outcome, Permit, Refuse
from consent.policy import Policy

DECIDED = (EntryType.DECISION, EntryType.RELEASE, EntryType.VIEW, EntryType.OVERRIDE)
MOST_LATER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Said:
    """An outcome as an entry tells it; `classes` are those asked for where nothing is permitted."""

    outcome: str
    classes: tuple[str, ...]
    fields: tuple[str, ...]
    basis: LawfulBasis | None
    rules: tuple[str, ...]
    policy_hash: str | None
    reason: str | None


class Verdict(StrEnum):
    """What came of recomputing one decision.

    ERASED: what it was made from went with the person's key. UNRECORDED: it is sealed nowhere.
    UNKNOWN_POLICY: nobody keeps tables of that hash.
    """

    MATCHES = "matches"
    ERASED = "erased"
    OTHER_RULES = "other-rules"
    DIFFERS = "differs"
    UNRECORDED = "unrecorded"
    UNREADABLE = "unreadable"
    UNKNOWN_POLICY = "unknown-policy"


@dataclass(frozen=True, slots=True)
class KnownPolicy:
    """A policy by its hash. `installed` says whether its rules are those of this release."""

    policy: Policy
    installed: bool


Policies = Callable[[str], KnownPolicy | None]


def outcome_code(outcome: Outcome) -> str:
    """Return `permit`, `hold` or `refuse`."""
    match outcome:
        case Permit():
            return "permit"
        case Hold():
            return "hold"
        case Refuse():
            return "refuse"


def said(outcome: Outcome, asked: frozenset[str]) -> Said:
    """Return what the entry of `outcome` says, where the classes `asked` for were asked for."""
    permit = outcome if isinstance(outcome, Permit) else None
    return Said(
        outcome=outcome_code(outcome),
        classes=tuple(sorted(permit.classes if permit else asked)),
        fields=tuple(sorted(permit.fields)) if permit else (),
        basis=_basis(permit),
        rules=tuple(map(str, outcome.rules)),
        policy_hash=outcome.policy_hash,
        reason=None if isinstance(outcome, Permit) else outcome.reason.value,
    )


def recompute(entry: Entry, inputs: Inputs, known: KnownPolicy) -> tuple[Verdict, str]:
    """Decide again and compare; where it differs, the text names both outcomes and what differs.

    The text holds codes only.
    """
    if not _about(entry, inputs):
        return Verdict.DIFFERS, "it was made from a request about other agencies, purpose or time"
    outcome = decide_on(inputs, policy=known.policy).outcome
    again = said(outcome, frozenset(code.value for code in inputs.request.classes))
    before = Said(
        outcome=entry.outcome or "none",
        classes=entry.classes,
        fields=entry.fields,
        basis=entry.basis,
        rules=entry.rules,
        policy_hash=entry.policy_hash,
        reason=_text(entry.details.get("reason")),
    )
    if again == before:
        return Verdict.MATCHES, ""
    differing = [name for name in Said.__slots__ if getattr(again, name) != getattr(before, name)]
    text = f"the log says {_shown(before)}, made again it is {_shown(again)}"
    found = Verdict.DIFFERS if known.installed else Verdict.OTHER_RULES
    return found, f"{text} (differing: {', '.join(differing)})"


def _about(entry: Entry, inputs: Inputs) -> bool:
    """Whether the inputs are those of this entry: its parties, purpose, stage and instant."""
    request, details = inputs.request, entry.details
    stage = details.get("stage", request.stage.value)
    later = entry.at - inputs.at
    return (entry.agencies.sender, entry.agencies.recipient, entry.purpose, stage) == (
        request.sender_id,
        request.recipient_id,
        request.purpose.value,
        request.stage.value,
    ) and timedelta(0) <= later <= MOST_LATER


def _basis(permit: Permit | None) -> LawfulBasis | None:
    if permit is None:
        return None
    return LawfulBasis(
        article6=permit.basis.article6.value,
        article9=permit.basis.article9.value if permit.basis.article9 else None,
        confidentiality=permit.basis.confidentiality.value,
    )


def _shown(one: Said) -> str:
    return one.outcome if one.reason is None else f"{one.outcome} ({one.reason})"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
