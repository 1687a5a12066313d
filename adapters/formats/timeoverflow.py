"""A member for TimeOverflow's importer: one CSV row without a header, told by position.

| 0 | 1 | 2 to 4 | 5 | 6 | 7 | 8 | 9 |
|---|---|---|---|---|---|---|---|
| number | entry date | name and two surnames | gender | born | phone | other phone | e-mail |

The importer needs the gender as a number; the hub does not know it and does not ask, so it is 4,
"no answer". A member is made only of an acceptance: before that a time bank has no surname.
TimeOverflow counts time in seconds.

The number is the second in which the task was made, counted from 2026: the same at every attempt,
far above a time bank's own numbers, and different for all but two tasks of one second, of which
TimeOverflow refuses the later for a person to see.

Source: timeoverflow `app/services/user_importer.rb`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import UUID

from adapters.contract import DocumentKind, FormatAbout, FormatError, ReferralDocument
from adapters.formats import needs
from adapters.formats.cells import csv_rows

NO_ANSWER = "4"
_FIRST_SECOND = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
_MEMBER_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class TimeOverflowMember:
    """`addressing` may hold `member_number`, for one member whose number is known."""

    content_type = "text/csv; charset=utf-8; header=absent"
    about = FormatAbout(
        "Member row, as TimeOverflow takes it (CSV)",
        kinds=frozenset({DocumentKind.ACCEPTANCE}),
        plain=True,
    )

    def write(self, document: ReferralDocument) -> bytes:
        """The row. Raises FormatError for what is not an acceptance or has no number."""
        if document.kind is not DocumentKind.ACCEPTANCE:
            raise FormatError("kind: only somebody whose referral was accepted becomes a member")
        number = document.addressing.get("member_number") or _own_number(document.task_id)
        if not _MEMBER_NUMBER.fullmatch(number):
            raise FormatError("addressing.member_number: must be a whole number from 1")
        first, family = (
            needs.text(document, f"identity.{part}") for part in ("first_name", "family_name")
        )
        if not first:
            raise FormatError("fields: a member needs a name")
        row = (
            number,
            document.issued_at.astimezone(UTC).date().isoformat(),
            first,
            family,
            "",
            NO_ANSWER,
            needs.text(document, "identity.date_of_birth"),
            needs.text(document, "contact.phone"),
            "",
            needs.text(document, "contact.email"),
        )
        return csv_rows([row])


def _own_number(task_id: str) -> str:
    """RFC 9562 section 5.7: the first 48 bits of the task's id are milliseconds since 1970."""
    try:
        milliseconds = UUID(task_id).int >> 80
    except ValueError:
        raise FormatError("task: must be a UUID") from None
    return str(max(1, milliseconds // 1000 - _FIRST_SECOND))
