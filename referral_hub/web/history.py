"""A task's history in words: what happened, why, and who did it. Codes in, sentences out, no content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from consent.codes import HoldReason, RefusalReason
from consent.policy import current_policy
from referral_hub.domain.codes import ClosingOutcome, DeclineReason
from referral_hub.store.referrals import HistoryRow
from referral_hub.web.labels import Labels

_FILLED_IN = {
    "{classes}": "some of what would be sent",
    "{purpose}": "support",
    "{evidence}": "something that has to be recorded",
}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened to a task. `by` is None for what the hub did by itself."""

    at: datetime
    what: str
    why: str | None
    recipient: str
    by: str | None
    entry: int | None


def history_lines(history: Iterable[HistoryRow], labels: Labels) -> list[HistoryLine]:
    """Return the history as it is shown, in its own order."""
    return [
        HistoryLine(
            at=row.at,
            what=labels.words(row.event, "TaskEvent.history"),
            why=reason_words(row.reason, labels) if row.reason else None,
            recipient=row.recipient_name,
            by=row.actor_name,
            entry=row.seq,
        )
        for row in history
    ]


def reason_words(reason: str, labels: Labels) -> str:
    """Return a reason's words, whichever closed list it is from. Raises KeyError for no code at all."""
    for kind in (DeclineReason, ClosingOutcome):
        if reason in set(kind):
            return labels.words(reason, kind.__name__)
    known = _consent_words()
    if reason not in known:
        return labels.words(reason, "HistoryReason")
    words = known[reason]
    for placeholder, stands_for in _FILLED_IN.items():
        words = words.replace(placeholder, stands_for)
    return words.removesuffix(".")


def _consent_words() -> Mapping[str, str]:
    policy = current_policy()
    refusals: Mapping[RefusalReason, str] = {k: w.missing for k, w in policy.refusal_words.items()}
    holds: Mapping[HoldReason, str] = {k: w.missing for k, w in policy.hold_words.items()}
    return {code.value: words for code, words in [*refusals.items(), *holds.items()]}
