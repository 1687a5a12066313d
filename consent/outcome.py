"""Write down a decision: the permit, the hold or the refusal, with its words and its reasons.

Nothing is decided here. Every outcome carries the rules and facts that it relied on and the hash of
the policy that made it, so that the decision can be explained and made again. A refusal or a hold
says what is missing and how to put it right, and carries the obligation of rule R15: under-sharing
is also harm (Caldicott principle 7), so it is counted and reviewed.
"""

from collections.abc import Sequence

from consent.codes import DataClass, Obligation, RefusalReason, RuleId, Stage
from consent.model import DisclosureRequest, Hold, Permit, Refuse
from consent.policy import Policy
from consent.worksheet import Finding, Refusal, Sheet, Wait

APPLIED = tuple(rule for rule in RuleId if rule != RuleId.R15)
IN_EMERGENCY = (
    RuleId.R00,
    RuleId.R02,
    RuleId.R06,
    RuleId.R07,
    RuleId.R11,
    RuleId.R12,
    RuleId.R13,
    RuleId.R14,
)
FOR_A_CONCERN = (RuleId.R00, RuleId.R02, RuleId.R06, RuleId.R07, RuleId.R13, RuleId.R14)


def permit(sheet: Sheet) -> Permit:
    """Return the permit for the grounds on the sheet, of which there is at least one."""
    classes = frozenset.union(*[ground.classes for ground in sheet.grounds])
    withheld = dict.fromkeys(sheet.request.classes - sheet.wanted, RefusalReason.BEYOND_MINIMUM_SET)
    withheld |= {code: _why_withheld(sheet, code) for code in sheet.wanted - classes}
    cites = {fact for ground in sheet.grounds for fact in ground.cites}
    cites |= {record.id for record in (sheet.facts.capacity, sheet.facts.child) if record}
    return Permit(
        classes=classes,
        fields=frozenset.union(*[sheet.minimum.fields[code] for code in classes]),
        basis=sheet.grounds[0].basis,
        cites=tuple(sorted(cites)),
        rules=_applied(sheet),
        obligations=_obligations(sheet, narrowed=classes != sheet.wanted),
        until=min(ground.until for ground in sheet.grounds),
        policy_hash=sheet.policy.hash,
        grounds=tuple(sheet.grounds),
        withheld=withheld,
    )


def refuse(
    request: DisclosureRequest,
    refusals: Sequence[Refusal],
    waits: Sequence[Wait] = (),
    *,
    policy: Policy,
) -> Refuse:
    """Return the refusal that the first of `refusals` words; the others are listed in `also`."""
    first = refusals[0]
    words = policy.refusal_words[first.reason]
    classes = ", ".join(name for code, name in policy.class_names.items() if code in first.classes)
    missing = words.missing.replace("{classes}", classes)
    missing = missing.replace("{purpose}", str(request.purpose))
    return Refuse(
        reason=first.reason,
        missing=missing.replace("{evidence}", first.evidence),
        fix=words.fix,
        clearer=words.clearer,
        rules=_rules([*refusals, *waits]),
        cites=_cites([*refusals, *waits]),
        policy_hash=policy.hash,
        also=(*(other.reason for other in refusals[1:]), *(wait.reason for wait in waits)),
    )


def hold(waits: Sequence[Wait], *, policy: Policy) -> Hold:
    """Return the hold that the first of `waits` words; the others are listed in `also`."""
    first = waits[0]
    words = policy.hold_words[first.reason]
    return Hold(
        reason=first.reason,
        missing=words.missing,
        fix=words.fix,
        clearer=words.clearer,
        rules=_rules(waits),
        cites=_cites(waits),
        policy_hash=policy.hash,
        also=tuple(other.reason for other in waits[1:]),
    )


def _applied(sheet: Sheet) -> tuple[RuleId, ...]:
    if sheet.overrides:
        return IN_EMERGENCY
    return FOR_A_CONCERN if sheet.concerns else APPLIED


def _why_withheld(sheet: Sheet, data_class: DataClass) -> RefusalReason:
    """Return why a class that this recipient could be told is not in the permit."""
    if not any(data_class in agreement.classes for agreement in sheet.agreements):
        return RefusalReason.AGREEMENT_OTHER_CLASSES
    if not any(data_class in grant.classes for grant in sheet.grants):
        return RefusalReason.CLASSES_NOT_COVERED
    return sheet.faults[data_class].reason


def _obligations(sheet: Sheet, *, narrowed: bool) -> tuple[Obligation, ...]:
    """Return what the recipient, or the sender, must do because of a permit."""
    obligations = [Obligation.NO_ONWARD_SHARING]
    if sheet.request.stage == Stage.OFFER:
        obligations.append(Obligation.DELETE_IF_DECLINED)
    if sheet.person.no_contact_by:
        obligations.append(Obligation.HONOUR_CONTACT_LIMITS)
    if sheet.person.unsafe_to_contact:
        obligations.append(Obligation.CONTACT_THROUGH_SENDER)
    if narrowed:
        obligations.append(Obligation.SHOW_WHAT_WAS_WITHHELD)
    if sheet.overrides:
        obligations += [Obligation.ALERT_PRIVACY_OFFICER, Obligation.REVIEW_BY_SOMEONE_ELSE]
    return tuple(obligations)


def _rules(findings: Sequence[Finding]) -> tuple[RuleId, ...]:
    """Return the rules that stand in the way, and R15, by number."""
    return tuple(sorted({finding.rule for finding in findings} | {RuleId.R15}))


def _cites(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(sorted({fact for finding in findings for fact in finding.cites}))
