"""People for whom somebody else decides: what an attorney, a doctor or a parent says of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from consent.model import GivenBy
from referral_hub.domain.codes import AuthorityScope
from referral_hub.domain.commands import (
    AgreementTaken,
    Assessment,
    AuthorityTaken,
    BestInterestsDecision,
    ChildViews,
    ConcernRaised,
    DecideForChild,
)
from referral_hub.services.decide_for_child import decide_for_child
from referral_hub.services.submit_referral import Submitted, submit_referral
from tests.hub_bench import Bench

COUNCIL = ("council",)
DOCUMENT = "Lasting power of attorney 700123"
WHY = "Left alone he would not eat; his daughter agrees"
DOCTOR = "Dr Ottoline Vane"
GILLICK = "Understands what is shared and why; spoken with alone"
REASONS = "Spoke with both at home; the father has since moved out"
FEARS = "Bruises on both arms that nobody can explain"


def authority(**changes: Any) -> AuthorityTaken:
    """A document that was seen, for welfare decisions, without an end."""
    seen = AuthorityTaken(seen=DOCUMENT, covers=AuthorityScope.WELFARE, until=None, risk=False)
    return replace(seen, **changes)


def by_an_attorney(bench: Bench, **changes: Any) -> AgreementTaken:
    """An attorney agrees that the council is told."""
    return bench.agreed(COUNCIL, given_by=GivenBy.ATTORNEY, authority=authority(**changes))


def assessment(bench: Bench) -> Assessment:
    """A doctor assessed the person's capacity yesterday."""
    return Assessment(DOCTOR, yesterday(bench))


def decision(bench: Bench) -> BestInterestsDecision:
    """The surgery decided in the person's best interests yesterday."""
    return BestInterestsDecision("The practice with the family", yesterday(bench), WHY)


def in_best_interests(bench: Bench, **changes: Any) -> AgreementTaken:
    """Nobody can speak for the person; it was decided in their best interests."""
    said = {"assessment": assessment(bench), "best_interests": decision(bench), **changes}
    return bench.agreed(COUNCIL, given_by=GivenBy.BEST_INTERESTS, **said)


def views(**changes: Any) -> ChildViews:
    """A child who agrees and understands; the parent was not asked."""
    asked = ChildViews(
        child_agrees=True, parent_agrees=None, gillick=GILLICK, parental_responsibility=None
    )
    return replace(asked, **changes)


def refer_child(bench: Bench, child: ChildViews | None, *, age: int = 14, **said: Any) -> Submitted:
    """Refer somebody of this age to the council, with what was recorded about deciding."""
    today = bench.clock().date()
    born = date(today.year - age, 1, 1)
    agreement = bench.agreed(COUNCIL, child=child, **said)
    person = {"date_of_birth": born, "nhs_number": None}
    return bench.refer(agreement=agreement, person=person)


def disagreement_decided(bench: Bench, *, share: bool = False) -> Submitted:
    """A child agrees, the parent does not, and the council decides."""
    sent = refer_child(bench, views(parent_agrees=False))
    officer = bench.staff["council"]
    decide_for_child(bench.hub, officer, DecideForChild(sent.referral_id, share, REASONS))
    return sent


def raise_concern(bench: Bench, *, by: str = "gp", **changes: Any) -> Submitted:
    """A safeguarding concern about somebody who has agreed to nothing."""
    command = bench.command(**changes)
    concern = replace(command, agreement=None, concern=ConcernRaised(FEARS, person_told=False))
    return submit_referral(bench.hub, bench.staff[by], concern)


def yesterday(bench: Bench) -> date:
    """The day before the bench's today."""
    return (bench.clock() - timedelta(days=1)).date()
