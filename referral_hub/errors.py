"""What can go wrong, said without HTTP and without personal data.

Services raise these; `referral_hub.web.responses` alone turns them into pages and problem
documents. "Not yours" and "not there" are one kind, `NotFound`, so that no caller can tell them
apart (goal G5: no cross-agency existence oracle).
"""

from __future__ import annotations

from collections.abc import Mapping


class HubError(Exception):
    """Base of every expected failure. `str(error)` is safe to log and to show."""


class NotFound(HubError):
    """The thing does not exist for this agency."""

    def __init__(self) -> None:
        super().__init__("There is nothing here for you.")


class Forbidden(HubError):
    """The signed-in person may not do this; the action exists and is refused."""


class Conflict(HubError):
    """The thing has moved on since it was read, or its state has no such transition."""


class ServiceUnavailable(HubError):
    """What the hub must not work without (the log, the keys, the database) is away."""


class LogUnavailable(ServiceUnavailable):
    """The evidence entry could not be integrated, so nothing was disclosed."""


class Overdue(ServiceUnavailable):
    """The time is over in which this request had to be answered."""

    def __init__(self) -> None:
        super().__init__("This took too long and was stopped. Send it again; it happens once.")


class CryptoError(HubError):
    """Bytes did not open: wrong key, wrong context, or altered. Says no more than that."""


class KeyUnavailable(ServiceUnavailable):
    """The key service refused or could not be reached."""


class InvalidInput(HubError):
    """Fields that cannot be accepted, each with the way to fix it.

    `fields` maps a field name to its messages; messages never repeat the value.
    """

    def __init__(self, fields: Mapping[str, tuple[str, ...]]) -> None:
        self.fields = dict(fields)
        super().__init__(
            "; ".join(f"{name}: {' '.join(messages)}" for name, messages in self.fields.items())
        )
