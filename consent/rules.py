"""The rules, one small function each, in the order in which they are applied.

A rule reads the sheet, strikes out what it cannot accept, and answers with a finding (a refusal,
or that it waits for a person) or with nothing. `ALWAYS` applies to every request, `BY_CONSENT` to
those that consent decides, `BY_OVERRIDE` to emergencies. All that apply are asked, whatever the
earlier ones found; then any refusal wins over any hold, and any hold over a permit.

The numbers are those of the law this system is built to; a number may need two functions. R00 is
the default: what cannot be established is refused. R12 permits on an emergency override
(`consent.emergency`), R13 permits on a safeguarding concern (`consent.safeguarding`). R15 is the
obligation that every hold and refusal carries.

Source of the rules: UK GDPR Articles 5, 6 and 9, the common law duty of confidentiality, ICO
guidance on consent and on data sharing, the Caldicott principles, the Mental Capacity Act 2005.
"""

from collections.abc import Callable, Iterable

from consent.codes import Article6, Article9, HoldReason, RefusalReason, RuleId
from consent.emergency import r11_not_against_recorded_capacity, r12_emergency, r12_grounds
from consent.grounds import complete_best_interests, lay_grounds, weakness
from consent.ledger import ENDING, Grant, distinct, when_recorded
from consent.model import ChildRecord, ConsentEvent, SharingAgreement
from consent.policy import DecidedBy
from consent.proxies import age, spoken_for
from consent.safeguarding import r13_concern, r13_grounds, r13_safeguarding_route
from consent.worksheet import Finding, Refusal, Sheet, Wait

Rule = Callable[[Sheet], Finding | None]
Objection = tuple[ConsentEvent, Refusal]


def r00_recipient_in_good_standing(sheet: Sheet) -> Finding | None:
    """The recipient takes part today, has a key to seal for, and is insured where it must be."""
    recipient = sheet.recipient
    cites = (recipient.agency_id,)
    if not recipient.active:
        return Refusal(RuleId.R00, RefusalReason.RECIPIENT_INACTIVE, cites)
    if not recipient.key_registered:
        return Refusal(RuleId.R00, RefusalReason.RECIPIENT_KEY_MISSING, cites)
    if recipient.type in sheet.policy.insured and not recipient.insured:
        return Refusal(RuleId.R00, RefusalReason.RECIPIENT_UNINSURED, cites)
    return None


def r07_never_to_this_recipient(sheet: Sheet) -> Finding | None:
    """The person said never to this recipient, or someone there must not learn of them."""
    recipient_id, person = sheet.request.recipient_id, sheet.person
    if recipient_id in person.never_share_with:
        return Refusal(RuleId.R07, RefusalReason.PERSON_SAID_NEVER, (person.subject_id,))
    if recipient_id in person.conflicts:
        return Refusal(RuleId.R07, RefusalReason.NAMED_CONFLICT, (person.subject_id,))
    return None


def r14_person_has_died(sheet: Sheet) -> Finding | None:
    """Data protection ends with a life, confidentiality does not: a person decides.

    So the rules about agreements and consents are not asked: nobody can be told to ask the dead.
    """
    if sheet.person.deceased:
        return Wait(RuleId.R14, HoldReason.PERSON_HAS_DIED, (sheet.person.subject_id,))
    return None


def r06_purpose_discloses(sheet: Sheet) -> Finding | None:
    """Some purposes never show a field, whoever agreed to what."""
    if sheet.policy.decided_by[sheet.request.purpose] == DecidedBy.NOBODY:
        return Refusal(RuleId.R06, RefusalReason.PURPOSE_DISCLOSES_NOTHING)
    return None


def r06_within_the_minimum_set(sheet: Sheet) -> Finding | None:
    """Narrow to what this kind of recipient may ever be told at this stage."""
    asked = sheet.request.classes
    if not asked:
        return Refusal(RuleId.R06, RefusalReason.NOTHING_ASKED)
    sheet.wanted = asked & sheet.minimum.classes
    if not sheet.wanted:
        return Refusal(RuleId.R06, RefusalReason.BEYOND_MINIMUM_SET, classes=asked)
    return None


def r01_sharing_agreement(sheet: Sheet) -> Finding | None:
    """A sharing agreement from sender to recipient, for this purpose, in date, for a class."""
    request, at = sheet.request, sheet.at
    between = [
        agreement
        for agreement in distinct(sheet.facts.agreements)
        if agreement.sender_id == request.sender_id
        and agreement.recipient_id == request.recipient_id
    ]
    if not between:
        return Refusal(RuleId.R01, RefusalReason.NO_AGREEMENT)
    for_purpose = [a for a in between if request.purpose in a.purposes]
    if not for_purpose:
        return Refusal(RuleId.R01, RefusalReason.AGREEMENT_OTHER_PURPOSE, _ids(between))
    in_date = [a for a in for_purpose if a.valid_from <= at < a.valid_until]
    if not in_date:
        return Refusal(RuleId.R01, RefusalReason.AGREEMENT_OUT_OF_DATE, _ids(for_purpose))
    sheet.agreements = [a for a in in_date if a.classes & sheet.wanted]
    if sheet.wanted and not sheet.agreements:
        reason = RefusalReason.AGREEMENT_OTHER_CLASSES
        return Refusal(RuleId.R01, reason, _ids(in_date), sheet.wanted)
    return None


