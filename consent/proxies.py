"""Whether someone may agree for another person, and how far their authority carries a consent.

A person speaks for themselves. From 16 everybody is presumed able to (Mental Capacity Act 2005, s 1
and 2), so a parent speaks for a young person of 16 or 17 only where capacity is lacking, and a
decision in somebody's best interests is made for nobody younger: for a child it is R10 that asks.
An attorney was appointed by an adult (s 9), a deputy for somebody of 16 or more (s 2 and 16), and
neither speaks for someone who is recorded as able to decide this: that person is asked.

The authority must be on record with the document that was seen, be of the kind that was claimed,
cover the purpose, and be in force both when the consent was recorded and now. It narrows the
consent to the classes it covers. An authority flagged as a possible risk carries nothing.
"""

from datetime import date, datetime

from consent.codes import ConfidentialityBasis, GivenBy, RefusalReason, RuleId
from consent.ledger import FOREVER, Grant, distinct
from consent.model import ProxyAuthority
from consent.worksheet import Refusal, Sheet


def age(born: date, at: datetime) -> int:
    """Return the age in whole years on the UTC day of `at`; born 29 February counts 1 March.

    In British Summer Time a birthday is noticed an hour late, which keeps a child a child longer.
    """
    return at.year - born.year - ((at.month, at.day) < (born.month, born.day))


def spoken_for(sheet: Sheet, grant: Grant) -> Grant | Refusal:
    """Return the grant as far as whoever gave it may speak for the person, or what they lack."""
    match grant.event.given_by:
        case GivenBy.SELF:
            return grant
        case GivenBy.BEST_INTERESTS:
            return _decided_for(sheet, grant)
        case GivenBy.PARENT | GivenBy.ATTORNEY | GivenBy.DEPUTY:
            return _with_authority(sheet, grant)


def _decided_for(sheet: Sheet, grant: Grant) -> Grant | Refusal:
    """A decision in the person's best interests rests on that and on nothing that they said."""
    if grant.event.confidentiality != ConfidentialityBasis.BEST_INTERESTS:
        return Refusal(RuleId.R08, RefusalReason.PROXY_WITHOUT_AUTHORITY, grant.cites)
    born = sheet.person.date_of_birth
    if born is not None and age(born, sheet.at) < sheet.policy.child_until:
        return Refusal(RuleId.R08, RefusalReason.PROXY_OUT_OF_SCOPE, grant.cites)
    return grant


def _with_authority(sheet: Sheet, grant: Grant) -> Grant | Refusal:
    event = grant.event
    authority = next((p for p in distinct(sheet.facts.proxies) if p.id == event.proxy_id), None)
    if authority is None or authority.subject_id != event.subject_id:
        return Refusal(RuleId.R08, RefusalReason.PROXY_WITHOUT_AUTHORITY, grant.cites)
    cites = (*grant.cites, authority.id)
    if authority.flagged:
        return Refusal(RuleId.R08, RefusalReason.PROXY_FLAGGED, cites)
    if not (authority.evidence_id or "").strip():
        return Refusal(RuleId.R08, RefusalReason.PROXY_WITHOUT_AUTHORITY, cites)
    until = authority.valid_until or FOREVER
    if not (authority.valid_from <= event.recorded_at and sheet.at < until) or _grown_up(
        sheet, authority
    ):
        return Refusal(RuleId.R08, RefusalReason.PROXY_EXPIRED, cites)
    classes = grant.classes & authority.classes
    in_scope = authority.kind == event.given_by and event.purpose in authority.purposes
    if not in_scope or not classes or _speaks_for_themselves(sheet, authority):
        return Refusal(RuleId.R08, RefusalReason.PROXY_OUT_OF_SCOPE, cites)
    return Grant(event, classes, min(grant.until, until), cites)


def _speaks_for_themselves(sheet: Sheet, authority: ProxyAuthority) -> bool:
    """Say whether the person decides and nobody else: they are able, or too young for this kind.

    For a parent, somebody of 16 is presumed able; for others, only a record says that they are.
    """
    born, capacity = sheet.person.date_of_birth, sheet.facts.capacity
    years = None if born is None else age(born, sheet.at)
    if authority.kind == GivenBy.PARENT:
        lacking = capacity is not None and capacity.lacks_capacity
        return years is not None and years >= sheet.policy.child_until and not lacking
    if capacity is not None and not capacity.lacks_capacity:
        return True
    grown = authority.kind == GivenBy.ATTORNEY
    youngest = sheet.policy.parental_responsibility_until if grown else sheet.policy.child_until
    return years is not None and years < youngest


def _grown_up(sheet: Sheet, authority: ProxyAuthority) -> bool:
    """Say whether parental responsibility is claimed for someone who is known to be an adult."""
    born = sheet.person.date_of_birth
    if authority.kind != GivenBy.PARENT or born is None:
        return False
    return age(born, sheet.at) >= sheet.policy.parental_responsibility_until
