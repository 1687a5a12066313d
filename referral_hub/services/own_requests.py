"""What a person does on their own page beyond looking: change their mind, ask, say what is wrong.

Withdrawing is the same use case as at the sender's desk, and takes one press: giving took one word.
A copy and a correction become matters of the agency that sent the referral, with their clocks; that
agency's data protection officer answers them. Whoever holds the code of somebody who spoke for the
person asks as their representative.
"""

from __future__ import annotations

from consent.codes import GivenBy, Method
from referral_hub.domain.duty_clocks import local_day
from referral_hub.domain.matter_commands import RecordComplaint, RecordRequest
from referral_hub.domain.matters import (
    Authority,
    ComplaintAbout,
    IdentityCheck,
    ReceivedBy,
    Requester,
)
from referral_hub.services.hub import Hub
from referral_hub.services.own_page import PersonVisit
from referral_hub.services.record_matter import complaint_of_person, request_of_person
from referral_hub.services.withdraw import Withdrawn, withdraw_agreement

AUTHORITIES = {
    GivenBy.SELF: None,
    GivenBy.PARENT: Authority.PARENT,
    GivenBy.ATTORNEY: Authority.ATTORNEY,
    GivenBy.DEPUTY: Authority.DEPUTY,
    GivenBy.BEST_INTERESTS: Authority.WRITTEN,
}


def change_mind(hub: Hub, visit: PersonVisit) -> Withdrawn:
    """Withdraw the agreement at once. Raises Conflict when it has been withdrawn already."""
    return withdraw_agreement(
        hub,
        visit.actor,
        visit.row.referral_id,
        method=Method.DIGITAL,
        given_by=visit.given_to,
    )


def ask_for_copy(hub: Hub, visit: PersonVisit) -> None:
    """Ask for a copy of everything that the sender holds (UK GDPR Article 15).

    Raises Conflict when one was asked for and not answered yet. Who decided in the person's best
    interests has to show first that they may ask.
    """
    authority = AUTHORITIES[visit.given_to]
    shown_first = visit.given_to is GivenBy.BEST_INTERESTS
    request_of_person(
        hub,
        visit.actor,
        RecordRequest(
            subject_id=visit.row.subject_id,
            received_on=local_day(hub.clock()),
            by=ReceivedBy.WEB_FORM,
            requester=_requester(visit),
            authority=authority,
            identity=IdentityCheck.WAITING if shown_first else IdentityCheck.CODE,
            name=None,
            contact=None,
            wanted=None,
        ),
    )


def say_what_is_wrong(hub: Hub, visit: PersonVisit, what: str) -> None:
    """Say that something recorded is wrong (Article 16); `what` is sealed with the matter."""
    complaint_of_person(
        hub,
        visit.actor,
        RecordComplaint(
            received_on=local_day(hub.clock()),
            by=ReceivedBy.WEB_FORM,
            about=ComplaintAbout.ACCURACY,
            requester=_requester(visit),
            name=None,
            contact=None,
            what=what,
            reference=visit.row.reference,
            request=None,
        ),
    )


def _requester(visit: PersonVisit) -> Requester:
    return Requester.SELF if visit.given_to is GivenBy.SELF else Requester.REPRESENTATIVE
