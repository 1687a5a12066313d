"""Emergency access: the one permit that needs no agreement, and what it must carry instead.

Somebody in a role that may, with a written reason of substance, opens one record once within a few
minutes (`purposes.toml` says how many). It rests on the footing that the table gives their cause;
the reason that they wrote is the assessment that the law asks for. What the person ruled out (R07),
a recorded ability to consent (R11), a death (R14) and the minimum set of the recipient (R06) hold
as ever. The obligations of the permit are that the privacy officer is told and that somebody else
reviews it.

The limit: whether a reason is true is not decided here but by the reviewer. `weak_reason` refuses
only what cannot be one.
"""

from consent.codes import Article6, Article9, HoldReason, Purpose, RefusalReason, RuleId
from consent.footing import Record, lay_ground
from consent.ledger import distinct
from consent.model import Override
from consent.policy import DecidedBy, EmergencyTerms, ReasonFault
from consent.worksheet import Finding, Refusal, Sheet, Wait

_VOWELS = frozenset("aeiouyw")


def r12_emergency(sheet: Sheet) -> Finding | None:
    """An emergency needs an override by a role that may, with reasons, in time and not yet used."""
    request = sheet.request
    if request.purpose != Purpose.EMERGENCY:
        return None
    if sheet.policy.decided_by[request.purpose] != DecidedBy.OVERRIDE:
        return Wait(RuleId.R12, HoldReason.EMERGENCY_NEEDS_A_PERSON)
    claimed = sorted(
        (
            override
            for override in distinct(sheet.facts.overrides)
            if override.subject_id == request.subject_id
            and override.recipient_id == request.recipient_id
        ),
        key=lambda override: (override.opened_at, override.id),
    )
    if not claimed:
        return Wait(RuleId.R12, HoldReason.EMERGENCY_NEEDS_A_PERSON)
    judged = [(override, _fault(sheet, override)) for override in claimed]
    sheet.overrides = [override for override, fault in judged if fault is None]
    newest, fault = judged[-1]
    if sheet.overrides or fault is None:
        return None
    return Refusal(RuleId.R12, fault, (newest.id,))


def r11_not_against_recorded_capacity(sheet: Sheet) -> Finding | None:
    """Vital interests are not claimed for someone who is recorded as able to consent.

    An adult is presumed able, yet nobody can record an assessment of someone found unconscious:
    only a record that says "able" stands in the way.
    """
    capacity = sheet.facts.capacity
    if capacity is None or capacity.lacks_capacity:
        return None
    before = sheet.overrides
    sheet.overrides = [one for one in before if not _claims_vital_interests(sheet, one)]
    if before and not sheet.overrides:
        cites = (*(one.id for one in before), capacity.id)
        return Refusal(RuleId.R11, RefusalReason.ABLE_TO_CONSENT, cites)
    return None


def r12_grounds(sheet: Sheet) -> Finding | None:
    """The override that lasts longest carries what is wanted, with its evidence."""
    if not sheet.overrides or not sheet.wanted:
        return None
    override = max(sheet.overrides, key=lambda one: (one.closes_at, one.id))
    footing = sheet.policy.emergency.causes[override.cause]
    record = Record(override.id, override.closes_at, _present(sheet, override))
    return lay_ground(sheet, footing, record)


def weak_reason(text: str, terms: EmergencyTerms) -> ReasonFault | None:
    """Return what keeps `text` from being a reason of substance; None when nothing does."""
    if len(" ".join(text.split())) < terms.shortest:
        return ReasonFault.TOO_SHORT
    letters = "".join(letter if letter.isalpha() else " " for letter in text.casefold())
    words = set(letters.split()) - terms.fillers
    if sum(map(_is_word, words)) < terms.words:
        return ReasonFault.TOO_FEW_WORDS
    return None


def _is_word(word: str) -> bool:
    """Whether letters can be a word: more than one kind of letter, one of them a vowel.

    A letter with an accent, or of another alphabet, counts as a vowel.
    """
    if word in {"a", "i"}:
        return True
    vowel = not word.isascii() or not _VOWELS.isdisjoint(word)
    return len(set(word)) > 1 and vowel


def _fault(sheet: Sheet, override: Override) -> RefusalReason | None:
    terms, at = sheet.policy.emergency, sheet.at
    if override.actor_role not in terms.roles or override.actor_role != sheet.request.actor_role:
        return RefusalReason.EMERGENCY_ROLE
    if not override.reasons_id.strip():
        return RefusalReason.EMERGENCY_REASONS_MISSING
    if override.used_at is not None:
        return RefusalReason.EMERGENCY_USED
    lasts = (override.closes_at - override.opened_at).total_seconds()
    if lasts > terms.minutes * 60 or not override.opened_at <= at < override.closes_at:
        return RefusalReason.EMERGENCY_OUT_OF_TIME
    return None


def _claims_vital_interests(sheet: Sheet, override: Override) -> bool:
    footing = sheet.policy.emergency.causes[override.cause]
    return (
        footing.article6 == Article6.VITAL_INTERESTS or footing.article9 == Article9.VITAL_INTERESTS
    )


def _present(sheet: Sheet, override: Override) -> dict[str, str]:
    """Return the evidence of an override: its own record, its reasons, and what holds for all.

    That the person could not be asked is what the cause states; a capacity record says it better.
    """
    capacity = sheet.facts.capacity
    return {
        **sheet.policy.emergency.evidence,
        "emergency_record": override.id,
        "vital_interests_assessment": override.reasons_id,
        "public_interest_assessment": override.reasons_id,
        "incapacity_record": override.id if capacity is None else capacity.id,
    }
