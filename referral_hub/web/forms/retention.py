"""What two people decide about records that are due, and why records are held."""

from __future__ import annotations

from referral_hub.domain.retention import Appraisal, KeepReason, LegalHoldReason, Schedule
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code


class ProposePage(FormPage):
    """What becomes of the records; keeping them needs a reason."""

    outcome = Code(Appraisal, "Select what should become of the records", required=True)
    reason = Code(KeepReason, "Select a reason from the list", load_default=None)


class HoldPage(FormPage):
    """Why nothing may be destroyed for now."""

    reason = Code(LegalHoldReason, "Select why the records are held", required=True)


class SchedulePage(FormPage):
    """By which schedule records are kept; none is the agency's own."""

    schedule = Code(Schedule, "Select a schedule from the list", load_default=None)


class NothingPage(FormPage):
    """A button without a field."""
