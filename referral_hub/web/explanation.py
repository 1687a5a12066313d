"""One decision, disclosure or look in plain English, for an officer who is no lawyer.

Every sentence stands in `labels.toml` or in consent's own table of words; this module chooses among
them and fills in agencies, days and kinds of data. An officer of the agency that only received, and
was refused, reads the recipient's words and nothing of the rules: consent's reasons can say
something about the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from consent.codes import DataClass, RefusalReason
from consent.evidence.entry import Entry, EntryType
from consent.model import Hold, Outcome, Permit, Refuse
from referral_hub.domain.codes import ReviewOutcome
from referral_hub.services.explain_entry import Agreed, Explained
from referral_hub.web.agreement_words import last_moment
from referral_hub.web.history import consent_words, owners_reason
from referral_hub.web.labels import Labels
from referral_hub.web.officer_words import Shown, recipients_words
from referral_hub.web.rendering import and_list, day, instant


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with sentences, and points under them."""

    heading: str
    sentences: Sequence[str]
    points: Sequence[str] = ()


def explanation(found: Explained, one: Shown, labels: Labels) -> list[Part]:
    """Return the parts of the page, in reading order; `one` is the entry in words."""
    entry = found.logged.entry
    if entry is None:
        return []
    parts = [
        Part("What happened", [_happened(entry, one, labels)]),
        _about(entry, one),
        _bases(entry, labels),
        _agreed(found, labels),
        _rules(found, entry, labels),
        Part("What would have to change", list(_change(found, entry, labels))),
    ]
    return [part for part in parts if part.sentences or part.points]


def asked(one: Shown, entry: Entry | None) -> str:
    """Return the question that the page answers."""
    if entry is None or entry.outcome != "permit" or entry.type is EntryType.DECISION:
        return "Why was this decided?"
    if entry.type is EntryType.VIEW:
        return f"Why was this shown to {one.who}?"
    return f"Why was this shown to {one.recipient or one.who}?"


def happened_key(entry: Entry) -> str:
    """Return which sentence of the table tells what happened."""
    if entry.type is EntryType.VIEW:
        return f"view_{entry.purpose or 'support'}"
    if entry.type is EntryType.OVERRIDE:
        return "override_review" if entry.outcome in set(ReviewOutcome) else "override"
    if entry.type is EntryType.DECISION and entry.purpose in {"emergency", "safeguarding"}:
        return f"decision_{entry.purpose}_{entry.outcome}"
    return f"decision_{entry.outcome}" if entry.type is EntryType.DECISION else entry.type.value


def _happened(entry: Entry, one: Shown, labels: Labels) -> str:
    sentence = labels.words(happened_key(entry), "Explained")
    cause = entry.details.get("emergency")
    filled = {
        "{who}": one.who,
        "{when}": instant(one.at),
        "{sender}": one.sender,
        "{recipient}": one.recipient or "another agency",
        "{stage}": labels.words(str(entry.details.get("stage", "offer")), "Stage.explained"),
        "{cause}": labels.words(str(cause), "EmergencyCause").lower() if cause else "not recorded",
        "{outcome}": (one.outcome or "").lower(),
    }
    for name, value in filled.items():
        sentence = sentence.replace(name, value)
    return sentence


def _about(entry: Entry, one: Shown) -> Part:
    if not one.classes:
        return Part("What it was about", [])
    refused = entry.type is EntryType.DECISION and entry.outcome != "permit"
    says = "Nothing was shared. What was asked for:" if refused else "These kinds of information:"
    fields = [f"In particular: {', '.join(one.fields)}"] if one.fields else []
    return Part("What it was about", [says], [*one.classes, *fields])


def _bases(entry: Entry, labels: Labels) -> Part:
    """The three things that are all called consent: each its own sentence."""
    basis = entry.basis
    if basis is None:
        return Part("On which footing", [])
    kinds = (
        (basis.article6, "Article6.explained"),
        (basis.article9, "Article9.explained"),
        (basis.confidentiality, "ConfidentialityBasis.explained"),
    )
    return Part("On which footing", [labels.words(code, kind) for code, kind in kinds if code])


