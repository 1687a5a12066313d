"""Drafts and staged items that are opened together: one call for the keys, and nobody else's."""

from collections.abc import Mapping, Sequence

import pytest

from referral_hub.crypto import seal, unseal
from referral_hub.crypto.envelope import open_envelopes
from referral_hub.crypto.keys import Asked, FileKeyService
from referral_hub.crypto.remembering import RememberingKeys
from referral_hub.errors import CryptoError
from tests.crypto.samples import MENTORS, SURGERY

FORMS = [("u1", "d1", b"ramp"), ("u1", "d2", b"key safe"), ("u2", "d3", b"")]
ITEMS = [("i1", b"stairs"), ("i2", b"BSL")]


class Calls(RememberingKeys):
    """Counts the calls that a key service in another place would get."""

    def __init__(self, keys: FileKeyService) -> None:
        super().__init__(keys)
        self.calls: list[int] = []

    def unwrap_many(self, asked: Sequence[Asked]) -> list[bytes]:
        self.calls.append(len(asked))
        return super().unwrap_many(asked)

    def unwrap_many_for_agency(self, agency_id: str, asked: Sequence[Asked]) -> list[bytes]:
        self.calls.append(len(asked))
        return super().unwrap_many_for_agency(agency_id, asked)


@pytest.fixture
def calls(keys: FileKeyService) -> Calls:
    return Calls(keys)


def drafts(keys: FileKeyService) -> list[tuple[str, str, bytes]]:
    return [
        (user, draft, seal.seal_draft(keys, user_id=user, draft_id=draft, data=data))
        for user, draft, data in FORMS
    ]


def items(keys: FileKeyService) -> list[tuple[str, bytes]]:
    return [
        (item, seal.seal_staged(keys, agency_id=SURGERY, item_id=item, data=data))
        for item, data in ITEMS
    ]


def test_drafts_open_in_their_order_with_one_call(keys: FileKeyService, calls: Calls) -> None:
    assert list(unseal.open_drafts(calls, drafts(keys))) == [data for _, _, data in FORMS]
    assert calls.calls == [len(FORMS)]
    assert list(unseal.open_drafts(calls, [])) == []


@pytest.mark.parametrize("elsewhere", [("u2", "d1"), ("u1", "d2"), ("d1", "u1")])
def test_a_draft_among_others_opens_in_no_other_place(
    keys: FileKeyService, elsewhere: tuple[str, str]
) -> None:
    (_, _, first), *others = drafts(keys)
    with pytest.raises(CryptoError, match="did not open"):
        list(unseal.open_drafts(keys, [(*elsewhere, first), *others]))


def test_staged_items_open_in_their_order_with_one_call(keys: FileKeyService, calls: Calls) -> None:
    opened = unseal.open_staged_items(calls, SURGERY, items(keys))
    assert list(opened) == [data for _, data in ITEMS]
    assert calls.calls == [len(ITEMS)]


def test_staged_items_open_for_no_other_agency_and_in_no_other_place(keys: FileKeyService) -> None:
    (_, first), (_, second) = items(keys)
    with pytest.raises(CryptoError, match="did not open"):
        list(unseal.open_staged_items(keys, MENTORS, [("i1", first)]))
    with pytest.raises(CryptoError, match="did not open"):
        list(unseal.open_staged_items(keys, SURGERY, [("i2", first), ("i1", second)]))


def test_a_service_that_answers_with_too_few_keys_opens_nothing_in_silence(
    keys: FileKeyService,
) -> None:
    context: Mapping[str, str] = {"kind": "any"}

    def forgetful(asked: Sequence[Asked]) -> list[bytes]:
        return [keys.unwrap(context, wrapped) for context, wrapped in asked][:-1]

    (_, _, blob), *_ = drafts(keys)
    with pytest.raises((ValueError, CryptoError)):
        list(open_envelopes(forgetful, [(context, blob)]))
    with pytest.raises(ValueError, match="argument 2 is longer"):
        list(open_envelopes(lambda _: [], [(context, blob)]))
