"""A task's history in words: what happened, why, and who did it. Codes in, sentences out.

There are two readers. The accountable council reads why consent held or refused. A recipient
does not: those reasons can say something about the person ("lacks capacity", "someone at this
agency must not learn"), so it gets words of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from consent.codes import RefusalReason
from consent.model import Clearer
from consent.policy import Words, current_policy
from referral_hub.domain.codes import ClosingOutcome, DeclineReason
from referral_hub.services.receipts import recipient_has, sender_has
from referral_hub.store.referrals import HistoryRow
from referral_hub.web.labels import Labels

_FILLED_IN = {
    "{classes}": "some of what would be sent",
    "{purpose}": "support",
    "{evidence}": "something that has to be recorded",
}
_ARRANGEMENTS = frozenset(
    {
        RefusalReason.NO_AGREEMENT,
        RefusalReason.AGREEMENT_OUT_OF_DATE,
        RefusalReason.AGREEMENT_OTHER_PURPOSE,
        RefusalReason.AGREEMENT_OTHER_CLASSES,
        RefusalReason.ARTICLE_9_MISSING,
        RefusalReason.EVIDENCE_MISSING,
    }
)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened to a task. `by` is None for what the hub did by itself.

    `receipt` is the log entry that the reader can have a receipt of.
    """

    at: datetime
    what: str
    why: str | None
    recipient: str
    by: str | None
    receipt: UUID | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a recipient is told about a refusal: what is missing, and who can put it right."""

    missing: str
    clearer: Clearer


def owners_history(history: Iterable[HistoryRow], labels: Labels) -> list[HistoryLine]:
    """Return the history as the accountable agency reads it, oldest first."""
    return [_line(row, labels, owners_reason(row.reason, labels)) for row in history]


def senders_history(history: Iterable[HistoryRow], labels: Labels) -> list[HistoryLine]:
    """Return the history as the sender reads it: as the owner does, with the sender's receipts."""
    return [
        _line(row, labels, owners_reason(row.reason, labels), receipt=sender_has(row))
        for row in history
    ]


def recipients_history(history: Iterable[HistoryRow], labels: Labels) -> list[HistoryLine]:
    """Return the history as a recipient reads it: without consent's reasons."""
    consent = consent_words()
    return [
        _line(
            row,
            labels,
            None if row.reason in consent else owners_reason(row.reason, labels),
            receipt=recipient_has(row),
        )
        for row in history
    ]


def owners_reason(reason: str | None, labels: Labels) -> str | None:
    """Return a reason's words, whichever closed list it is from."""
    if reason is None:
        return None
    for kind in (DeclineReason, ClosingOutcome):
        if reason in set(kind):
            return labels.words(reason, kind.__name__)
    known = consent_words()
    if reason not in known:
        return labels.words(reason, "HistoryReason")
    words = known[reason].missing
    for placeholder, stands_for in _FILLED_IN.items():
        words = words.replace(placeholder, stands_for)
    return words.removesuffix(".")


def recipients_reason(reason: str, labels: Labels) -> Told:
    """Return what a recipient may know: its own omissions, the agencies' arrangement, no more."""
    words = consent_words()[reason]
    if words.clearer is Clearer.RECIPIENT_AGENCY:
        return Told(words.missing, words.clearer)
    if reason in _ARRANGEMENTS:
        return Told(labels.words("arrangement", "Withheld"), Clearer.PRIVACY_OFFICER)
    return Told(labels.words("other", "Withheld"), Clearer.SENDER_AGENCY)


def delivery_words(code: str | None, labels: Labels) -> str:
    """Return what a delivery's last code means."""
    if code is None:
        return labels.words("unknown", "DeliveryCode")
    if code in consent_words():
        return owners_reason(code, labels) or code
    if code.startswith("http_"):
        return f"{labels.words('http', 'DeliveryCode')} ({code.removeprefix('http_')})"
    if code.startswith("smtp_"):
        return f"{labels.words('smtp', 'DeliveryCode')} ({code.removeprefix('smtp_')})"
    return labels.words(code, "DeliveryCode")


def _line(
    row: HistoryRow, labels: Labels, why: str | None, *, receipt: bool = False
) -> HistoryLine:
    return HistoryLine(
        at=row.at,
        what=labels.words(row.event, "TaskEvent.history"),
        why=why,
        recipient=row.recipient_name,
        by=row.actor_name,
        receipt=row.entry_id if receipt else None,
    )


def consent_words() -> Mapping[str, Words]:
    """Return what consent says of each of its refusals and holds, by reason."""
    policy = current_policy()
    words: dict[str, Words] = {code.value: row for code, row in policy.refusal_words.items()}
    return words | {code.value: row for code, row in policy.hold_words.items()}