def _agreed(found: Explained, labels: Labels) -> Part:
    heading = "What the person had agreed to"
    if not found.ours:
        return Part(heading, [labels.words("theirs", "Explained.ledger")])
    if found.erased:
        return Part(heading, [labels.words("erased", "Explained.ledger")])
    said = [_said(one, labels) for one in found.agreed]
    return Part(heading, [] if said else [labels.words("nothing", "Explained.ledger")], said)


def _said(one: Agreed, labels: Labels) -> str:
    event = one.event
    kinds = [code for code in DataClass if code in event.classes]
    language = labels.languages().get(event.notice_language, event.notice_language)
    words = [
        f"{day(event.recorded_at)}: {labels.words(event.state, 'EventState').lower()}",
        f"said by {labels.words(event.given_by, 'GivenBy.explained')}",
        labels.words(event.method, "Method").lower(),
        f"after notice {event.notice_id}, version {event.notice_version}, in {language}",
        f"naming {and_list(one.names)}" if one.names else "",
        f"for {_listed(kinds, labels)}" if kinds else "",
        f"until {last_moment(event.valid_until)}" if event.valid_until else "",
    ]
    wanted = "help" if event.service_agreement else "no_help"
    stood = "in_force" if one.in_force else "named" if one.names_recipient else "not_named"
    told = ", ".join(word for word in words if word)
    ends = [labels.words(key, "Explained.agreed") for key in (wanted, stood)]
    return f"{told}. {' '.join(ends)}"


def _listed(kinds: Iterable[DataClass], labels: Labels) -> str:
    return and_list(labels.words(code, "DataClass.received").lower() for code in kinds)


def _rules(found: Explained, entry: Entry, labels: Labels) -> Part:
    if not found.logged.whole or not entry.rules:
        return Part("Which rules decided", [])
    kind = "RuleId.met" if entry.outcome == "permit" else "RuleId.stopped"
    alone = found.ours and found.again is None
    return Part(
        "Which rules decided",
        [labels.words("alone", "Explained.ledger")] if alone else [],
        [
            *[f"{rule}: {labels.words(rule, kind)}" for rule in entry.rules],
            *_besides(found.again, labels),
        ],
    )


def _besides(again: Outcome | None, labels: Labels) -> Iterator[str]:
    """What a permit left out, or what else stood in the way of a refusal."""
    match again:
        case Permit():
            for code in sorted(again.withheld):
                kind = labels.words(code, "DataClass.received")
                yield f"{kind}: left out. {withheld_words(again.withheld[code], labels)}"
        case Hold() | Refuse():
            for reason in dict.fromkeys(again.also):
                yield f"Also: {owners_reason(reason.value, labels)}."
        case None:
            return


def withheld_words(reason: RefusalReason, labels: Labels) -> str:
    """Return why one kind of information was left out of a permit."""
    return labels.words(reason.value, "RefusalReason.withheld")


def _change(found: Explained, entry: Entry, labels: Labels) -> Iterator[str]:
    reason = entry.details.get("reason")
    if isinstance(reason, str):
        yield from _to_put_right(reason, labels, whole=found.logged.whole)
    elif entry.purpose == "emergency":
        yield labels.words("emergency", "Explained.change")
    elif entry.outcome == "permit" and entry.basis is not None:
        yield labels.words("permit", "Explained.change")
        if isinstance(found.again, Permit):
            yield f"As things stood then it was good until {last_moment(found.again.until)}."


def _to_put_right(reason: str, labels: Labels, *, whole: bool) -> Iterator[str]:
    known = consent_words().get(reason)
    if not whole:
        yield recipients_words(reason, labels)
        return
    yield f"{owners_reason(reason, labels)}."
    if known is not None:
        yield known.fix
        yield f"Who can do it: {labels.words(known.clearer, 'Clearer.explained')}."