def r11_vital_interests_only_where_unable(sheet: Sheet) -> Finding | None:
    """Vital interests are no basis for someone who is able to consent, as adults are presumed."""
    capacity = sheet.facts.capacity
    if capacity is not None and capacity.lacks_capacity:
        return None
    before = sheet.agreements
    sheet.agreements = [a for a in before if not _claims_vital_interests(a)]
    if before and not sheet.agreements:
        cites = _ids(before) if capacity is None else (*_ids(before), capacity.id)
        return Refusal(RuleId.R11, RefusalReason.ABLE_TO_CONSENT, cites)
    return None


def r03_confidentiality_basis_recorded(sheet: Sheet) -> Finding | None:
    """Something is on record that could lift the duty of confidentiality."""
    if sheet.ledger.granting or _answers(sheet):
        return None
    return Refusal(RuleId.R03, RefusalReason.NO_CONFIDENTIALITY_BASIS)


def r06_purpose_covered(sheet: Sheet) -> Finding | None:
    """What the person agreed to was for this purpose."""
    granting = sheet.ledger.granting
    sheet.consents = [event for event in granting if event.purpose == sheet.request.purpose]
    if granting and not sheet.consents and not _answers(sheet):
        return Refusal(RuleId.R06, RefusalReason.PURPOSE_NOT_COVERED, _ids(granting))
    return None


def r05_last_answer_was_not_yes(sheet: Sheet) -> Finding | None:
    """No consent names the recipient, and the last thing recorded was not a yes."""
    recipient_id = sheet.request.recipient_id
    if any(recipient_id in event.recipients for event in sheet.consents):
        return None
    last = max(_answers(sheet), key=when_recorded, default=None)
    if last is None or any(event.recorded_at > last.recorded_at for event in sheet.consents):
        return None
    sheet.consents = []
    reason = ENDING.get(last.state, RefusalReason.CONSENT_ONLY_REQUESTED)
    return Refusal(RuleId.R05, reason, (last.id,))


def r04_recipient_named(sheet: Sheet) -> Finding | None:
    """The consent names this recipient: a category of organisations is not specific enough."""
    before = sheet.consents
    sheet.consents = [event for event in before if sheet.request.recipient_id in event.recipients]
    if before and not sheet.consents:
        return Refusal(RuleId.R04, RefusalReason.RECIPIENT_NOT_NAMED, _ids(before))
    return None


def r04_nothing_inherited(sheet: Sheet) -> Finding | None:
    """An agency that joined after the consent was recorded inherits nothing from it."""
    before, joined_at = sheet.consents, sheet.recipient.joined_at
    sheet.consents = [event for event in before if event.recorded_at >= joined_at]
    if before and not sheet.consents:
        return Refusal(RuleId.R04, RefusalReason.RECIPIENT_JOINED_LATER, _ids(before))
    return None


def r05_consent_in_force(sheet: Sheet) -> Finding | None:
    """The consent has begun, has not ended, and was not withdrawn, refused or replaced."""
    against: list[Objection] = []
    for event in sheet.consents:
        standing = sheet.ledger.stands(event, sheet.request.recipient_id, sheet.at)
        if isinstance(standing, Grant):
            sheet.grants.append(standing)
        else:
            against.append((event, Refusal(RuleId.R05, standing.reason, standing.cites)))
    return None if sheet.grants else _newest(against)


def r08_proxy_may_give_it(sheet: Sheet) -> Finding | None:
    """Whoever agreed for the person had the authority to, for this, then and now."""
    grants, sheet.grants = sheet.grants, []
    against: list[Objection] = []
    for grant in grants:
        judged = spoken_for(sheet, grant)
        if isinstance(judged, Grant):
            sheet.grants.append(judged)
        else:
            against.append((grant.event, judged))
    return None if sheet.grants else _newest(against)


def r03_confidentiality_basis_holds(sheet: Sheet) -> Finding | None:
    """The basis reaches this recipient, was said plainly enough and carries its evidence."""
    grants, sheet.grants = sheet.grants, []
    against: list[Objection] = []
    for grant in grants:
        weak = weakness(sheet, grant)
        if weak is None:
            sheet.grants.append(grant)
        else:
            against.append((grant.event, weak))
    return None if sheet.grants else _newest(against)


