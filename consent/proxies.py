"""Whether someone may agree for another person, and how far their authority carries a consent.

The authority must be on record with the document that was seen, be of the kind that was claimed,
cover the purpose, and be in force both when the consent was recorded and now. It narrows the
consent to the classes it covers. An authority flagged as a possible risk carries nothing.
"""

from datetime import date, datetime

from consent.codes import GivenBy, RefusalReason, RuleId
from consent.ledger import FOREVER, Grant, distinct
from consent.model import ProxyAuthority
from consent.worksheet import Refusal, Sheet


def age(born: date, at: datetime) -> int:
    """Return the age in whole years on the UTC day of `at`; born 29 February counts 1 March.

    In British Summer Time a birthday is noticed an hour late, which keeps a child a child longer.
    """
    return at.year - born.year - ((at.month, at.day) < (born.month, born.day))


def with_authority(sheet: Sheet, grant: Grant) -> Grant | Refusal:
    """Return the grant as far as the proxy's authority carries it, or what the proxy lacks."""
    event = grant.event
    authority = next((p for p in distinct(sheet.facts.proxies) if p.id == event.proxy_id), None)
    if authority is None or authority.subject_id != event.subject_id:
        return Refusal(RuleId.R08, RefusalReason.PROXY_WITHOUT_AUTHORITY, grant.cites)
    cites = (*grant.cites, authority.id)
    if authority.flagged:
        return Refusal(RuleId.R08, RefusalReason.PROXY_FLAGGED, cites)
    if not authority.evidence_id:
        return Refusal(RuleId.R08, RefusalReason.PROXY_WITHOUT_AUTHORITY, cites)
    until = authority.valid_until or FOREVER
    if not (authority.valid_from <= event.recorded_at and sheet.at < until) or _grown_up(
        sheet, authority
    ):
        return Refusal(RuleId.R08, RefusalReason.PROXY_EXPIRED, cites)
    classes = grant.classes & authority.classes
    in_scope = authority.kind == event.given_by and event.purpose in authority.purposes
    if not in_scope or not classes:
        return Refusal(RuleId.R08, RefusalReason.PROXY_OUT_OF_SCOPE, cites)
    return Grant(event, classes, min(grant.until, until), cites)


def _grown_up(sheet: Sheet, authority: ProxyAuthority) -> bool:
    """Say whether parental responsibility is claimed for someone who is known to be an adult."""
    born = sheet.person.date_of_birth
    if authority.kind != GivenBy.PARENT or born is None:
        return False
    return age(born, sheet.at) >= sheet.policy.parental_responsibility_until
