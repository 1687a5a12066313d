"""Why somebody looks at a case, and why the council steers it."""

from __future__ import annotations

from referral_hub.domain.overlooking import LookReason
from referral_hub.services.steer import WORDS_MOST
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, Paragraph, Whole
from referral_hub.web.forms.tasks import NO_VERSION, ClosePage, Version


class LookPage(FormPage):
    """Why somebody looks."""

    reason = Code(LookReason, "Select why you look at this referral", required=True)


class InquirePage(FormPage):
    """Asking how it stands: nothing to fill in but what was on the page."""

    version = Version(load_default=NO_VERSION)


class SteerPage(InquirePage):
    """Why, in the council's own words, for the sender."""

    why = Paragraph(
        "Reason",
        longest=WORDS_MOST,
        required=True,
        error_messages={"required": "Say why, for the sender and your own records"},
    )


class RoutePage(SteerPage):
    """Who is to be asked: a place in the plan."""

    position = Whole(
        "Who is to be asked",
        least=0,
        most=999,
        required=True,
        error_messages={"required": "Select who is to be asked"},
    )


class CloseForOthersPage(ClosePage):
    """The end of a part that somebody else has, or that is on hold, as it was on the page."""

    version = Version(load_default=NO_VERSION)
