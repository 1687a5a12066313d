"""A safeguarding concern: no consent is asked, one route only, and the reasons are written.

Somebody who fears that a person is being harmed raises a concern and writes why. It goes to the
kinds of agency that `purposes.toml` lists as the safeguarding route and never to volunteers. It
rests on the footing of the table: recognised legitimate interest and substantial public interest
(safeguarding, DPA 2018 Schedule 1 paragraph 18), and public interest against the duty of
confidentiality. What the person ruled out (R07), a death (R14) and the minimum set (R06) hold as
ever.

The limit: a concern without written reasons, or one that is older than the table allows, waits for
a person.
"""

from datetime import timedelta

from consent.codes import HoldReason, Purpose, RefusalReason, RuleId
from consent.footing import Record, lay_ground
from consent.ledger import distinct
from consent.policy import DecidedBy
from consent.worksheet import Finding, Refusal, Sheet, Wait


def r13_safeguarding_route(sheet: Sheet) -> Finding | None:
    """A safeguarding concern goes to the council's route, never to a volunteer group."""
    request = sheet.request
    concern = request.safeguarding or request.purpose == Purpose.SAFEGUARDING
    if concern and request.recipient_type not in sheet.policy.safeguarding_route:
        return Refusal(RuleId.R13, RefusalReason.SAFEGUARDING_ROUTE)
    return None


def r13_concern(sheet: Sheet) -> Finding | None:
    """Safeguarding needs a concern about this person that was raised with reasons, not long ago."""
    request, policy = sheet.request, sheet.policy
    if request.purpose != Purpose.SAFEGUARDING:
        return None
    stands = timedelta(days=policy.safeguarding.days)
    if policy.decided_by[request.purpose] == DecidedBy.CONCERN:
        sheet.concerns = [
            concern
            for concern in distinct(sheet.facts.concerns)
            if concern.subject_id == request.subject_id
            and concern.reasons_id.strip()
            and concern.raised_at <= sheet.at < concern.raised_at + stands
        ]
    if sheet.concerns:
        return None
    return Wait(RuleId.R13, HoldReason.SAFEGUARDING_NEEDS_A_PERSON)


def r13_grounds(sheet: Sheet) -> Finding | None:
    """The concern that was raised last carries what is wanted, with its evidence."""
    if not sheet.concerns or not sheet.wanted:
        return None
    terms = sheet.policy.safeguarding
    concern = max(sheet.concerns, key=lambda one: (one.raised_at, one.id))
    evidence = {
        **terms.evidence,
        "safeguarding_record": concern.id,
        "public_interest_assessment": concern.reasons_id,
    }
    until = concern.raised_at + timedelta(days=terms.days)
    return lay_ground(sheet, terms.footing, Record(concern.id, until, evidence))
