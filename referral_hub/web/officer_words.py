"""A log entry in plain words, for its officer: codes in, sentences out.

Where an agency only received and was refused, it reads the recipient's words for why, as its staff
did: consent's own reasons can say something about the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from consent.codes import Article6, Article9, ConfidentialityBasis
from consent.evidence.entry import Detail, Entry, EntryType, LawfulBasis
from referral_hub.domain.channels import DETAIL, PROTECTION
from referral_hub.domain.codes import Role
from referral_hub.services.audit_log import Logged
from referral_hub.web.history import consent_words, owners_reason, recipients_reason
from referral_hub.web.labels import Labels

SHORT_HASH = 12
BASES: tuple[tuple[str, str, type[StrEnum]], ...] = (
    ("article6", "UK GDPR Article 6: ", Article6),
    ("article9", "UK GDPR Article 9: ", Article9),
    ("confidentiality", "Confidentiality: ", ConfidentialityBasis),
)
_CODES = {DETAIL: "Channel", PROTECTION: "Protection", "kept_because": "KeptBecause"}
_SAID_ELSEWHERE = frozenset({"reason"})
_COLOURS = {"permit": "green", "hold": "yellow", "refuse": "red", "not_verified": "red"}


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """One entry as a page shows it. None or empty where there is nothing to say.

    `colour` is a tag's; `fix` says how a refusal can be put right; `rules` are ids, runs shortened.
    """

    id: UUID
    at: datetime
    seq: int | None
    kind: str
    step: str | None
    outcome: str | None
    colour: str
    sender: str
    recipient: str | None
    who: str
    reference: str | None
    referral_id: UUID | None
    purpose: str | None
    classes: Sequence[str]
    fields: Sequence[str]
    basis: Sequence[str]
    why: str | None
    fix: str | None
    rules: str | None
    policy: str | None
    details: Sequence[tuple[str, str]]
    whole: bool

    def __repr__(self) -> str:
        return "<Shown>"


def shown(logged: Logged, us: UUID, labels: Labels) -> Shown:
    """Return an entry in words, for an officer of agency `us`."""
    row, entry = logged.row, logged.entry
    readable = entry if logged.whole else None
    reason = _text(entry.details.get("reason")) if entry else None
    return Shown(
        id=row.id,
        at=row.at,
        seq=row.seq,
        kind=labels.words(row.type, "EntryType"),
        step=_step(row.type, entry, labels),
        outcome=_outcome(row.type, row.outcome, labels),
        colour=_COLOURS.get(row.outcome or "", "grey"),
        sender=logged.sender_name or "An agency that is not known",
        recipient=None if row.recipient_agency_id is None else logged.recipient_name,
        who=_who(logged, us, labels),
        reference=row.reference,
        referral_id=row.referral_id if row.reference else None,
        purpose=labels.words(entry.purpose, "LogPurpose") if entry and entry.purpose else None,
        classes=[labels.words(name, "DataClass.received") for name in entry.classes]
        if entry
        else [],
        fields=labels.fields(readable.fields) if readable else [],
        basis=_basis(readable.basis, labels) if readable and readable.basis else [],
        why=_why(reason, labels, whole=logged.whole),
        fix=_fix(reason) if logged.whole else None,
        rules=runs(readable.rules) if readable and readable.rules else None,
        policy=entry.policy_hash[:SHORT_HASH] if entry and entry.policy_hash else None,
        details=_details(readable.details, labels) if readable else [],
        whole=logged.whole,
    )


def bases(labels: Labels) -> dict[str, str]:
    """Return every lawful basis, key and code → words."""
    return {
        f"{key}:{code.value}": f"{says}{labels.label(code)}"
        for key, says, codes in BASES
        for code in codes
    }


def reasons(labels: Labels) -> dict[str, str]:
    """Return every reason that consent can give, code → words, in the order of the words."""
    named = {code: owners_reason(code, labels) or code for code in consent_words()}
    return dict(sorted(named.items(), key=lambda item: item[1]))


def runs(rules: Iterable[str]) -> str:
    """R00 R01 R02 R05 → "R00 to R02, R05"."""
    parts: list[list[str]] = []
    for rule in rules:
        if parts and _follows(parts[-1][-1], rule):
            parts[-1].append(rule)
        else:
            parts.append([rule])
    return ", ".join(
        f"{part[0]} to {part[-1]}" if len(part) > 2 else ", ".join(part) for part in parts
    )


def _follows(rule: str, other: str) -> bool:
    return rule[1:].isdigit() and other[1:].isdigit() and int(other[1:]) == int(rule[1:]) + 1


def _step(kind: str, entry: Entry | None, labels: Labels) -> str | None:
    if entry is None:
        return "The entry cannot be read: verify the log"
    if kind == EntryType.TASK and "event" in entry.details:
        return labels.words(_text(entry.details["event"]) or "", "TaskEvent.history")
    if "report" in entry.details:
        return labels.words(_text(entry.details["report"]) or "", "Report")
    if "stage" in entry.details:
        return labels.words(_text(entry.details["stage"]) or "", "Stage")
    return None


def _outcome(kind: str, outcome: str | None, labels: Labels) -> str | None:
    if outcome is None:
        return None
    return labels.words(outcome, "TaskState" if kind == EntryType.TASK else "LogOutcome")


def _who(logged: Logged, us: UUID, labels: Labels) -> str:
    row = logged.row
    if row.user_name is not None and row.user_role is not None:
        return f"{row.user_name}, {labels.label(Role(row.user_role)).lower()}"
    if row.user_role == Role.PERSON:
        return labels.label(Role.PERSON)
    if row.actor_agency_id is None:
        return "Referral Hub, by itself"
    if row.actor_agency_id == us:
        return "Your agency’s staff or system"
    return f"Staff of {logged.actor_name}" if logged.actor_name else "Staff of another agency"


def _basis(basis: LawfulBasis, labels: Labels) -> list[str]:
    found = ((says, getattr(basis, key), codes.__name__) for key, says, codes in BASES)
    return [f"{says}{labels.words(code, kind)}" for says, code, kind in found if code]


def _why(reason: str | None, labels: Labels, *, whole: bool) -> str | None:
    if reason is None:
        return None
    return owners_reason(reason, labels) if whole else recipients_words(reason, labels)


def recipients_words(reason: str, labels: Labels) -> str:
    """Return what an agency that was refused may read of a reason."""
    if reason not in consent_words():
        return labels.words("other", "Withheld")
    return recipients_reason(reason, labels).missing


def _fix(reason: str | None) -> str | None:
    """How a refusal of consent's can be put right."""
    words = consent_words().get(reason or "")
    return words.fix if words else None


def _details(details: Mapping[str, Detail], labels: Labels) -> list[tuple[str, str]]:
    return [
        (labels.words(name, "LogDetail"), _said(name, value, labels))
        for name, value in details.items()
        if name not in _SAID_ELSEWHERE
    ]


def _said(name: str, value: Detail, labels: Labels) -> str:
    said = _text(value) or ""
    return labels.words(said, _CODES[name]) if name in _CODES else said


def _text(value: Detail | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) else ", ".join(value)