def r02_lawful_basis(sheet: Sheet) -> Finding | None:
    """An Article 6 basis, an Article 9 condition where special, each with its evidence."""
    lay_grounds(sheet)
    if sheet.grounds or not sheet.faults:
        return None
    return sheet.faults[min(sheet.faults)]


def r06_classes_covered(sheet: Sheet) -> Finding | None:
    """Something that was asked is covered by an agreement and a consent together."""
    if sheet.agreements and sheet.grants and not sheet.grounds and not sheet.faults:
        cites = (*_ids(sheet.agreements), *(grant.event.id for grant in sheet.grants))
        return Refusal(RuleId.R06, RefusalReason.CLASSES_NOT_COVERED, cites, sheet.wanted)
    return None


def r09_best_interests(sheet: Sheet) -> Finding | None:
    """Capacity is assessed, and for someone who lacks it a decision says who, when and why."""
    capacity = sheet.facts.capacity
    if capacity is None or not capacity.lacks_capacity:
        return None
    if not capacity.assessed_by.strip():
        return Wait(RuleId.R09, HoldReason.ASSESSMENT_MISSING, (capacity.id,))
    if complete_best_interests(capacity):
        return None
    return Wait(RuleId.R09, HoldReason.BEST_INTERESTS_MISSING, (capacity.id,))


def r10_child(sheet: Sheet) -> Finding | None:
    """For a child, a Gillick note or parental responsibility, and no undecided disagreement.

    A person whose date of birth is not known is a child only if there is a record about a child.
    Whoever agreed, a no of the child or of the parent disagrees with it, and two are a refusal.
    """
    child, born = sheet.facts.child, sheet.person.date_of_birth
    is_child = child is not None if born is None else age(born, sheet.at) < sheet.policy.child_until
    if not is_child:
        return None
    if child is None or not (
        _written(child.gillick_note_id) or _written(child.parental_responsibility_id)
    ):
        cites = (sheet.person.subject_id,) if child is None else (child.id,)
        return Wait(RuleId.R10, HoldReason.CHILD_AUTHORITY_MISSING, cites)
    return _disagreement(child)


ALWAYS: tuple[Rule, ...] = (
    r00_recipient_in_good_standing,
    r07_never_to_this_recipient,
    r13_safeguarding_route,
    r06_purpose_discloses,
    r14_person_has_died,
    r12_emergency,
    r13_concern,
)

BY_CONSENT: tuple[Rule, ...] = (
    r06_within_the_minimum_set,
    r01_sharing_agreement,
    r11_vital_interests_only_where_unable,
    r03_confidentiality_basis_recorded,
    r06_purpose_covered,
    r05_last_answer_was_not_yes,
    r04_recipient_named,
    r04_nothing_inherited,
    r05_consent_in_force,
    r08_proxy_may_give_it,
    r03_confidentiality_basis_holds,
    r02_lawful_basis,
    r06_classes_covered,
    r09_best_interests,
    r10_child,
)

BY_OVERRIDE: tuple[Rule, ...] = (
    r06_within_the_minimum_set,
    r11_not_against_recorded_capacity,
    r12_grounds,
)

BY_CONCERN: tuple[Rule, ...] = (r06_within_the_minimum_set, r13_grounds)

RULES = ALWAYS + BY_CONSENT


def _answers(sheet: Sheet) -> list[ConsentEvent]:
    """Return what was recorded for this purpose and recipient, other than a yes."""
    request, ledger = sheet.request, sheet.ledger
    return [
        event
        for event in ledger.ending + ledger.requested
        if event.purpose == request.purpose
        and (not event.recipients or request.recipient_id in event.recipients)
    ]


def _disagreement(child: ChildRecord) -> Finding | None:
    views = (child.child_agrees, child.parent_agrees)
    if False not in views:
        return None
    if views == (False, False):
        return Refusal(RuleId.R10, RefusalReason.CONSENT_REFUSED, (child.id,))
    if not _written(child.decision_id):
        return Wait(RuleId.R10, HoldReason.CHILD_AND_PARENT_DISAGREE, (child.id,))
    if not child.share:
        decided = (child.id, str(child.decision_id))
        return Refusal(RuleId.R10, RefusalReason.CHILD_DECIDED_AGAINST, decided)
    return None


def _written(reference: str | None) -> bool:
    return bool(reference and reference.strip())


def _claims_vital_interests(agreement: SharingAgreement) -> bool:
    return (
        agreement.article6 == Article6.VITAL_INTERESTS
        or agreement.article9 == Article9.VITAL_INTERESTS
    )


def _newest(against: list[Objection]) -> Refusal | None:
    """Return the objection to the consent that was recorded last."""
    if not against:
        return None
    return max(against, key=lambda objection: when_recorded(objection[0]))[1]


def _ids(records: Iterable[ConsentEvent] | Iterable[SharingAgreement]) -> tuple[str, ...]:
    return tuple(record.id for record in records)
