"""May these classes of data about this person go from this sender to that recipient, now?

`decide` is a pure function of the question, the facts, the instant and the policy. It applies every
rule of the purpose and then:

1. any refusal wins (deny overrides);
2. else any hold;
3. else what is still standing on the sheet is permitted, and nothing more;
4. and where nothing is standing, nothing is permitted (default deny).

A missing record and an error inside a rule are refusals too. A permit may be narrower than what was
asked, so a caller must use `Permit.fields` and never the mere fact that there is a permit.

The limit: a decision holds for its instant. It is made again when bytes are about to leave.
"""

from datetime import UTC, datetime

from consent.codes import RefusalReason, RuleId
from consent.ledger import fold
from consent.model import DisclosureRequest, Facts, Outcome
from consent.outcome import hold, permit, refuse
from consent.policy import DecidedBy, Policy, current_policy
from consent.rules import ALWAYS, BY_CONCERN, BY_CONSENT, BY_OVERRIDE
from consent.worksheet import Refusal, Sheet, Wait

FURTHER = {
    DecidedBy.CONSENT: BY_CONSENT,
    DecidedBy.OVERRIDE: BY_OVERRIDE,
    DecidedBy.CONCERN: BY_CONCERN,
    DecidedBy.PERSON: (),
    DecidedBy.NOBODY: (),
}


def decide(
    request: DisclosureRequest, facts: Facts, at: datetime, *, policy: Policy | None = None
) -> Outcome:
    """Return the decision at `at` (aware; any zone) under `policy` (default: the installed one)."""
    law = policy or current_policy()
    try:
        return _decide(request, facts, at, policy=law)
    except Exception as error:  # noqa: BLE001  an error in a rule must refuse, never permit
        reason = RefusalReason.NOT_DECIDABLE
        refusal = Refusal(RuleId.R00, reason, evidence=type(error).__name__)
        return refuse(request, [refusal], policy=law)


def _decide(request: DisclosureRequest, facts: Facts, at: datetime, *, policy: Policy) -> Outcome:
    sheet = _open_sheet(request, facts, at, policy=policy)
    if isinstance(sheet, Refusal):
        return refuse(request, [sheet], policy=policy)

    further = () if sheet.person.deceased else FURTHER[policy.decided_by[request.purpose]]
    findings = [finding for rule in ALWAYS + further if (finding := rule(sheet)) is not None]
    refusals = [finding for finding in findings if isinstance(finding, Refusal)]
    waits = [finding for finding in findings if isinstance(finding, Wait)]

    if refusals:
        return refuse(request, refusals, waits, policy=policy)
    if waits:
        return hold(waits, policy=policy)
    if sheet.grounds:
        return permit(sheet)
    return refuse(request, [Refusal(RuleId.R00, RefusalReason.NOT_PERMITTED)], policy=policy)


def _open_sheet(
    request: DisclosureRequest, facts: Facts, at: datetime, *, policy: Policy
) -> Sheet | Refusal:
    """Return the sheet to work on, or what makes it impossible to begin."""
    if at.utcoffset() is None:
        reason = RefusalReason.NOT_DECIDABLE
        return Refusal(RuleId.R00, reason, evidence="the time has no time zone")
    person, recipient = facts.person, facts.recipient
    if person is None:
        return Refusal(RuleId.R00, RefusalReason.PERSON_NOT_KNOWN)
    if recipient is None:
        return Refusal(RuleId.R00, RefusalReason.RECIPIENT_NOT_KNOWN)
    if recipient.agency_id != request.recipient_id or recipient.type != request.recipient_type:
        return Refusal(RuleId.R00, RefusalReason.FACTS_DISAGREE)
    for record in (person, facts.capacity, facts.child):
        if record is not None and record.subject_id != request.subject_id:
            return Refusal(RuleId.R00, RefusalReason.FACTS_DISAGREE)
    at = at.astimezone(UTC)
    return Sheet(
        request=request,
        facts=facts,
        at=at,
        policy=policy,
        person=person,
        recipient=recipient,
        ledger=fold(facts.consent_events, request.subject_id, at),
        minimum=policy.minimum[request.recipient_type, request.stage],
    )
