"""The doorstep form's own token: which concern it is, when it was begun, and how far it has come.

It takes the place of the session that there is none of. It is signed for one link, so that it
cannot be used with another; it ends after half an hour; and a concern that is sent sooner than a
person taps through four pages is asked for again. It proves a pace and no more: a patient program
passes, and is bounded by the limits for each link and address. It holds nothing that anybody said.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from werkzeug.exceptions import BadRequest

ENDS_AFTER = timedelta(minutes=30)
NOT_SOONER = timedelta(seconds=4)
_LABEL = b"referral-hub/concern-form/v1"


@dataclass(frozen=True, slots=True)
class FormToken:
    """A concern's id, when its first page was shown, and how many pages have been answered."""

    item_id: UUID
    begun: datetime
    step: int

    def answered(self) -> FormToken:
        """The token of the next page."""
        return FormToken(self.item_id, self.begun, self.step + 1)

    def hurried(self, at: datetime) -> bool:
        """Whether nobody could have tapped through by `at`."""
        return at - self.begun < NOT_SOONER

    def ended(self, at: datetime) -> bool:
        """Whether it has ended by `at`, or was begun after it."""
        return not timedelta(0) <= at - self.begun <= ENDS_AFTER


def write_token(token: FormToken, *, secret: str, link_id: UUID) -> str:
    """Return the token as the form carries it."""
    said = f"{token.item_id}.{int(token.begun.timestamp())}.{token.step}"
    return f"{said}.{_mac(said, secret, link_id)}"


def read_token(text: str, *, secret: str, link_id: UUID) -> FormToken:
    """Return a token of ours for this link. Raises BadRequest for any other text."""
    said, _, mac = text.rpartition(".")
    parts = said.split(".")
    if len(parts) != 3 or not hmac.compare_digest(
        mac.encode("utf-8", "replace"), _mac(said, secret, link_id).encode()
    ):
        raise BadRequest("The form is not one of ours.")
    begun = datetime.fromtimestamp(int(parts[1]), UTC)
    return FormToken(UUID(parts[0]), begun, int(parts[2]))


def _mac(said: str, secret: str, link_id: UUID) -> str:
    key = hashlib.sha256(_LABEL + secret.encode()).digest()
    message = link_id.bytes + said.encode("utf-8", "surrogatepass")
    return hmac.digest(key, message, "sha256").hex()[:40]
