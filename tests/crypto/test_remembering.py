"""The memory of one use case: it asks once for each key, and confuses no two."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.remembering import RememberingKeys
from referral_hub.errors import CryptoError
from tests.crypto.samples import MENTORS, TIME_BANK

KEY, OTHER = bytes(range(32)), bytes(32)
WHERE = {"purpose": "test", "id": "1"}
THERE = {"purpose": "test", "id": "2"}


class Counting(FileKeyService):
    """The real service, and how often it was asked to unwrap."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.asked = 0

    def unwrap(self, context: Mapping[str, str], wrapped: bytes) -> bytes:
        self.asked += 1
        return super().unwrap(context, wrapped)


@pytest.fixture
def service(tmp_path: Path) -> Counting:
    return Counting(tmp_path / "keys")


@pytest.fixture
def memory(service: Counting) -> RememberingKeys:
    return RememberingKeys(service)


def test_a_key_is_asked_for_once(service: Counting, memory: RememberingKeys) -> None:
    one, two = service.wrap(WHERE, KEY), service.wrap(THERE, OTHER)
    for _ in range(3):
        assert (memory.unwrap(WHERE, one), memory.unwrap(THERE, two)) == (KEY, OTHER)
    assert service.asked == 2


def test_what_it_wrapped_itself_is_not_asked_for(
    service: Counting, memory: RememberingKeys
) -> None:
    wrapped = memory.wrap(WHERE, KEY)
    assert memory.unwrap(WHERE, wrapped) == KEY
    assert service.asked == 0
    assert service.unwrap(WHERE, wrapped) == KEY


def test_a_known_key_opens_in_no_other_context_and_not_when_altered(
    memory: RememberingKeys,
) -> None:
    wrapped = memory.wrap(WHERE, KEY)
    assert memory.unwrap(WHERE, wrapped) == KEY
    for context, data in [(THERE, wrapped), ({}, wrapped), (WHERE, wrapped[:-1] + b"x")]:
        with pytest.raises(CryptoError):
            memory.unwrap(context, data)


def test_many_are_unwrapped_at_once_and_not_remembered(
    service: Counting, memory: RememberingKeys
) -> None:
    one, two = service.wrap(WHERE, KEY), service.wrap(THERE, OTHER)
    for _ in range(2):
        assert memory.unwrap_many([(WHERE, one), (THERE, two)]) == [KEY, OTHER]
    assert service.asked == 4
    with pytest.raises(CryptoError):
        memory.unwrap_many([(WHERE, one), (WHERE, two)])


def test_another_use_case_remembers_nothing_of_it(service: Counting) -> None:
    wrapped = RememberingKeys(service).wrap(WHERE, KEY)
    assert RememberingKeys(service).unwrap(WHERE, wrapped) == KEY
    assert service.asked == 1


def test_the_rest_is_the_service_s_own_answer(service: Counting, memory: RememberingKeys) -> None:
    old, theirs = service.wrap(WHERE, KEY), memory.wrap_for_agency(TIME_BANK, WHERE, KEY)
    assert service.unwrap_for_agency(TIME_BANK, WHERE, theirs) == KEY
    assert memory.unwrap_for_agency(TIME_BANK, WHERE, theirs) == KEY
    for agency, context in [(MENTORS, WHERE), (TIME_BANK, THERE)]:
        with pytest.raises(CryptoError, match="did not open"):
            memory.unwrap_for_agency(agency, context, theirs)
    assert memory.unwrap_many_for_agency(TIME_BANK, [(WHERE, theirs)] * 2) == [KEY, KEY]
    assert memory.rotate() == 2
    assert memory.describe() == service.describe()
    new, moved = memory.rewrap(WHERE, old), memory.rewrap_for_agency(TIME_BANK, WHERE, theirs)
    assert [memory.version_of(one) for one in (old, theirs, new, moved)] == [1, 1, 2, 2]
    assert service.unwrap(WHERE, new) == KEY
    assert service.unwrap_for_agency(TIME_BANK, WHERE, moved) == KEY
    index = memory.blind_index("nhs_number", TIME_BANK, b"9990000018")
    assert index == service.blind_index("nhs_number", TIME_BANK, b"9990000018")


def test_the_repr_of_the_memory_is_silent(memory: RememberingKeys) -> None:
    memory.wrap(WHERE, KEY)
    assert repr(memory) == "<RememberingKeys>"
