"""A key service that asks its provider once for each key, for as long as one use case lasts.

Accepting a referral seals a record and several log openings under one subject key; with a remote
key service each unwrap would be a call over the network. The memory is the object itself: it is
made at the beginning of a use case and goes with it, so no plaintext key outlives the work it was
opened for. What is unwrapped many at a time is not remembered: a search through every form of an
agency would keep a key for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from referral_hub.crypto.keys import Asked, KeyService, KeyServiceDescription

_Asked = tuple[tuple[tuple[str, str], ...], bytes]


class RememberingKeys:
    """Delegates to `keys`, remembering what was wrapped and unwrapped for the hub itself."""

    def __init__(self, keys: KeyService) -> None:
        self._keys = keys
        self._known: dict[_Asked, bytes] = {}

    def __repr__(self) -> str:
        return "<RememberingKeys>"

    def wrap(self, context: Mapping[str, str], key: bytes) -> bytes:
        """Wrap, and know the key again when it is unwrapped."""
        wrapped = self._keys.wrap(context, key)
        self._known[_asked(context, wrapped)] = key
        return wrapped

    def unwrap(self, context: Mapping[str, str], wrapped: bytes) -> bytes:
        """Unwrap once; the same context and bytes are answered from memory."""
        asked = _asked(context, wrapped)
        found = self._known.get(asked)
        if found is None:
            found = self._known[asked] = self._keys.unwrap(context, wrapped)
        return found

    def unwrap_many(self, asked: Sequence[Asked]) -> list[bytes]:
        """Delegated: many are unwrapped once each."""
        return self._keys.unwrap_many(asked)

    def rewrap(self, context: Mapping[str, str], wrapped: bytes) -> bytes:
        """Delegated."""
        return self._keys.rewrap(context, wrapped)

    def wrap_for_agency(self, agency_id: str, context: Mapping[str, str], key: bytes) -> bytes:
        """Delegated: an agency's keys are not remembered."""
        return self._keys.wrap_for_agency(agency_id, context, key)

    def unwrap_for_agency(
        self, agency_id: str, context: Mapping[str, str], wrapped: bytes
    ) -> bytes:
        """Delegated."""
        return self._keys.unwrap_for_agency(agency_id, context, wrapped)

    def unwrap_many_for_agency(self, agency_id: str, asked: Sequence[Asked]) -> list[bytes]:
        """Delegated."""
        return self._keys.unwrap_many_for_agency(agency_id, asked)

    def rewrap_for_agency(
        self, agency_id: str, context: Mapping[str, str], wrapped: bytes
    ) -> bytes:
        """Delegated."""
        return self._keys.rewrap_for_agency(agency_id, context, wrapped)

    def rotate(self) -> int:
        """Delegated."""
        return self._keys.rotate()

    def version_of(self, wrapped: bytes) -> int:
        """Delegated."""
        return self._keys.version_of(wrapped)

    def blind_index(self, field: str, agency_id: str, value: bytes) -> bytes:
        """Delegated."""
        return self._keys.blind_index(field, agency_id, value)

    def describe(self) -> KeyServiceDescription:
        """Delegated."""
        return self._keys.describe()


def _asked(context: Mapping[str, str], wrapped: bytes) -> _Asked:
    return tuple(context.items()), wrapped
