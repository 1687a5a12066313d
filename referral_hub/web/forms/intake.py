"""What staff say about an item of the staged intake."""

from __future__ import annotations

from referral_hub.domain.staging import StagedRejection
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code


class RejectPage(FormPage):
    """Why an item is turned down."""

    reason = Code(StagedRejection, "Select why you are turning it down", required=True)
